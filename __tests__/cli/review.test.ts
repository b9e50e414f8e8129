import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { createRepository, git, reviewer, useScene, wrongB } from './scene.ts';

const scene = useScene();
const { countersign } = scene;

test('a review without findings passes, and the exit code is 0', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer());
  const { code, stdout } = await countersign(repository, ['review']);
  expect(stdout).toMatch(/^Review passed: no findings$/m);
  expect(stdout).toMatch(/^Next: Nothing to do\.$/m);
  expect(code).toBe(0);
});

test.each([
  ['high', 'high', 1],
  ['medium', 'high', 0],
  ['medium', 'medium', 1],
  ['low', 'low', 1],
  ['high', 'critical', 0],
  ['critical', 'never', 0],
] as const)('a %s finding under --fail-on %s makes the exit code %d', async (severity, failOn, expected) => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer(wrongB(severity)));
  const { code, stdout } = await countersign(repository, ['review', '--base', 'main', '--fail-on', failOn]);
  expect(stdout).toContain(`app.js:2 ${severity} wrong\n  b is wrong.\n  | export const b = 1;\n`);
  expect(stdout).toContain(`Review ${expected === 1 ? 'failed' : 'passed'}: 1 finding (1 ${severity})`);
  // The names are those that were typed, not the action's.
  if (expected === 1)
    expect(stdout).toContain(`1 finding is at or above --fail-on ${failOn} (worst: ${severity}).`);
  expect(code).toBe(expected);
});

test('a finding whose quote is nowhere does not count, and that is said', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer(wrongB('low'), { ...wrongB(), quote: 'export const c = 1;' }));
  const { code, stdout } = await countersign(repository, ['review']);
  expect(stdout).toContain('Review passed: 1 finding (1 low)\n  1 finding was dropped: ');
  expect(code).toBe(0);
});

test('a review of which no finding quotes anything that is there is no pass', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer({ ...wrongB(), quote: 'export const c = 1;' }));
  const { code, stdout } = await countersign(repository, ['review']);
  expect(stdout).toContain(
    'Not finished\n  1 finding at or above --fail-on high (worst: high) could not be checked',
  );
  expect(code).toBe(1);
});

test('a change that is empty is nothing to do, and no model is asked', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  const { code, stdout } = await countersign(repository, ['review', '--base', 'HEAD']);
  expect(stdout).toMatch(/^Nothing to do\n {2}There is no difference between base and head\.$/m);
  expect(scene.model.requests).toEqual([]);
  expect(code).toBe(0);
});

test('--json prints one JSON value on stdout and nothing else; progress is on stderr', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer(wrongB()));
  const { code, stdout, stderr } = await countersign(repository, ['review', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    outcome: 'fail',
    task: { agent: 'review', head: git(repository, 'rev-parse', 'HEAD') },
    findings: [{ path: 'app.js', line: 2, severity: 'high' }],
    usage: { requests: 1 },
  });
  expect(stderr).toMatch(/^countersign: turn 1/m);
  expect(code).toBe(1);
});

test('--json prints one JSON value also when the run can not start', async () => {
  const { code, stdout } = await countersign(scene.directory, ['review', '--json']);
  expect(JSON.parse(stdout)).toEqual({
    outcome: 'incomplete',
    reasons: [`${scene.directory} can't be used as a git checkout: it is not in one. Name one with -C.`],
  });
  expect(code).toBe(1);
});

/** What the schema of SARIF 2.1.0 requires of the parts that are used. */
const sarifSchema = {
  type: 'object',
  required: ['version', 'runs'],
  properties: {
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['tool', 'results'],
        properties: {
          tool: {
            type: 'object',
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                required: ['name', 'rules'],
                properties: { rules: { type: 'array', items: { type: 'object', required: ['id'] } } },
              },
            },
          },
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          results: {
            type: 'array',
            items: {
              type: 'object',
              required: ['message', 'ruleId', 'locations'],
              properties: {
                level: { enum: ['none', 'note', 'warning', 'error'] },
                ruleIndex: { type: 'integer', minimum: 0 },
                message: { type: 'object', required: ['text'] },
                locations: {
                  type: 'array',
                  minItems: 1,
                  items: {
                    type: 'object',
                    required: ['physicalLocation'],
                    properties: {
                      physicalLocation: {
                        type: 'object',
                        required: ['artifactLocation', 'region'],
                        properties: {
                          artifactLocation: {
                            type: 'object',
                            required: ['uri'],
                            properties: { uri: { type: 'string', pattern: "^[\\w.~!$&'()*+,;=:@/%-]+$" } },
                          },
                          region: {
                            type: 'object',
                            required: ['startLine'],
                            properties: { startLine: { type: 'integer', minimum: 1 } },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

test('--sarif and --report leave the findings as SARIF 2.1.0 and a page that loads nothing', async () => {
  const repository = createRepository(join(scene.directory, 'r'), { 'a b/ü.js': 'export const c = 1;\n' });
  const inFile = { ...wrongB('medium'), path: 'a b/ü.js', line: 1, quote: 'export const c = 1;' };
  scene.model.add(reviewer(wrongB(), inFile));
  const out = join(scene.directory, 'out');
  const { code } = await countersign(repository, [
    'review',
    ...['--sarif', '../out/findings.sarif', '--report', join(out, 'report.html')],
  ]);
  expect(code).toBe(1);
  const log = JSON.parse(readFileSync(join(out, 'findings.sarif'), 'utf8'));
  const ajv = new Ajv();
  expect({ isValid: ajv.validate(sarifSchema, log), errors: ajv.errors }).toEqual({
    isValid: true,
    errors: null,
  });
  expect(log.runs[0].results).toMatchObject([
    { level: 'error', locations: [{ physicalLocation: { artifactLocation: { uri: 'app.js' } } }] },
    { level: 'warning', locations: [{ physicalLocation: { artifactLocation: { uri: 'a%20b/%C3%BC.js' } } }] },
  ]);
  const page = readFileSync(join(out, 'report.html'), 'utf8');
  expect(page).toMatch(/^<!doctype html>/i);
  expect(page).not.toMatch(/<(script|link|iframe|img|object|embed)\b|@import|url\(/i);
  expect(page).toContain('b is wrong.');
});

test('a report that can not be written is said after the verdict, which is not lost', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer());
  const { code, stdout, stderr } = await countersign(repository, [
    'review',
    '--report',
    'app.js/report.html',
  ]);
  expect(stdout).toContain('Review passed');
  expect(stderr).toMatch(/^countersign: --report can't be written: .*$/m);
  expect(code).toBe(1);
});

test('a second run of the same starts anew and keeps the ledger of the first', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer(wrongB()), reviewer());
  const first = await countersign(repository, ['review']);
  const second = await countersign(repository, ['review']);
  expect([first.code, second.code]).toEqual([1, 0]);
  const [now, before, ...more] = readdirSync(join(repository, '.git/countersign')).sort();
  expect(more).toEqual([]);
  expect(second.stdout).toContain(`Ledger: ${join(repository, '.git/countersign', now!)}\n`);
  expect(before).toMatch(new RegExp(`^${now}\\.[0-9a-f]{12}$`));
  for (const ledger of [now!, before!])
    expect(readdirSync(join(repository, '.git/countersign', ledger))).toContain('0001-task.md');
});

test('a run that is cancelled in a session exits 1 with one line, and the next one takes its ledger up', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  const script = reviewer();
  // The next run begins with the very same request.
  scene.model.add({ ...script, turns: [{ hang: 'silent' }, ...script.turns!] });
  const { code, stdout, stderr } = await countersign(repository, ['review'], {
    stop: { by: 'SIGINT', after: scene.model.arrived(() => true) },
  });
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^(countersign: \S.*\n)+countersign: The run was cancelled \(SIGINT\)\.\n$/);
  expect(readdirSync(join(scene.directory, 'tmp'))).toEqual([]);
  const ledgers = join(repository, '.git/countersign');
  const [ledger] = readdirSync(ledgers);
  const kinds = () => readdirSync(join(ledgers, ledger!)).map((name) => name.replace(/^\d+-|\.md$/g, ''));
  const before = kinds();
  expect(before).toEqual(['task', 'facts', 'usage']);

  const resumed = await countersign(repository, ['review']);
  expect(resumed.code).toBe(0);
  // The stage before the cancelled session isn't run again.
  expect(resumed.stderr).not.toContain('collect');
  expect(readdirSync(ledgers)).toEqual([ledger]);
  expect(kinds()).toEqual([...before, 'usage', 'findings', 'findings', 'verdict', ...kinds().slice(7)]);
});

test.each([['SIGTERM'], ['SIGHUP']] as const)('%s cancels like SIGINT', async (signal) => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add({ ...reviewer(), turns: [{ hang: true }] });
  const { code, stdout, stderr } = await countersign(repository, ['review', '--json'], {
    stop: { by: signal, after: scene.model.arrived(() => true) },
  });
  expect({ code, value: JSON.parse(stdout) }).toEqual({
    code: 1,
    value: { outcome: 'incomplete', reasons: [`The run was cancelled (${signal}).`] },
  });
  expect(stderr).toMatch(/countersign: The run was cancelled \(\w+\)\.\n$/);
});
