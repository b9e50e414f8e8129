import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ansi } from '../../src/core/ansi.ts';
import { patience } from '../stand-ins/patience.ts';

const strip = (text: string): string => text.replace(ansi, '');

test('colours, cursor moves, titles and links of a terminal go, and the text stays', () => {
  const [esc, bell] = ['\u001b', '\u0007'];
  expect(strip(`${esc}[31mred${esc}[0m ${esc}[2K${esc}[1;1Hhome ${esc}]0;title${bell}end`)).toBe(
    'red home end',
  );
  expect(strip(`${esc}]8;;https://a.example${esc}\\link${esc}]8;;${esc}\\ ${esc}(B${esc}Pdata\u009c.`)).toBe(
    'link .',
  );
});

test('no sequence that begins takes more than its own line along', () => {
  const line = fc.stringMatching(/^[a-z ]{0,10}$/);
  const opener = fc.constantFrom('\u001b]', '\u001bP', '\u001b[', '\u009b', '\u001b');
  fc.assert(
    fc.property(line, opener, line, line, (before, open, swallowed, after) => {
      const text = strip(`${before}${open}${swallowed}\n${after}`);
      expect(text.startsWith(before)).toBe(true);
      expect(text.endsWith(`\n${after}`)).toBe(true);
      expect(text).not.toMatch(/[\u001b\u009b]/);
    }),
  );
});

test('megabytes of sequences that never end keep nobody busy', async () => {
  const run = `
    const { escapeOutput } = await import(${JSON.stringify(new URL('../../src/core/invisible.ts', import.meta.url))});
    const { sanitizeText } = await import(${JSON.stringify(new URL('../../src/core/sanitize.ts', import.meta.url))});
    for (const open of ['\\x1b]', '\\x1b[', '\\x1bP', '\\x1b', '\\x9b0;'])
      console.log(escapeOutput(open.repeat(1_000_000)).text + sanitizeText(open.repeat(1_000_000), 100));
  `;
  // In a process that can be killed: where each looks at all that follow, it takes half an hour and more.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', run], {
    timeout: patience,
  });
  expect(stdout).toBe('\n'.repeat(5));
});
