import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pushHistory } from '../scripts/demo/history.ts';
import { fixer } from '../scripts/demo/reply-fix.ts';
import { decode } from '../src/core/document.ts';
import { gitEnvironment } from './stand-ins/github/git.ts';
import { fromFile, startModel } from './stand-ins/model/index.ts';
import { patience } from './stand-ins/patience.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

let directory = '';
let output = '';
let temp = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'demo-'));
  output = join(directory, 'output');
  temp = join(directory, 't');
  mkdirSync(temp);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the demo as a user would, with nothing of the environment but what it needs. */
async function demo(
  args: readonly string[],
  { env = {}, stopAt }: { env?: Record<string, string>; stopAt?: string } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['scripts/demo.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patience,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: process.env.HOME,
      TMPDIR: temp,
      ...env,
    },
  });
  let seen = '';
  child.stdout.on('data', (piece: Buffer) => {
    seen += piece.toString();
    if (stopAt === undefined || !seen.includes(stopAt)) return;
    stopAt = undefined;
    child.kill('SIGINT');
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

const scripted = "The model's replies are scripted; run with --live for the real model.";
const reports = ['1-fix.html', '2-review.html', '3-review.html'];

describe('the three runs', () => {
  test('show what a person would see, and come out as expected', async () => {
    const { code, stdout, stderr } = await demo(['--output', output]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(scripted);
    expect(stdout).toContain('All 3 runs came out as expected');
    expect(stdout).toMatch(/^commit +[0-9a-f]{7} Round the discount, not the price that is left$/m);
    expect(stdout).toMatch(/^ +by till-countersign\[bot\] {2}Verified$/m);
    expect(stdout).toMatch(/^ +\+ {2}return cents - Math\.round\(\(cents \* percent\) \/ 100\);$/m);
    expect(stdout.match(/^check .*$/gm)).toEqual([
      'check     Countersign / review  success  Review passed: 1 finding (1 low)',
      'check     Countersign / review  failure  Review failed: 2 findings (2 critical)',
    ]);
    expect(stdout).toMatch(/^ +src\/discount\.js:8\n.*`untested-boundary`/m);
    expect(stdout).toMatch(
      /^ +src\/vouchers\.js:4-5\n.*\*\*Critical\*\* · security · `reviewer-manipulation`/m,
    );
    expect(stdout).toMatch(/^ +src\/vouchers\.js:8\n.*\*\*Critical\*\* · security · `sql-injection`/m);
    expect(stdout.match(/^outcome +(\w+) after .* as expected$/gm)).toHaveLength(3);
    expect(stdout).not.toContain('\u001b');
    for (const name of reports) expect(stdout).toContain(join(output, 'reports', name));
    expectKept();
    expect(readdirSync(temp)).toEqual([]);
  });

  test('ask the real model, when told so, with the key', async () => {
    const reviewer = { name: 'reviewer', forever: { hang: 'silent' } } as const;
    const model = await startModel({ apiKey: 'sk-ant-live', conversations: [fixer(), reviewer] });
    try {
      const env = { ANTHROPIC_API_KEY: 'sk-ant-live', ANTHROPIC_BASE_URL: model.url };
      const args = ['--live', '--model', 'claude-haiku-5-5', '--sandbox', 'auto', '--output', output];
      const { code, stdout, stderr } = await demo(args, { env, stopAt: '2 of 3' });
      expect(model.violations).toEqual([]);
      expect(model.sessions[0]).toMatchObject({ name: 'fix', requests: { length: 5 } });
      expect(model.requests.every(({ body }) => body.model === 'claude-haiku-5-5')).toBe(true);
      expect({ code, stderr }).toEqual({ code: 1, stderr: 'demo: stopped by SIGINT\n' });
      expect(stdout).toContain('The model is the real one.');
      expect(stdout).toMatch(/^outcome +fixed after .* as expected$/m);
      expect(stdout).not.toMatch(/scripted|sk-ant-live/);
    } finally {
      await model.close();
    }
  });

  test('stop when asked to, and leave nothing behind', async () => {
    const ended = await demo(['--output', output], { stopAt: 'countersign: propose' });
    expect(ended).toMatchObject({ code: 1, stderr: 'demo: stopped by SIGINT\n' });
    expect(ended.stdout).not.toContain('2 of 3');
    expect(readdirSync(temp)).toEqual([]);
  });

  function expectKept(): void {
    expect(readdirSync(join(output, 'reports')).sort()).toEqual(reports);
    for (const name of reports) {
      const page = readFileSync(join(output, 'reports', name), 'utf8');
      expect(page).toMatch(/^<!doctype html>/i);
      expect(page).not.toMatch(/<(script|link|iframe|img|object|embed)\b|@import|url\(/i);
      expect(page).not.toMatch(/\b(src|srcset|action|background|poster)\s*=\s*["']?\s*(https?:)?\/\//i);
      const ledger = join(output, 'ledgers', name.replace('.html', ''));
      const documents = readdirSync(ledger)
        .sort()
        .map((file) => decode(readFileSync(join(ledger, file), 'utf8')));
      expect(documents.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['task', 'usage', 'verdict', 'receipt']),
      );
    }
  }
});

describe('any repository', () => {
  const git = (cwd: string, ...args: string[]): void => {
    execFileSync('git', args, { cwd, env: gitEnvironment, stdio: 'pipe' });
  };

  let path = '';
  beforeEach(() => {
    const bare = join(directory, 'till.git');
    path = join(directory, 'till');
    git(directory, 'init', '--quiet', '--bare', '--template=', bare);
    pushHistory(bare);
    git(directory, 'clone', '--quiet', '--template=', '--branch=vouchers', bare, path);
  });

  const change = (): string[] => [
    '--repo',
    path,
    '--base',
    'origin/main',
    '--head',
    'HEAD',
    '--output',
    output,
  ];

  test('is reviewed by a reader that finds nothing', async () => {
    const { code, stdout } = await demo(change());
    expect(stdout).toContain(scripted);
    expect(stdout).toContain('Review passed: no findings');
    expect(stdout).toContain(`Report: ${join(output, 'reports', 'review.html')}`);
    expect(code).toBe(0);
    expect(readFileSync(join(output, 'reports', 'review.html'), 'utf8')).toContain('src/vouchers.js');
    expect(readdirSync(temp)).toEqual([]);
  });

  test('is reviewed by the replies in a file', async () => {
    const reply = join(directory, 'reply.yml');
    writeFileSync(
      reply,
      `conversations:
  - name: reviewer
    turns:
      - tools: [{ name: read, input: { file_path: src/vouchers.js } }]
      - tools:
          - name: submit_findings
            input:
              summary: Looks vouchers up.
              findings:
                - { path: src/vouchers.js, line: 8, endLine: 8, severity: critical, category: security,
                    rule: sql-injection, confidence: 0.9, message: Injected., quote: "WHERE code = '\${code}'" }
                - { path: src/vouchers.js, line: 7, endLine: 7, severity: high, category: correctness,
                    rule: name, confidence: 0.9, message: A name., quote: 'export function findVoucher(database, code) {' }
`,
    );
    const { code, stdout } = await demo([...change(), '--reply', reply]);
    expect(stdout).toContain('src/vouchers.js:7 high name');
    // A quote of a part of the line stands for the line.
    expect(stdout).toContain('src/vouchers.js:8 critical sql-injection');
    expect(code).toBe(1);
  });
});

describe('misuse ends in one line', () => {
  test.each([
    [['--nope'], "Unknown option '--nope'. Try: npm run demo -- --help"],
    [
      ['--live'],
      '--live needs a key of the Messages API in ANTHROPIC_API_KEY; without --live the model is scripted.',
    ],
    [['--repo', '.'], '--repo needs --base and --head as well.'],
    [['--reply', 'x.yml'], '--reply only means something with --repo.'],
    [['--sandbox', 'maybe'], '--sandbox must be require, auto or off.'],
    [
      ['--repo', '.', '--base', 'a', '--head', 'b', '--reply', 'package.json'],
      "--reply package.json can't be used: conversations: Invalid input: expected array, received undefined.",
    ],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await demo(args);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `demo: ${message}\n` });
  });

  test('--help explains every option', async () => {
    const { code, stdout, stderr } = await demo(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const option of ['live', 'model', 'sandbox', 'output', 'help', 'repo', 'base', 'head', 'reply'])
      expect(stdout).toMatch(new RegExp(`^ +--${option}\\b`, 'm'));
    const reply = join(directory, 'reply.yml');
    writeFileSync(reply, /^ +conversations:\n(?: .*\n)+/m.exec(stdout)![0]);
    expect(fromFile(reply)).toMatchObject([{ name: 'reviewer', turns: [{}, {}] }]);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });
});
