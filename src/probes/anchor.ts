import picomatch from 'picomatch';
import type { Draft } from '../core/document.ts';
import { type Finding, severities } from '../core/finding.ts';
import { newest, taskOf } from '../core/ledger.ts';
import type { ProbeContext } from '../core/probe.ts';
import { maxBlobBytes, readBlobs } from './blobs.ts';
import { comparable, findNearest, indentation } from './occurrence.ts';
import { fence, reveal } from './untrusted.ts';

/** The longest suggestion that a finding may carry. */
const maxSuggestion = 4000;

export interface Dropped {
  path: string;
  rule: string;
  why: string;
}

export interface Anchored {
  findings: Finding[];
  /** How many stand at other lines than they said. */
  moved: number;
  dropped: Dropped[];
  merged: number;
}

/**
 * The newest findings, each proved to quote code that stands in the head's tree.
 * @throws Error when there are no findings, or git fails
 */
export async function anchorFindings(context: ProbeContext): Promise<Draft<'findings'>> {
  const given = newest(context.ledger, 'findings');
  if (!given) throw new Error('the probe anchor needs findings, and the ledger has none');
  context.say('checking the findings against the tree');
  const ignored = picomatch(context.repository.ignore, { dot: true });
  const paths = given.findings.map(({ path }) => path).filter((path) => !ignored(path));
  const texts = await readBlobs(context.git, taskOf(context.ledger).head, paths, context.signal);
  const left = given.findings.filter(({ path }) => ignored(path));
  const anchored = anchor(
    given.findings.filter(({ path }) => !ignored(path)),
    (path) => texts.get(path),
  );
  const dropped = [
    ...left.map(({ path, rule }) => ({ path, rule, why: 'the configuration leaves this file out' })),
    ...anchored.dropped,
  ];
  return {
    kind: 'findings',
    by: 'probe:anchor',
    outcome: 'pass',
    anchored: true,
    moved: anchored.moved,
    dropped: dropped.length,
    findings: anchored.findings,
    body: given.body + note(dropped),
  };
}

function note(dropped: readonly Dropped[]): string {
  if (dropped.length === 0) return '';
  const lines = dropped.map(
    ({ path, rule, why }) => `${reveal(path).text.replaceAll('\n', '\\u{A}')} ${rule}: ${why}`,
  );
  return `\n\nDropped, because what they quote can't be found:\n\n${fence(lines.join('\n'))}\n`;
}

/**
 * The findings whose quote stands in the file they name, moved to the nearest place where it does. Lines are
 * compared without the whitespace at their ends and regardless of an indentation that all of them share. Of
 * findings with the same path, line and rule the worst is kept; a suggestion that changes nothing goes, and
 * one is indented as the file is.
 * @param readFile the text of a file of the head's tree, undefined where there is none to read
 */
export function anchor(
  findings: readonly Finding[],
  readFile: (path: string) => string | undefined,
): Anchored {
  const files = new Map<string, string[] | undefined>();
  const linesOf = (path: string): string[] | undefined => {
    if (!files.has(path)) {
      const text = readFile(path);
      files.set(path, text === undefined ? undefined : comparable(text));
    }
    return files.get(path);
  };
  const kept = new Map<string, Finding>();
  const dropped: Dropped[] = [];
  const changed = new Set<string>();
  let merged = 0;
  for (const finding of findings) {
    const placed = placeOf(finding, linesOf(finding.path));
    if (typeof placed === 'string') {
      dropped.push({ path: finding.path, rule: finding.rule, why: placed });
      continue;
    }
    const key = JSON.stringify([placed.path, placed.line, placed.rule]);
    const other = kept.get(key);
    if (other) merged += 1;
    if (other && !isWorse(placed, other)) continue;
    kept.set(key, placed);
    if (placed.line === finding.line && placed.endLine === finding.endLine) changed.delete(key);
    else changed.add(key);
  }
  return { findings: [...kept.values()], moved: changed.size, dropped, merged };
}

function isWorse(a: Finding, b: Finding): boolean {
  const difference = severities.indexOf(b.severity) - severities.indexOf(a.severity);
  return difference > 0 || (difference === 0 && a.confidence > b.confidence);
}

function placeOf(finding: Finding, file: readonly string[] | undefined): Finding | string {
  if (!file) return `no such file in the head's tree, or it is larger than ${maxBlobBytes / 1024} KiB`;
  const all = comparable(finding.quote);
  const first = all.findIndex((line) => line !== '');
  if (first < 0) return 'its quote is blank';
  const last = all.findLastIndex((line) => line !== '');
  const quote = all.slice(first, last + 1);
  const start = findNearest(file, quote, finding.line - 1 + first);
  if (start === undefined) return withinLine(finding, file, quote) ?? 'its quote is nowhere in the file';
  const { suggestion, ...rest } = finding;
  const block = file.slice(start, start + quote.length);
  const better = suggestion === undefined ? undefined : refine(suggestion, quote, block);
  return {
    ...rest,
    line: start + 1,
    endLine: start + quote.length,
    quote: finding.quote
      .split('\n')
      .slice(first, last + 1)
      .join('\n'),
    ...(better !== undefined && { suggestion: better }),
  };
}

/** Less than this stands in too many lines to say which is meant. */
const shortestPart = 6;

/** A quote of a part of one line, made whole; a suggestion for a part can't replace the line. */
function withinLine(
  finding: Finding,
  file: readonly string[],
  quote: readonly string[],
): Finding | undefined {
  const part = quote.length === 1 ? quote[0]!.trim() : '';
  if (part.length < shortestPart) return undefined;
  const wanted = finding.line - 1;
  const start = file
    .flatMap((line, index) => (line.includes(part) && line.length <= 4000 ? [index] : []))
    .sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted) || a - b)[0];
  if (start === undefined) return undefined;
  const { suggestion: _, ...rest } = finding;
  return { ...rest, line: start + 1, endLine: start + 1, quote: file[start]! };
}

/** A suggestion replaces whole lines, so that it has to be indented as they are in the file. */
function refine(suggestion: string, quote: readonly string[], block: readonly string[]): string | undefined {
  const quoted = indentation(quote);
  const actual = indentation(block);
  const lines = suggestion.replace(/\r?\n$/, '').split('\n');
  const deeper = actual.endsWith(quoted) ? actual.slice(0, actual.length - quoted.length) : '';
  const shift = deeper !== '' && indentation(comparable(suggestion)) === quoted;
  const result = shift
    ? lines.map((line) => (line.trim() === '' ? line : deeper + line)).join('\n')
    : suggestion;
  if (result.length > maxSuggestion) return undefined;
  const same = comparable(lines.join('\n'));
  const after = shift ? comparable(result) : same;
  return after.length === block.length && after.every((line, index) => line === block[index])
    ? undefined
    : result;
}
