import { sanitize, sanitizeLine, sanitizeText } from '../core/sanitize.ts';
import { fenceMarks, truncate } from '../core/text.ts';

/**
 * GitHub looks for mentions, references and commits in the text that comes out of Markdown, after entities
 * and backslashes are gone: neither stops `@someone`. Only code does. So every word that could be more than
 * text goes into a code span, and what little syntax is left is escaped.
 */
const active = new RegExp(
  [
    '[@#$\\[\\]]', // mentions, mail, references, mathematics, links, images, footnotes, task boxes
    '://|www\\.|(?:mailto|xmpp|javascript|data|tel|file):', // bare links
    '<[\\w/!?]', // HTML
    ':[\\w+-]', // emoji, some of which are images; text of ours may put the second colon
    '[0-9a-f]{7,}', // commits
    '[a-z][a-z0-9]*-\\d|ghsa-', // GH-12 and a repository's own autolinks
    '\\w_\\w|__', // no danger, but an identifier
  ].join('|'),
  'iu',
);

/** Languages that GitHub only colours; others (mermaid, math, geojson, suggestion) it runs. */
const languages: ReadonlySet<string> = new Set(
  (
    'js jsx javascript ts tsx typescript json jsonc yaml yml toml ini xml html css scss sql sh bash shell console ' +
    'text diff py python rb ruby go rust rs java kotlin kt scala swift c h cpp cs php pl lua r dart elixir ex ' +
    'haskell hs vue svelte graphql proto dockerfile makefile markdown md'
  ).split(' '),
);

interface Piece {
  kind: 'text' | 'word' | 'code';
  text: string;
}

/**
 * Hostile text as paragraphs, simple lists, code spans and fenced code, and nothing else: no links, images,
 * HTML, mentions or references.
 * @param max how much of the text is taken; escaping can make it up to seven times as long
 */
export function prose(hostile: string, max: number): string {
  const lines = truncate(sanitize(hostile).text.trim(), max).split('\n');
  const out: string[] = [];
  for (let i = 0; i < lines.length; i += 1) {
    const open = /^\s*(`{3,}|~{3,})\s*([^`]*)$/.exec(lines[i]!);
    if (!open) {
      out.push(proseLine(lines[i]!));
      continue;
    }
    const closing = new RegExp(`^\\s*${open[1]![0]}{${open[1]!.length},}\\s*$`);
    const end = lines.findIndex((line, at) => at > i && closing.test(line));
    const stop = end < 0 ? lines.length : end;
    out.push('', fence(lines.slice(i + 1, stop).join('\n'), open[2]!, max), '');
    i = stop;
  }
  return out
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** Hostile text as one line of prose: for a list item, a heading, a sentence of ours. */
export function sentence(hostile: string, max: number): string {
  return startOfLine(inline(sanitizeLine(hostile, max)));
}

/** Hostile text as a code span on one line. */
export function code(hostile: string, max: number): string {
  return span(truncate(sanitize(hostile).text.replace(/\n/g, ' '), max));
}

/**
 * Hostile text as fenced code that it can't break out of.
 * @param language colours the code when it is one that GitHub only colours, and is left out otherwise
 */
export function fence(hostile: string, language: string, max: number): string {
  const text = noComment(sanitizeText(hostile, max)).replace(/\n+$/, '');
  const name = language.trim().toLowerCase();
  const marks = fenceMarks(text);
  return `${marks}${languages.has(name) ? name : ''}\n${text}\n${marks}`;
}

/** True when `text` holds the start of an HTML comment, by which own comments are recognised. */
export function holdsComment(text: string): boolean {
  return text.includes('<!--');
}

function noComment(text: string): string {
  return text.replaceAll('<!--', '<! --');
}

function proseLine(line: string): string {
  const item = /^\s*([-*+]|\d{1,9}[.)])\s+(\S.*)$/.exec(line);
  if (item) return `${/\d/.test(item[1]!) ? item[1] : '-'} ${startOfLine(inline(item[2]!.trim()))}`;
  const heading = /^\s*#{1,6}\s+(\S.*)$/.exec(line);
  return startOfLine(inline((heading?.[1] ?? line).trim()));
}

function startOfLine(line: string): string {
  return line.replace(/^([-+=:])/, '\\$1').replace(/^(\d+)([.)])/, '$1\\$2');
}

function inline(line: string): string {
  return merge(pieces(line))
    .map(({ kind, text }) => (kind === 'text' ? escaped(text) : span(text)))
    .join('');
}

function escaped(text: string): string {
  return text
    .replace(/[\\*_~|]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/`/g, '&grave;');
}

/** The line as its own code spans, as CommonMark pairs them, and the words between them. */
function pieces(line: string): Piece[] {
  const parts = line.split(/(`+)/);
  const found: Piece[] = [];
  for (let i = 0; i < parts.length; i += 1) {
    const close =
      i % 2 === 1 ? parts.findIndex((part, at) => at > i && at % 2 === 1 && part === parts[i]) : -1;
    if (close < 0) {
      found.push(...(i % 2 === 1 ? [{ kind: 'text' as const, text: parts[i]! }] : words(parts[i]!)));
      continue;
    }
    const content = parts.slice(i + 1, close).join('');
    found.push({ kind: 'code', text: content.replace(/^ (.*[^ ].*) $/, '$1') });
    i = close;
  }
  return found;
}

function words(text: string): Piece[] {
  return text.split(/(\s+)/).flatMap((word): Piece[] => {
    if (!active.test(word)) return word ? [{ kind: 'text', text: word }] : [];
    const [, before, core, after] = /^([("']*)(.*?)([.,;:!?)"']*)$/s.exec(word)!;
    return [
      { kind: 'text', text: before! },
      { kind: 'word', text: core! },
      { kind: 'text', text: after! },
    ].filter((piece): piece is Piece => piece.text !== '');
  });
}

/** Code spans that touch would run into each other; wrapped words in a row look better as one. */
function merge(found: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of found) {
    const [last, gap] = [out.at(-1), out.at(-2)];
    if (piece.kind !== 'text' && last && last.kind !== 'text') {
      last.text += piece.text;
    } else if (piece.kind === 'word' && gap?.kind === 'word' && last && /^\s+$/.test(last.text)) {
      gap.text += ` ${piece.text}`;
      out.pop();
    } else {
      out.push({ ...piece });
    }
  }
  return out;
}

function span(content: string): string {
  const text = noComment(content);
  if (text.trim() === '') return '` `';
  const marks = fenceMarks(text, 1);
  const pad = /^`|`$|^ .* $/.test(text) ? ' ' : '';
  return `${marks}${pad}${text}${pad}${marks}`;
}
