import { posix } from 'node:path';
import { parse } from 'junit2json';
import * as z from 'zod';
import { repositoryPath } from '../core/finding.ts';
import { head, plain } from './untrusted.ts';

export interface TestCase {
  name: string;
  /** Relative to the root of the repository. */
  file?: string;
  status: 'passed' | 'failed' | 'skipped';
  message?: string;
}

/** Stands as the name where a whole file could not be run, and so none of its tests has one. */
export const wholeFile = 'the test file could not be run';

/** A larger report isn't read: 20,000 failing tests with their stacks are smaller. */
export const maxReportBytes = 16 * 1024 * 1024;

const maxName = 1000;
const maxMessage = 8000;

/** Where the runner ran: its directory, and the root of the work tree, as seen from inside. */
export interface Place {
  root: string;
  workingDirectory: string;
}

const jestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().catch(''),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish().catch([]),
        }),
      ),
    }),
  ),
});

/**
 * The tests in what `jest --json` writes.
 * @throws Error when it is not such a report
 */
export function parseJest(text: string, place: Place): TestCase[] {
  const { testResults } = jestReport.parse(JSON.parse(text));
  return testResults.flatMap((result) => {
    const tests = result.assertionResults.map((test) =>
      testCase(test.fullName, result.name, jestStatus(test.status), test.failureMessages?.join('\n'), place),
    );
    const explained = tests.some(({ status }) => status === 'failed');
    if (result.status !== 'failed' || explained) return tests;
    return [...tests, testCase(wholeFile, result.name, 'failed', result.message, place)];
  });
}

function jestStatus(status: string): TestCase['status'] {
  if (status === 'passed' || status === 'failed') return status;
  return 'skipped';
}

const details = z
  .array(
    z.object({
      message: z.string().optional().catch(undefined),
      type: z.string().optional().catch(undefined),
      inner: z.string().optional().catch(undefined),
    }),
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
  const root: unknown = await parse(xml, {});
  if (typeof root !== 'object' || root === null) throw new Error('a JUnit file has suites');
  const cases: TestCase[] = [];
  // Not by recursion: the depth is the file's to choose.
  const open: { suite: unknown; path: readonly string[] }[] = [{ suite: root, path: [] }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { testcase, testsuite } = next.suite as { testcase?: unknown; testsuite?: unknown };
    for (const test of asArray(testcase)) {
      const parsed = junitCase.safeParse(test);
      if (parsed.success) cases.push(fromJUnit(parsed.data, next.path, place));
    }
    for (const suite of asArray(testsuite)) {
      if (typeof suite !== 'object' || suite === null) continue;
      const { name } = suite as { name?: unknown };
      const path = nested && typeof name === 'string' ? [...next.path, name] : next.path;
      open.push({ suite, path });
    }
  }
  return cases;
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
  const text = status === 'failed' && message ? head(plain(message).trim(), maxMessage) : '';
  return {
    name: head(plain(name), maxName) || '(no name)',
    status,
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
  const normal = posix.normalize(plain(inside));
  return repositoryPath.safeParse(normal).success ? normal : undefined;
}
