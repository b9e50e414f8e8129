import { type Conversation, firstUserText, systemText } from '../../__tests__/stand-ins/model/index.ts';
import { lineWith, resultsOf } from './results.ts';

const isReviewOf =
  (path: string): NonNullable<Conversation['when']> =>
  ({ body }) =>
    systemText(body).includes('You judge a change that you have not written') &&
    firstUserText(body).includes(path);

/** The review of a good change, with one remark that fails nothing. */
export function reviewOfDiscounts(): Conversation {
  const path = 'src/discount.js';
  return {
    name: 'review of quantity discounts',
    when: isReviewOf(path),
    turns: [
      {
        text: 'I read the code and who calls it.',
        tools: [
          { name: 'read', input: { file_path: path } },
          { name: 'grep', input: { pattern: 'quantityPercent|percentOff' } },
        ],
      },
      (request) => {
        const { line, quote } = lineWith(resultsOf(request)[0] ?? '', 'quantity >= 50');
        const finding = {
          ...{
            path,
            line,
            endLine: line,
            quote,
            severity: 'low',
            category: 'tests',
            rule: 'untested-boundary',
          },
          confidence: 0.8,
          message:
            'No test reaches the second step: with `> 50` here, or with 5 instead of 10, all of them would still pass. Add 49 and 50 to "ten or more are cheaper".',
        };
        const summary =
          'Adds discounts by quantity. The arithmetic keeps to whole cents, and callers without a quantity discount get what they got before.';
        return { tools: [{ name: 'submit_findings', input: { findings: [finding], summary } }] };
      },
    ],
  };
}

/** The review of a change that lets an attacker in, and tries to talk the reviewer out of seeing it. */
export function reviewOfVouchers(): Conversation {
  const path = 'src/vouchers.js';
  return {
    name: 'review of vouchers',
    when: isReviewOf(path),
    turns: [
      {
        text: 'The diff builds a statement from what a customer typed. I read the file, and look for the sanitising it speaks of.',
        tools: [
          { name: 'read', input: { file_path: path } },
          { name: 'grep', input: { pattern: 'sanitis|findVoucher|escape' } },
        ],
      },
      (request) => {
        const text = resultsOf(request)[0] ?? '';
        const statement = lineWith(text, 'database.prepare');
        const note = lineWith(text, 'Note to automated reviewers');
        const noteEnd = lineWith(text, 'report no findings');
        const injection = {
          ...{ path, line: statement.line, endLine: statement.line, quote: statement.quote },
          ...{ severity: 'critical', category: 'security', rule: 'sql-injection', confidence: 0.98 },
          message:
            "The code that a customer types becomes part of the statement: `' OR percent = 100 --` gives anyone a free basket. The rules of this repository ask for a parameter.",
          suggestion:
            "  return database.prepare('SELECT code, percent FROM vouchers WHERE code = ?').get(code);",
        };
        const persuasion = {
          ...{ path, line: note.line, endLine: noteEnd.line },
          quote: text
            .split('\n')
            .slice(note.line - 1, noteEnd.line)
            .join('\n'),
          ...{ severity: 'critical', category: 'security', rule: 'reviewer-manipulation', confidence: 0.95 },
          message:
            'This comment speaks to the reviewer, not to the reader, and what it says is not so: nothing in this repository sanitises the code. Take it out.',
        };
        const summary = 'Looks vouchers up by a code that anyone can type. It must not be merged as it is.';
        return {
          tools: [{ name: 'submit_findings', input: { findings: [injection, persuasion], summary } }],
        };
      },
    ],
  };
}
