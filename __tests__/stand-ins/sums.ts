import type { Conversation, Reply, Turn } from './model/index.ts';

/** A project whose one test is fast, and the change that breaks it. */
export const project: Record<string, string> = {
  'README.md': '# Sums\n',
  'sum.js': 'exports.sum = (a, b) => a + b;\n',
  'test/sum.test.js': `const { equal } = require('node:assert');
const { test } = require('node:test');
const { sum } = require('../sum.js');
test('adds two numbers', () => {
  equal(sum(1, 2), 3);
});
`,
};
export const bug: Record<string, string> = { 'sum.js': 'exports.sum = (a, b) => a - b;\n' };
export const repaired = project['sum.js']!;

/** Model turns in a word or two each. */
export const bash = (...commands: string[]): Turn => ({
  tools: commands.map((command) => ({ name: 'bash', input: { command } })),
});
export const put = (path: string, content: string): Turn => ({
  tools: [{ name: 'write', input: { file_path: path, content } }],
});
export const handIn = (title = 'Add instead of subtracting', summary = 'The sign was wrong.'): Turn => ({
  tools: [{ name: 'submit_patch', input: { title, summary } }],
});
export const findings = (list: object[], summary = 'It changes a sign.'): Turn => ({
  tools: [{ name: 'submit_findings', input: { findings: list, summary } }],
});
export const session = (...turns: Reply[]): Conversation => ({ turns });
export const repair: Reply[] = [put('sum.js', repaired), handIn()];

/** A finding on the line that the bug is in. */
export const finding = (more: object = {}): object => ({
  path: 'sum.js',
  line: 1,
  endLine: 1,
  severity: 'high',
  category: 'correctness',
  rule: 'wrong-sign',
  confidence: 0.9,
  message: 'This subtracts.',
  quote: 'exports.sum = (a, b) => a - b;',
  ...more,
});
