import { posix } from 'node:path';
import { type Conversation, firstUserText, systemText } from '../../__tests__/stand-ins/model/index.ts';
import { find, lineWith, resultsOf } from './results.ts';

/** A generator as a careful one would work; each turn goes on from what the tools really gave back. */
export function fixer(): Conversation {
  let shown = '';
  let source = '';
  return {
    name: 'fix',
    when: ({ body }) => systemText(body).includes('You repair what makes the tests fail'),
    turns: [
      (request) => {
        const test = find(firstUserText(request.body), /\b(test\/discount\.test\.js)\b/);
        return {
          text: 'I reproduce the failure with the narrowest command, and read the test.',
          tools: [
            { name: 'bash', input: { command: `node --test ${test}` } },
            { name: 'read', input: { file_path: test } },
          ],
        };
      },
      (request) => {
        const [output = '', test = ''] = resultsOf(request);
        shown = find(output, /(\d+ !== \d+)/);
        source = posix.join('test', find(test, /from '(\.[^']+)'/));
        return {
          text: `${shown}: one cent too much. Now the code, and who else speaks of half a cent.`,
          tools: [
            { name: 'read', input: { file_path: source } },
            { name: 'grep', input: { pattern: 'alf a cent' } },
          ],
        };
      },
      (request) => {
        const { quote } = lineWith(resultsOf(request)[0] ?? '', 'Math.round');
        const repaired = quote.replace(
          /Math\.round\(\(cents \* \(100 - percent\)\) \/ 100\)/,
          'cents - Math.round((cents * percent) / 100)',
        );
        if (repaired === quote) throw new Error(`the cause is not in: ${quote}`);
        return {
          text: 'It rounds the price that is left, so half a cent goes to the shop. The comment, the test and the conventions all say the customer; I round the discount.',
          tools: [{ name: 'edit', input: { file_path: source, old_string: quote, new_string: repaired } }],
        };
      },
      { text: 'Now all tests.', tools: [{ name: 'bash', input: { command: 'npm test' } }] },
      (request) => {
        const [output = ''] = resultsOf(request);
        const passed = find(output, /^\W*pass (\d+)$/m);
        if (find(output, /^\W*fail (\d+)$/m) !== '0') throw new Error(`tests still fail:\n${output}`);
        const title = 'Round the discount, not the price that is left';
        const summary = `The new formula gave half a cent to the shop (${shown} for 15 % off 10.50). The discount is what is rounded again, as the comment above says; quantity discounts stay as they are.`;
        return {
          text: `All ${passed} pass.`,
          tools: [{ name: 'submit_patch', input: { title, summary } }],
        };
      },
    ],
  };
}
