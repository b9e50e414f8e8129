import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type After,
  type Before,
  integrityFaults,
  type PatchedFile,
} from '../../src/probes/test-integrity.ts';

const name = fc.stringMatching(/^[a-z]{1,8}$/);
const testsIn = fc.uniqueArray(name, { minLength: 1, maxLength: 6 });

const write = (names: readonly string[]): string =>
  names.map((each) => `test('${each}', () => {\n  expect(${each}()).toBe('${each}');\n});\n`).join('\n');

const source: PatchedFile = { path: 'src/a.js', status: 'M', before: 'a', after: 'b' };
const passing = (names: readonly string[]): After => ({
  source: 'report',
  tests: names.map((each) => ({ name: each, file: 'test/a.test.js', status: 'passed' })),
});
const failing = (names: readonly string[], passed = 0): Before => ({
  source: 'report',
  passed,
  failing: names.map((each) => ({ name: each, file: 'test/a.test.js' })),
});
const edited = (before: string, after: string, path = 'test/a.test.js'): PatchedFile => ({
  path,
  status: 'M',
  before,
  after,
});
const whats = (found: ReturnType<typeof integrityFaults>): string[] => found.map(({ what }) => what);

describe('properties', () => {
  test('a change to the code alone, after which all tests pass, is none', () => {
    fc.assert(
      fc.property(testsIn, (names) => {
        expect(integrityFaults(failing(names), passing(names), [source], 'npm test')).toEqual([]);
      }),
    );
  });

  test('new tests anywhere in the file are none', () => {
    fc.assert(
      fc.property(testsIn, testsIn, fc.nat(), (names, more, at) => {
        const fresh = more.map((each) => `new ${each}`);
        const blocks = [...names];
        blocks.splice(at % (names.length + 1), 0, ...fresh);
        const files = [source, edited(write(names), write(blocks))];
        expect(integrityFaults(failing(names), passing(blocks), files, 'npm test')).toEqual([]);
      }),
    );
  });

  test('taking any line away from a file with a failing test is one', () => {
    fc.assert(
      fc.property(testsIn, fc.nat(), (names, at) => {
        const lines = write(names).split('\n');
        const full = lines.flatMap((line, index) => (line.trim() ? [index] : []));
        const gone = full[at % full.length];
        const after = lines.filter((_, index) => index !== gone).join('\n');
        const files = [source, edited(write(names), after)];
        expect(whats(integrityFaults(failing(names), passing(names), files, 'npm test'))).toContain(
          'weakened',
        );
      }),
    );
  });

  test('taking any assertion away from any test file is one', () => {
    fc.assert(
      fc.property(testsIn, fc.nat(), (names, at) => {
        const lines = write(names).split('\n');
        const asserting = lines.flatMap((line, index) => (line.includes('expect(') ? [index] : []));
        const after = lines.filter((_, index) => index !== asserting[at % asserting.length]).join('\n');
        const files = [source, edited(write(names), after, 'test/other.test.js')];
        expect(whats(integrityFaults(failing(names), passing(names), files, 'npm test'))).toContain(
          'weakened',
        );
      }),
    );
  });

  test('each failing test that is gone or skipped is one', () => {
    fc.assert(
      fc.property(testsIn, fc.nat(), fc.boolean(), (names, at, skipped) => {
        const lost = names[at % names.length]!;
        const { tests } = passing(names);
        const after: After = {
          source: 'report',
          tests: tests.flatMap((each) => {
            if (each.name !== lost) return [each];
            return skipped ? [{ ...each, status: 'skipped' as const }] : [];
          }),
        };
        const found = integrityFaults(failing(names), after, [source], 'npm test');
        expect(found).toContainEqual({
          path: 'test/a.test.js',
          what: skipped ? 'skipped' : 'deleted',
          detail: expect.stringContaining(lost),
        });
      }),
    );
  });

  test('more changed files never make it better', () => {
    const file = fc.record({
      path: fc.constantFrom('src/a.js', 'test/a.test.js', 'jest.config.js', 'package.json', 'src/lib.rs'),
      status: fc.constantFrom('A', 'D', 'M', 'T'),
      before: fc.option(fc.string(), { nil: undefined }),
      after: fc.option(fc.string(), { nil: undefined }),
    }) as fc.Arbitrary<PatchedFile>;
    fc.assert(
      fc.property(fc.array(file, { maxLength: 4 }), file, testsIn, (files, extra, names) => {
        const before = integrityFaults(failing(names), passing(names), [source, ...files], 'npm test');
        const after = integrityFaults(failing(names), passing(names), [source, ...files, extra], 'npm test');
        expect(after.length).toBeGreaterThanOrEqual(before.length);
      }),
    );
  });
});

describe('marks that skip', () => {
  const marks: [string, string][] = [
    ['a.test.js', "it.skip('x', () => {})"],
    ['a.test.js', "it.todo('x')"],
    ['a.test.js', "test.skip.each([1])('x')"],
    ['a.test.js', "xit('x', () => {})"],
    ['a.test.js', "xdescribe('x', () => {})"],
    ['a.test.js', "describe.only('x', () => {})"],
    ['a.test.js', "fit('x', () => {})"],
    ['a.test.mjs', "test('x', { skip: true }, () => {})"],
    ['test_a.py', '@pytest.mark.skip'],
    ['test_a.py', '@pytest.mark.xfail(strict=False)'],
    ['test_a.py', '@unittest.skip("x")'],
    ['a_test.go', '\tt.Skip("x")'],
    ['a_test.go', '//go:build never'],
    ['tests/a.rs', '#[ignore]'],
  ];
  test.each(marks)('%s %s', (path, mark) => {
    const found = integrityFaults(
      failing(['a']),
      passing(['a']),
      [source, edited('', mark, path)],
      'npm test',
    );
    expect(whats(found)).toContain('skipped');
  });
});

describe('a text that is written to take long', () => {
  const size = 1024 * 1024;
  test.each([
    ['spaces', ' '.repeat(size)],
    ['words and spaces', `it${' '.repeat(1900)}`.repeat(size / 1902)],
    ['spaces in lines', `describe${' '.repeat(1900)}\n`.repeat(size / 1909)],
    ['dots', 'it.a.b.c.'.repeat(size / 9)],
    ['one word', 'expect'.repeat(size / 6)],
    ['ends', 'return ; '.repeat(size / 9)],
    ['exits', `process.exit(${' )'.repeat(size / 2)} x`],
    ['attributes', '#[ '.repeat(size / 3)],
    ['options', 'skip : '.repeat(size / 7)],
    ['lines', '\n'.repeat(size)],
    ['tabs', `skip${'\t'.repeat(size)}:`],
  ])('%s', (_, text) => {
    const files = [source, edited(text, `${text}x`)];
    expect(() => integrityFaults(failing(['a']), passing(['a']), files, 'npm test')).not.toThrow();
  });

  test('more than can be compared is not proved', () => {
    const text = `${write(['a'])}${'// x\n'.repeat(200_000)}`;
    const files = Array.from({ length: 12 }, (_, n) => edited(text, text, `test/${n}.test.js`));
    const found = integrityFaults(failing(['a']), passing(['a']), [source, ...files], 'npm test');
    expect(found).toEqual(
      [8, 9, 10, 11].map((n) => ({
        path: `test/${n}.test.js`,
        what: 'unproven',
        detail: 'this test file is too large to be compared',
      })),
    );
  });

  test('a mark that is far out on its line counts', () => {
    for (const far of [' '.repeat(3000), `/*${'x'.repeat(3000)}*/`]) {
      const file = edited('', `${far}it.skip('x', () => {})`);
      const found = integrityFaults(failing(['a']), passing(['a']), [source, file], 'npm test');
      expect(whats(found)).toContain('skipped');
    }
  });
});

describe('what decides which tests run', () => {
  const pytest = '[project]\nversion = "1"\n[tool.pytest.ini_options]\naddopts = "-q"\n';
  const manifest = (scripts: object, more = {}): string => JSON.stringify({ scripts, ...more });
  const cases: [string, PatchedFile, string, string[]][] = [
    ['jest.config.js', edited('a', 'b', 'jest.config.js'), 'npm test', ['unproven']],
    ['a new conftest.py', { path: 'conftest.py', status: 'A', after: '' }, 'pytest', ['unproven']],
    [
      "pytest's section",
      edited(pytest, pytest.replace('-q', '-k x'), 'pyproject.toml'),
      'pytest',
      ['unproven'],
    ],
    ['another section', edited(pytest, pytest.replace('"1"', '"2"'), 'pyproject.toml'), 'pytest', []],
    [
      "jest's key",
      edited(manifest({}), manifest({}, { jest: {} }), 'package.json'),
      'npm test',
      ['unproven'],
    ],
    [
      'a dependency',
      edited(manifest({}), manifest({}, { dependencies: { a: '1' } }), 'package.json'),
      'npm test',
      [],
    ],
    [
      'the script',
      edited(manifest({ test: 'jest' }), manifest({ test: 'true' }), 'package.json'),
      'npm test',
      ['weakened'],
    ],
    [
      'a script it runs',
      edited(
        manifest({ test: 'npm run u', u: 'jest' }),
        manifest({ test: 'npm run u', u: 'true' }),
        'package.json',
      ),
      'npm test',
      ['weakened'],
    ],
    [
      'a script before it',
      edited(manifest({ test: 'jest' }), manifest({ test: 'jest', pretest: 'x' }), 'package.json'),
      'npm test',
      ['weakened'],
    ],
    [
      'another script',
      edited(manifest({ test: 'jest', b: '1' }), manifest({ test: 'jest', b: '2' }), 'package.json'),
      'npm test',
      [],
    ],
    ['a shell script', edited('a', 'b', 'scripts/test.sh'), './scripts/test.sh', ['weakened']],
    ['the Makefile', edited('a', 'b', 'Makefile'), 'make test', ['weakened']],
    ['the Makefile of no concern', edited('a', 'b', 'Makefile'), 'npm test', []],
  ];
  test.each(cases)('%s', (_, file, command, expected) => {
    expect(whats(integrityFaults(failing(['a']), passing(['a']), [source, file], command))).toEqual(expected);
  });
});

describe('files', () => {
  test('a test file that becomes a link is gone', () => {
    const file: PatchedFile = { path: 'test/b.test.js', status: 'T', before: 'x', after: 'y' };
    expect(whats(integrityFaults(failing(['a']), passing(['a']), [source, file], 'npm test'))).toEqual([
      'deleted',
    ]);
  });

  test('a test file too large to be read is not proved', () => {
    const file: PatchedFile = { path: 'test/b.test.js', status: 'M' };
    expect(whats(integrityFaults(failing(['a']), passing(['a']), [source, file], 'npm test'))).toEqual([
      'unproven',
    ]);
  });

  test('a file that a report names is a test file, whatever its name', () => {
    const before: Before = { source: 'report', passed: 0, failing: [{ name: 'a', file: 'checks/a.js' }] };
    const after: After = { source: 'report', tests: [{ name: 'a', file: 'checks/a.js', status: 'passed' }] };
    const found = integrityFaults(
      before,
      after,
      [source, edited('is(1, 2)', 'is(1, 1)', 'checks/a.js')],
      'npm test',
    );
    expect(whats(found)).toEqual(['weakened']);
  });

  test('unit tests in a Rust source are told from its code', () => {
    const text = (code: string, value: string): string =>
      `fn f() { ${code} }\n#[cfg(test)]\nmod tests {\n  #[test]\n  fn t() { assert_eq!(f(), ${value}); }\n}\n`;
    const log: Before = { source: 'log', passed: 0, failing: [] };
    const after: After = { source: 'log', tests: [] };
    const code = edited(text('1', '2'), text('2', '2'), 'src/lib.rs');
    expect(integrityFaults(log, after, [code], 'cargo test')).toEqual([]);
    const cheat = edited(text('1', '2'), text('1', '1'), 'src/lib.rs');
    expect(whats(integrityFaults(log, after, [cheat], 'cargo test'))).toEqual(['unproven']);
  });

  test('fewer tests than before are not proved', () => {
    const found = integrityFaults(failing(['a'], 5), passing(['a', 'b']), [source], 'npm test');
    expect(whats(found)).toEqual(['unproven']);
  });

  test('no more are listed than facts hold', () => {
    const names = Array.from({ length: 400 }, (_, index) => `t${index}`);
    expect(integrityFaults(failing(names), passing([]), [source], 'npm test')).toHaveLength(200);
  });
});
