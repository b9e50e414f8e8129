const skips = [
  /\b(?:describe|context|suite|it|test|specify)\s*(?:\.\w+){0,3}\.(?:skip|todo|skipIf|runIf|failing|fails|fixme)\b/g,
  /\bx(?:it|describe|test|context|specify)\s*\(/g,
  /\b(?:this|t|ctx|context)\.(?:skip|todo)\s*\(/g,
  /\b(?:skip|todo)\s*:\s*(?!false\b)/g,
  /\bmark\.(?:skip|skipif|xfail)\b/g,
  /\bpytest\.(?:skip|xfail|importorskip|exit)\b/g,
  /\bunittest\.(?:skip|expectedFailure)/g,
  /\bskipTest\s*\(/g,
  /\b__test__\s*=/g,
  /\b[bt]\.(?:Skip|SkipNow|Skipf)\s*\(/g,
  /^\s*\/\/\s*(?:go:build|\+build)\b/gm,
  /#\[\s*(?:ignore|should_panic)\b/g,
  /@(?:Ignore|Disabled|Skip)\b/g,
];

const onlys = [
  /\b(?:describe|context|suite|it|test|specify)\s*(?:\.\w+){0,3}\.only\b/g,
  /\b(?:fit|fdescribe|fcontext)\s*\(/g,
  /\bonly\s*:\s*(?!false\b)/g,
];

const assertions = [
  /\bexpect\w*\s*[(.!<]/g,
  /\bassert\w*\b/g,
  /\bshould\b/g,
  // Of node:assert, taken out of it by name.
  /(?<![.\w])(?:ok|match|throws|rejects|doesNot(?:Match|Throw|Reject)|equal|(?:not|deep|strict|notDeep|notStrict|deepStrict|notDeepStrict|partialDeepStrict)Equal)\s*\(/g,
  /\brequire\.[A-Z]\w*\s*\(/g,
  /\b[bt]\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*\(/g,
  /\bself\.(?:assert|fail)\w*\s*\(/g,
];

const declarations = [
  /\b(?:it|test|specify)\s*(?:\.\w+){0,3}\s*[(`]/g,
  /^\s*(?:async\s+)?def\s+test\w*\s*\(/gm,
  /^\s*func\s+(?:Test|Fuzz|Example)\w*\s*\(/gm,
  /#\[\s*(?:\w+::)?test\b/g,
  /@(?:Test|ParameterizedTest)\b/g,
];

/** A test that ends before its assertions, or a process before its tests. */
const exits = [/^\s*(?:return\s*;?|process\.exit\(.*|(?:os\._exit|sys\.exit|os\.Exit)\(.*)\s*$/gm];

interface Counts {
  skips: number;
  onlys: number;
  assertions: number;
  declarations: number;
  exits: number;
}

/**
 * What stands in the text of a test file, by patterns of the common runners; comments count as well. Linear in
 * the length of the text: the patterns try a run of whitespace from each of its ends, so each run is made one
 * character. A line is read to its end, however far the marks are put out of sight.
 */
export function countTests(text: string): Counts {
  const plain = text.replace(/[^\S\n]+/g, ' ').replace(/ ?\n[ \n]*/g, '\n');
  return {
    skips: matches(plain, skips),
    onlys: matches(plain, onlys),
    assertions: matches(plain, assertions),
    declarations: matches(plain, declarations),
    exits: matches(plain, exits),
  };
}

function matches(text: string, patterns: readonly RegExp[]): number {
  let count = 0;
  for (const pattern of patterns) {
    for (const _ of text.matchAll(pattern)) count += 1;
  }
  return count;
}

/** The first line of `before`, blank ones and indentation aside, that `after` has fewer times. */
export function lostLine(before: string, after: string): string | undefined {
  const left = new Map<string, number>();
  for (const line of after.split('\n')) {
    const key = line.trim();
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  for (const line of before.split('\n')) {
    const key = line.trim();
    if (key === '') continue;
    const count = left.get(key) ?? 0;
    if (count === 0) return key;
    left.set(key, count - 1);
  }
  return undefined;
}
