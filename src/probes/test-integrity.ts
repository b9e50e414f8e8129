import type { ChangedFile, FailingTest, IntegrityFault } from '../core/document.ts';
import { escapeInvisible } from '../core/invisible.ts';
import { truncate } from '../core/text.ts';
import { parseObject, readManifest } from './command.ts';
import { scriptsOf } from './runner.ts';
import { isPartOfCommand, isRunnerConfiguration, isTestFile, rustTests } from './test-file.ts';
import { type TestCase, wholeFile } from './test-report.ts';
import { countTests, lostLine } from './test-text.ts';

/** One file of a patch; the texts are undefined where there is no file or it is too large to be read. */
export interface PatchedFile extends Pick<ChangedFile, 'path' | 'status'> {
  before?: string | undefined;
  after?: string | undefined;
}

/** What the facts hold of the tests before the patch. */
export interface Before {
  source: 'report' | 'log';
  passed: number;
  failing: readonly FailingTest[];
}

/** The tests after the patch. */
export interface After {
  source: 'report' | 'log';
  tests: readonly TestCase[];
}

/** What the schema of facts holds. */
const maxTamperings = 200;
/** Characters of all tests together, before and after; the files beyond are not compared. */
const maxCompared = 16 * 1024 * 1024;

/**
 * In what ways a patch made the tests say less, rather than the code do more. Empty is what an honest patch
 * gives; what can't be told apart from cheating counts as it. Pure.
 *
 * - deleted: a test file is gone, has fewer tests than before, or a test that failed is not in the report.
 * - skipped: a test file has more marks that skip tests (or all others), or a test that failed is skipped.
 * - weakened: a test file has fewer assertions; a file that holds a test that failed, or among test files one
 *   that declares no test (a snapshot, a fixture, a helper), has lost or changed any line, or gained a way out
 *   of a test (blank lines and indentation aside, new lines are fine); the patch changes existing tests and
 *   nothing else; or it changes the scripts that the test command runs.
 * - unproven: what decides which tests run has changed; test files are too large to compare; fewer tests ran
 *   than before; or there is no report by name and test files have changed.
 *
 * A file holds a test that failed if the report says so; where it names no files, every test file may.
 * @param command the test command, as it was found at the head
 */
export function integrityFaults(
  before: Before,
  after: After,
  files: readonly PatchedFile[],
  command: string,
): IntegrityFault[] {
  let left = maxCompared;
  const found = [
    ...files.flatMap((file) => {
      left -= mayHoldTests(file, before) ? (file.before?.length ?? 0) + (file.after?.length ?? 0) : 0;
      return inTests(left < 0 ? { path: file.path, status: file.status } : file, before);
    }),
    ...files.flatMap((file) => inConfiguration(file, command, files)),
    ...testsAlone(files),
    ...inReport(before, after, files),
    ...withoutReport(before, after, files),
  ];
  const seen = new Set<string>();
  return found
    .filter(({ path, what, detail }) => {
      const key = JSON.stringify([path, what, detail]);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .slice(0, maxTamperings)
    .map(({ path, what, detail }) => ({ path, what, detail: truncate(escapeInvisible(detail).text, 1000) }));
}

function isTest(path: string, before: Before): boolean {
  return isTestFile(path) || before.failing.some((test) => test.file === path);
}

function mayHoldTests({ path }: PatchedFile, before: Before): boolean {
  return isTest(path, before) || path.endsWith('.rs');
}

function inTests(file: PatchedFile, before: Before): IntegrityFault[] {
  const { path, status } = file;
  if (!mayHoldTests(file, before)) return [];
  const isWhole = isTest(path, before);
  const say = (what: IntegrityFault['what'], detail: string): IntegrityFault => ({ path, what, detail });
  if (status === 'D' || status === 'T') {
    return isWhole ? [say('deleted', 'the patch removes this test file')] : [];
  }
  if (file.after === undefined || (status === 'M' && file.before === undefined)) {
    return [say('unproven', 'this test file is too large to be compared')];
  }
  const part = (text: string): string => (isWhole ? text : rustTests(text));
  const after = part(file.after);
  const now = countTests(after);
  if (status === 'A') {
    // A mark of this kind in a new file also turns off the tests of others.
    return now.onlys > 0 ? [say('skipped', 'this new file runs its own tests only')] : [];
  }
  const old = part(file.before ?? '');
  const then = countTests(old);
  const found: IntegrityFault[] = [];
  if (now.declarations < then.declarations)
    found.push(say('deleted', `${then.declarations} tests are declared before, ${now.declarations} after`));
  if (now.skips > then.skips || now.onlys > then.onlys)
    found.push(say('skipped', 'there are more marks that skip tests than before'));
  if (now.assertions < then.assertions)
    found.push(say('weakened', `${then.assertions} assertions before, ${now.assertions} after`));
  // A snapshot, a fixture, a helper: what a failing test asks for may stand there.
  const isAskedFor = then.declarations === 0;
  if (!isAskedFor && !mayHoldFailing(path, before.failing)) return found;
  const whose = isAskedFor ? 'that tests compare with or use' : 'with a failing test';
  const lost = lostLine(old, after);
  if (lost !== undefined)
    found.push(say('weakened', `a line of a file ${whose} is gone or changed: ${lost}`));
  if (now.exits > then.exits)
    found.push(say('weakened', `there is a new way out of a test in a file ${whose}`));
  return found;
}

function mayHoldFailing(path: string, failing: readonly FailingTest[]): boolean {
  return failing.some(({ file }) => file === undefined || file === path);
}

function inConfiguration(
  { path, before, after }: PatchedFile,
  command: string,
  files: readonly PatchedFile[],
): IntegrityFault[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'package.json') return inManifest(path, before, after, command);
  if (name === 'pyproject.toml' || name === 'Cargo.toml') {
    const pattern =
      name === 'pyproject.toml' ? /^tool\.(pytest|tox|hatch|nox)/ : /^(\[?test|lib|\[?bin|profile)/;
    return sections(before, pattern) === sections(after, pattern)
      ? []
      : [{ path, what: 'unproven', detail: 'the settings of the test runner are not the same' }];
  }
  if (isRunnerConfiguration(path)) {
    return [{ path, what: 'unproven', detail: 'this file decides which tests run, and with what' }];
  }
  if (!isTestFile(path) && isPartOfCommand(path, wordsOf(command, files))) {
    return [{ path, what: 'weakened', detail: 'the test command runs this file' }];
  }
  return [];
}

/** Keys of package.json that test runners read. */
const runnerKeys = ['jest', 'vitest', 'mocha', 'ava', 'tap', 'c8', 'nyc', 'babel', 'imports', 'workspaces'];

function inManifest(
  path: string,
  before: string | undefined,
  after: string | undefined,
  command: string,
): IntegrityFault[] {
  const [old, now] = [readManifest(before).scripts, readManifest(after).scripts];
  const names = new Set([...scriptsOf(command, old), ...scriptsOf(command, now)]);
  const found: IntegrityFault[] = [];
  for (const script of names) {
    if (old[script] === now[script]) continue;
    found.push({
      path,
      what: 'weakened',
      detail: `the script ${script} that runs the tests is not the same`,
    });
  }
  const [oldValue, newValue] = [parseObject(before), parseObject(after)];
  for (const key of runnerKeys) {
    if (JSON.stringify(oldValue[key]) === JSON.stringify(newValue[key])) continue;
    found.push({ path, what: 'unproven', detail: `the settings under ${key} are not the same` });
  }
  return found;
}

/** The lines of a TOML text under the headers that match. */
function sections(text: string | undefined, pattern: RegExp): string {
  let inside = false;
  const lines = (text ?? '').split('\n').filter((line) => {
    const header = /^\s*\[([^\]]*)/.exec(line.slice(0, 500));
    if (header) inside = pattern.test(header[1]!.trim());
    return inside && line.trim() !== '';
  });
  return lines.join('\n');
}

/** The words of the command and of the scripts it runs before the patch, as paths of the repository. */
function wordsOf(command: string, files: readonly PatchedFile[]): ReadonlySet<string> {
  const manifests = files.filter(({ path }) => path === 'package.json' || path.endsWith('/package.json'));
  const scripts = manifests.map(({ before }) => readManifest(before).scripts);
  const texts = [command, ...scripts.flatMap((own) => scriptsOf(command, own).map((name) => own[name]!))];
  return new Set(
    texts.flatMap((text) => text.split(/[\s"';&|()]+/)).map((word) => word.replace(/^\.\//, '')),
  );
}

/** A change to tests alone can only have changed what they ask for. */
function testsAlone(files: readonly PatchedFile[]): IntegrityFault[] {
  if (!files.every(({ path }) => isTestFile(path))) return [];
  return files
    .filter(({ status }) => status !== 'A')
    .map(({ path }) => ({
      path,
      what: 'weakened',
      detail: 'the patch changes tests and nothing that they test',
    }));
}

function inReport(before: Before, after: After, files: readonly PatchedFile[]): IntegrityFault[] {
  const somewhere = files[0]?.path;
  if (before.source !== 'report' || somewhere === undefined) return [];
  if (after.source !== 'report') {
    const detail = 'the runner wrote no report of its tests, as it did before the patch';
    return [{ path: somewhere, what: 'unproven', detail }];
  }
  const found: IntegrityFault[] = before.failing.flatMap((test): IntegrityFault[] => {
    const path = test.file ?? somewhere;
    const now = after.tests.filter((other) => isSame(test, other));
    if (now.length === 0)
      return [{ path, what: 'deleted', detail: `it failed and is not run any more: ${test.name}` }];
    if (now.every(({ status }) => status === 'skipped'))
      return [{ path, what: 'skipped', detail: `it failed and is skipped now: ${test.name}` }];
    return [];
  });
  const ran = after.tests.filter(({ status }) => status !== 'skipped').length;
  const ranBefore = before.passed + before.failing.filter(({ name }) => name !== wholeFile).length;
  if (ran < ranBefore) {
    const detail = `${ranBefore} tests ran before the patch, ${ran} after it`;
    found.push({ path: somewhere, what: 'unproven', detail });
  }
  return found;
}

/** A file that could not be run has no tests by name; any test of it stands for it. */
function isSame(before: FailingTest, after: TestCase): boolean {
  const inFile = before.file === undefined || after.file === undefined || before.file === after.file;
  return inFile && (before.name === wholeFile || before.name === after.name);
}

/** With the exit code alone, a test that was changed may be the one that failed. */
function withoutReport(before: Before, after: After, files: readonly PatchedFile[]): IntegrityFault[] {
  if (before.source === 'report' && after.source === 'report') return [];
  return files
    .filter((file) => changesTests(file))
    .map(({ path }) => ({
      path,
      what: 'unproven',
      detail: 'there is no report of the tests by name, and this file holds tests',
    }));
}

function changesTests({ path, before, after }: PatchedFile): boolean {
  if (isTestFile(path)) return true;
  return path.endsWith('.rs') && rustTests(before ?? '') !== rustTests(after ?? '');
}
