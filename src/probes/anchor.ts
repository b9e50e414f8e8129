import picomatch from 'picomatch';
import type { Draft } from '../core/document.ts';
import { bySeverity, byWeight, type Finding, repositoryPath, type Severity } from '../core/finding.ts';
import { escapeInvisible, unescapeInvisible } from '../core/invisible.ts';
import { newest, taskOf } from '../core/ledger.ts';
import type { ProbeContext } from '../core/probe.ts';
import { fence, truncate } from '../core/text.ts';
import { type Blob, findBlobs, followBlobs, readTexts } from './blobs.ts';
import { findNearest, indentation, normalizeLines } from './quote-match.ts';

/** The longest suggestion that a finding may carry. */
const maxSuggestion = 4000;
/** The longest quote that one may carry. */
const maxQuote = 4000;
/** A file of more lines than this would fill memory by their number alone. */
const maxLines = 2_000_000;
/** Characters that are compared for all findings together; no honest review comes near. */
const maxCompared = 512 * 1024 * 1024;

/** A file that may well hold a quote, but can't be read. */
interface Unreadable {
  reason: string;
}

/** The texts that stand under a name: a link's own and that of where it leads, in the order they are tried. */
type Sources = string | Unreadable | readonly (string | Unreadable)[] | undefined;

interface Dropped {
  path: string;
  rule: string;
  severity: Severity;
  why: string;
  /** Whether the quote could not be checked, so that nobody knows whether it is there. */
  isUnverified: boolean;
}

interface Anchored {
  findings: Finding[];
  /** How many stand at other lines than they said. */
  moved: number;
  dropped: Dropped[];
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
  const left = given.findings.filter(({ path }) => ignored(path));
  const files = await readFiles(
    context,
    given.findings.filter(({ path }) => !ignored(path)),
  );
  const anchored = anchor(files.findings, files.readFile);
  const dropped = [
    ...left.map(({ path, rule, severity }) => ({
      path,
      rule,
      severity,
      why: 'the configuration leaves this file out',
      isUnverified: false,
    })),
    ...anchored.dropped,
  ];
  return {
    kind: 'findings',
    by: 'probe:anchor',
    outcome: 'pass',
    anchored: true,
    moved: anchored.moved,
    dropped: dropped.length,
    lost: unverified(anchored).map(({ severity, why }) => ({ severity, why })),
    findings: anchored.findings,
    body: given.body + note(dropped),
  };
}

/**
 * The dropped findings that may be right all the same: those that could not be checked; and, where not one quote
 * is there, all of them, for then it is the quoting that went wrong, which a change can bring about.
 */
function unverified({ findings, dropped }: Anchored): readonly Dropped[] {
  return findings.length === 0 ? dropped : dropped.filter(({ isUnverified }) => isUnverified);
}

/** The findings under the names that their files really have, and what stands there. */
async function readFiles(
  { git, ledger, signal }: ProbeContext,
  given: readonly Finding[],
): Promise<{ findings: Finding[]; readFile: (path: string) => Sources }> {
  const { head } = taskOf(ledger);
  const names = given.flatMap(({ path }) => [path, unescapePath(path)]);
  const own = await findBlobs(git, head, names, signal);
  const followed = await followBlobs(git, head, names, signal);
  const isThere = (path: string): boolean => own.has(path) || followed.has(path);
  const findings = given.map((finding) => {
    const path = unescapePath(finding.path);
    return !isThere(finding.path) && isThere(path) ? { ...finding, path } : finding;
  });
  // The worst first, so that what memory doesn't hold matters least.
  const order = findings.toSorted(bySeverity);
  const blobs = order.flatMap(({ path }) => [own.get(path), followed.get(path)]);
  const texts = await readTexts(
    git,
    blobs.filter((blob) => typeof blob === 'object'),
    signal,
  );
  const textOf = ({ oid }: Blob): string | Unreadable =>
    texts.get(oid) ?? { reason: 'the file is too large to be read' };
  const readFile = (path: string): Sources => {
    const [link, target] = [own.get(path), followed.get(path)];
    if (target === 'outside') {
      const outside = { reason: 'a symbolic link leads out of the tree' };
      return link ? [textOf(link), outside] : outside;
    }
    if (!link && !target && path.includes('\ufffd')) return { reason: 'the name of the file is not UTF-8' };
    const different = [target, link].filter(
      (blob, at, all) => blob && at === all.findIndex((b) => b?.oid === blob.oid),
    );
    return different.length === 0 ? undefined : different.map((blob) => textOf(blob!));
  };
  return { findings, readFile };
}

/** The name behind one that a session saw with its hidden characters written out. */
function unescapePath(path: string): string {
  const name = unescapeInvisible(path);
  return repositoryPath.safeParse(name).success ? name : path;
}

function note(dropped: readonly Dropped[]): string {
  const list = (isUnverified: boolean, why: string): string => {
    const lines = dropped
      .filter((each) => each.isUnverified === isUnverified)
      .map(
        ({ path, rule, why }) => `${escapeInvisible(path).text.replaceAll('\n', '\\u{A}')} ${rule}: ${why}`,
      );
    return lines.length === 0 ? '' : `\n\n${why}:\n\n${fence(lines.join('\n'))}\n`;
  };
  return (
    list(false, "Dropped, because what they quote can't be found") +
    list(true, 'Dropped, though what they quote could not be checked')
  );
}

/**
 * The findings whose quote stands in the file they name, moved to the nearest place where it does. Lines are
 * compared without the whitespace at their ends and regardless of an indentation that all of them share. Of
 * findings with the same path, line and rule the worst is kept; a suggestion that changes nothing goes, and
 * one is indented as the file is.
 * @param readFile what stands under a path in the head's tree, undefined where there is nothing
 */
export function anchor(findings: readonly Finding[], readFile: (path: string) => Sources): Anchored {
  const places = placesOf(findings, readFile);
  const kept = new Map<string, Finding>();
  const dropped: Dropped[] = [];
  const changed = new Set<string>();
  for (const [index, finding] of findings.entries()) {
    const placed = places[index]!;
    if ('why' in placed) {
      const { path, rule, severity } = finding;
      dropped.push({ path, rule, severity, ...placed });
      continue;
    }
    const key = JSON.stringify([placed.path, placed.line, placed.rule]);
    const other = kept.get(key);
    if (other && byWeight(placed, other) >= 0) continue;
    kept.set(key, placed);
    if (placed.line === finding.line && placed.endLine === finding.endLine) changed.delete(key);
    else changed.add(key);
  }
  return { findings: [...kept.values()], moved: changed.size, dropped };
}

interface Unplaced {
  why: string;
  isUnverified: boolean;
}

const nowhere: Unplaced = { why: 'its quote is nowhere in the file', isUnverified: false };
const tooMuch: Unplaced = { why: 'there is too much to compare it with', isUnverified: true };

/** File by file, so that the lines of one alone are in memory. */
function placesOf(findings: readonly Finding[], readFile: (path: string) => Sources): (Finding | Unplaced)[] {
  const places: (Finding | Unplaced)[] = findings.map(() => ({
    why: "no such file in the head's tree",
    isUnverified: false,
  }));
  const byPath = Map.groupBy(findings.keys(), (index) => findings[index]!.path);
  let left = maxCompared;
  for (const [path, indices] of byPath) {
    const given = readFile(path);
    const sources = given === undefined ? [] : Array.isArray(given) ? given : [given];
    const open = new Set(indices);
    for (const source of sources as (string | Unreadable)[]) {
      const lines = typeof source === 'string' ? linesOf(source) : source;
      for (const index of open) {
        let place: Finding | Unplaced;
        if (typeof source !== 'string' || 'reason' in lines)
          place = { why: (lines as Unreadable).reason, isUnverified: true };
        else if (source.length > left) place = tooMuch;
        else {
          left -= source.length;
          place = placeOf(findings[index]!, lines);
          if (place === nowhere && isBinary(source))
            place = { why: 'the file is binary', isUnverified: true };
        }
        const before = places[index]!;
        if (!('why' in place)) open.delete(index);
        // What one source could not tell, the next one does not tell either.
        if (!('why' in place) || !('isUnverified' in before && before.isUnverified)) places[index] = place;
      }
    }
  }
  return places;
}

function linesOf(text: string): string[] | Unreadable {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count > maxLines ? { reason: 'the file has too many lines to be compared' } : normalizeLines(text);
}

/** Not text, or not UTF-8: what a session was shown of it may be written otherwise here. */
function isBinary(text: string): boolean {
  return text.includes('\0') || text.includes('\ufffd');
}

function placeOf(finding: Finding, file: readonly string[]): Finding | Unplaced {
  const all = normalizeLines(finding.quote);
  const first = all.findIndex((line) => line !== '');
  if (first < 0) return { why: 'its quote is blank', isUnverified: true };
  const last = all.findLastIndex((line) => line !== '');
  const quote = all.slice(first, last + 1);
  const start = findNearest(file, quote, finding.line - 1 + first);
  if (start === undefined) return withinLines(finding, file, quote);
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

/**
 * A quote that starts or ends within a line, as it must where a line is longer than a quote may be. One that
 * lies in one line is made whole, unless that is too long; a suggestion for a part can't replace the line.
 */
function withinLines(
  finding: Finding,
  file: readonly string[],
  quote: readonly string[],
): Finding | Unplaced {
  const part = quote.with(0, quote[0]!.trimStart());
  const isAt = (start: number): boolean =>
    part.length === 1
      ? file[start]!.includes(part[0]!)
      : part.every((line, at) => {
          const there = file[start + at];
          if (there === undefined) return false;
          if (at === 0) return there.endsWith(line);
          return at === part.length - 1 ? there.startsWith(line) : there === line;
        });
  const wanted = finding.line - 1;
  let start: number | undefined;
  for (let index = 0; index < file.length; index += 1) {
    const isNearer = start === undefined || Math.abs(index - wanted) < Math.abs(start - wanted);
    if (isNearer && isAt(index)) start = index;
  }
  if (start === undefined) return nowhere;
  if (part.join('').length < shortestPart)
    return { why: 'its quote is too short to tell which line is meant', isUnverified: true };
  const { suggestion: _, ...rest } = finding;
  const whole = file.slice(start, start + part.length).join('\n');
  const own = part.join('\n');
  return {
    ...rest,
    line: start + 1,
    endLine: start + part.length,
    quote: part.length === 1 && whole.length <= maxQuote ? whole : cutQuote(own),
  };
}

/** Written out, hidden characters make a text longer; without an ellipsis, for what is left has to be found. */
function cutQuote(quote: string): string {
  return quote.length <= maxQuote ? quote : truncate(quote, maxQuote, '').trimEnd();
}

/** A suggestion replaces whole lines, so that it has to be indented as they are in the file. */
function refine(suggestion: string, quote: readonly string[], block: readonly string[]): string | undefined {
  const quoted = indentation(quote);
  const actual = indentation(block);
  const lines = suggestion.replace(/\r?\n$/, '').split('\n');
  const deeper = actual.endsWith(quoted) ? actual.slice(0, actual.length - quoted.length) : '';
  const shift = deeper !== '' && indentation(normalizeLines(suggestion)) === quoted;
  const result = shift
    ? lines.map((line) => (line.trim() === '' ? line : deeper + line)).join('\n')
    : suggestion;
  if (result.length > maxSuggestion) return undefined;
  const same = normalizeLines(lines.join('\n'));
  const after = shift ? normalizeLines(result) : same;
  return after.length === block.length && after.every((line, index) => line === block[index])
    ? undefined
    : result;
}
