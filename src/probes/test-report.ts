import { posix } from 'node:path';
import { parse } from 'junit2json';
import * as z from 'zod';
import { repositoryPath } from '../core/finding.ts';
import { escapeOutput } from '../core/invisible.ts';
import { parseHostileJson } from '../core/proposal.ts';
import { truncate } from '../core/text.ts';

export interface TestCase {
  name: string;
  /** Relative to the root of the repository. */
  file?: string;
  status: 'passed' | 'failed' | 'skipped';
  message?: string;
  /** How many hidden characters its name and message had. */
  hidden?: number;
}

/** Stands as the name where a whole file could not be run, and so none of its tests has one. */
export const wholeFile = 'the test file could not be run';

/** A larger report isn't read: thousands of failing tests with their stacks are smaller. */
export const maxReportBytes = 8 * 1024 * 1024;
/** Reports with more tests than this aren't read: a check for others than the tests would not end. */
const maxTests = 20_000;
/** Of one test, as many messages as anyone reads. */
const maxMessages = 20;
/** Elements and attributes of a JUnit file; each costs memory however short its text is. */
const maxElements = 200_000;
const maxAttributes = 500_000;
const maxDepth = 100;

const maxName = 1000;
const maxMessage = 8000;
/** How much more of either is read than is shown, for the colours that go. */
const readable = 4;

/** Where the runner ran: its directory, and the root of the work tree, as seen from inside. */
interface Place {
  root: string;
  workingDirectory: string;
}

const jestFile = z.object({
  name: z.string(),
  status: z.string(),
  message: z.string().catch(''),
  assertionResults: z.unknown(),
});

const jestTest = z.object({ fullName: z.string(), status: z.string(), failureMessages: z.unknown() });

/**
 * The tests in what `jest --json` writes. Lists are walked here and not by zod, which goes on after the first
 * element that is wrong and keeps what it says of each.
 * @throws Error when it is not such a report, or larger than any
 */
export function parseJest(text: string, place: Place): TestCase[] {
  tooLarge(text.length > maxReportBytes);
  const { testResults } = z.object({ testResults: z.unknown() }).parse(parseHostileJson(text));
  const files = listOf(testResults, maxTests);
  const cases: TestCase[] = [];
  for (const file of files) {
    const result = jestFile.parse(file);
    let explained = false;
    for (const each of listOf(result.assertionResults, maxTests - cases.length)) {
      const test = jestTest.parse(each);
      const status = jestStatus(test.status);
      explained ||= status === 'failed';
      cases.push(testCase(test.fullName, result.name, status, messagesOf(test.failureMessages), place));
    }
    if (result.status === 'failed' && !explained)
      cases.push(testCase(wholeFile, result.name, 'failed', result.message, place));
  }
  return cases;
}

function tooLarge(is: boolean): void {
  if (is) throw new Error('a report is not as large as this');
}

function listOf(value: unknown, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('a list is missing in the report');
  tooLarge(value.length > max);
  return value;
}

function messagesOf(value: unknown): string {
  if (!Array.isArray(value)) return '';
  return value
    .slice(0, maxMessages)
    .filter((message) => typeof message === 'string')
    .join('\n');
}

function jestStatus(status: string): TestCase['status'] {
  if (status === 'passed' || status === 'failed') return status;
  return 'skipped';
}

const details = z
  .preprocess(
    (value) => (Array.isArray(value) ? value.slice(0, maxMessages) : value),
    z.array(
      z.object({
        message: z.string().optional().catch(undefined),
        type: z.string().optional().catch(undefined),
        inner: z.string().optional().catch(undefined),
      }),
    ),
  )
  .optional()
  .catch([{}]);

const junitCase = z.object({
  name: z.string().catch(''),
  classname: z.string().catch(''),
  file: z.string().optional().catch(undefined),
  failure: details,
  error: details,
  skipped: z.unknown().optional(),
});

/**
 * The tests in a JUnit file, as node:test, vitest, pytest and gotestsum write it.
 * @param nested whether the suites are part of a test's name, as they are with node:test alone
 * @throws Error when it is not one, or declares a document type: no runner does
 */
export async function parseJUnit(xml: string, place: Place, nested: boolean): Promise<TestCase[]> {
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml)) throw new Error('a JUnit file has no document type');
  tooLarge(xml.length > maxReportBytes || count(xml, '<') > maxElements || count(xml, '=') > maxAttributes);
  const root: unknown = await parse(xml, {});
  if (typeof root !== 'object' || root === null) throw new Error('a JUnit file has suites');
  const cases: TestCase[] = [];
  // Not by recursion: the depth is the file's to choose.
  const open: { suite: unknown; path: readonly string[]; depth: number }[] = [
    { suite: root, path: [], depth: 0 },
  ];
  for (let next = open.pop(); next; next = open.pop()) {
    const { testcase, testsuite } = next.suite as { testcase?: unknown; testsuite?: unknown };
    tooLarge(next.depth > maxDepth);
    for (const test of asArray(testcase)) {
      tooLarge(cases.length >= maxTests);
      const parsed = junitCase.safeParse(test);
      if (parsed.success) cases.push(fromJUnit(parsed.data, next.path, place));
    }
    for (const suite of asArray(testsuite)) {
      if (typeof suite !== 'object' || suite === null) continue;
      const { name } = suite as { name?: unknown };
      const path = nested && typeof name === 'string' ? [...next.path, name] : next.path;
      open.push({ suite, path, depth: next.depth + 1 });
    }
  }
  return cases;
}

function count(text: string, mark: string): number {
  let found = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) found += 1;
  return found;
}

function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

type JUnitCase = z.infer<typeof junitCase>;

function fromJUnit(test: JUnitCase, path: readonly string[], place: Place): TestCase {
  const problems = [...(test.failure ?? []), ...(test.error ?? [])];
  const failed = test.failure !== undefined || test.error !== undefined;
  const status = test.skipped !== undefined ? 'skipped' : failed ? 'failed' : 'passed';
  const message = problems.map(({ message = '', inner = '' }) => join(message, inner)).join('\n');
  const file = test.file ?? (isPath(test.classname) ? test.classname : undefined);
  if (failed && isWholeFile(test, problems)) {
    const own = file ?? (isPath(test.name) ? test.name : undefined);
    return testCase(wholeFile, own, status, message, place);
  }
  return testCase(nameOf(test, path, file), file, status, message, place);
}

/** The message is often the start of the text. */
function join(message: string, inner: string): string {
  return inner.includes(message) ? inner : `${message}\n${inner}`;
}

function isPath(name: string): boolean {
  return /^[^\s<>:]*\.[cm]?[jt]sx?$/.test(name);
}

function isWholeFile(test: JUnitCase, problems: readonly { message?: string | undefined }[]): boolean {
  if (problems.some(({ message }) => message === 'collection failure')) return true;
  // gotestsum's name for a package that doesn't build.
  if (test.name === 'TestMain' && problems.some(({ message }) => message === 'Failed')) return true;
  if (test.file !== undefined && (test.file === test.name || test.file.endsWith(`/${test.name}`)))
    return true;
  return isPath(test.name) && (test.classname === 'test' || test.classname === test.name || !test.classname);
}

function nameOf(test: JUnitCase, path: readonly string[], file: string | undefined): string {
  if (path.length > 0) return [...path, test.name].join(' > ');
  // node:test has `test` or the suite's name here.
  if (test.classname === '' || test.classname === 'test' || test.classname === file) return test.name;
  if (file?.endsWith('.py')) {
    const module = file.slice(0, -3).replaceAll('/', '.');
    if (test.classname === module) return test.name;
    const at = test.classname.startsWith(`${module}.`) ? module.length + 1 : 0;
    return `${test.classname.slice(at)}::${test.name}`;
  }
  return `${test.classname} > ${test.name}`;
}

function testCase(
  name: string,
  file: string | undefined,
  status: TestCase['status'],
  message: string | undefined,
  place: Place,
): TestCase {
  const own = file === undefined ? undefined : relative(file, place);
  const [shown, said] = [
    escapeOutput(truncate(name, readable * maxName)),
    escapeOutput(status === 'failed' ? truncate(message ?? '', readable * maxMessage) : ''),
  ];
  const text = truncate(said.text.trim(), maxMessage);
  const hidden = shown.hidden + said.hidden;
  return {
    name: truncate(shown.text, maxName) || '(no name)',
    status,
    ...(hidden > 0 && { hidden }),
    ...(own !== undefined && { file: own }),
    ...(text !== '' && { message: text }),
  };
}

/** A runner's name for a file as a path of the repository, or undefined where it leads out of it. */
function relative(file: string, { root, workingDirectory }: Place): string | undefined {
  const path = file.replace(/^file:\/\//, '');
  const directory = workingDirectory.replace(/^\.\//, '');
  const inside = path.startsWith(`${root}/`)
    ? path.slice(root.length + 1)
    : directory === '.' || path.startsWith(`${directory}/`)
      ? path
      : `${directory}/${path}`;
  const normal = posix.normalize(escapeOutput(truncate(inside, readable * maxName)).text);
  return repositoryPath.safeParse(normal).success ? normal : undefined;
}
