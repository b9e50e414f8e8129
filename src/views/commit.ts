import { type Ledger, newest, taskOf } from '../core/ledger.ts';
import { sanitizeLine, sanitizeText } from '../core/sanitize.ts';
import { truncate } from '../core/text.ts';

const width = 72;

/**
 * The message of a commit that carries the ledger's newest patch: title, summary, trailers. Nothing in it
 * mentions anyone, closes or refers to anything, skips a check, or passes for a trailer but our two.
 */
export function commitMessage(ledger: Ledger): string {
  const task = taskOf(ledger);
  const patch = newest(ledger, 'patch');
  const subject =
    truncate(plainLine(inert(sanitizeLine(patch?.title ?? '', 200))), width) || 'Change by Countersign';
  const body = wrap(inert(sanitizeText(patch?.summary ?? '', 2000)));
  const agent = task.agent.replace(/[^a-z0-9-]/g, '') || 'unknown';
  const trailers = `Countersign-Task: ${task.id}\nCountersign-Agent: ${agent}`;
  return [subject, ...(body ? [body] : []), trailers].join('\n\n');
}

/** A commit message knows no escapes: what a platform would act on is pulled apart by a space. */
function inert(text: string): string {
  return text
    .replace(/@(?=\S)/g, '@ ')
    .replace(/#(?=\S)/g, '# ')
    .replace(/\bgh-(?=\d)/gi, 'GH ')
    .replace(/:\/\//g, ': //')
    .replace(/www\./gi, 'www .')
    .replace(/\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)([0-9a-f]{6})[0-9a-f]+\b/gi, '$1…')
    .replace(/(breaking[\s-]+change|skip-checks)\s*:/gi, '$1 -')
    .replace(/\[/g, '(')
    .replace(/\]/g, ')')
    .replace(/\*{3,}/g, '**');
}

function wrap(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => fill(line.trim()))
    .map((line) => plainLine(noTrailer(line)))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function fill(line: string): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/\s+/)) {
    if (current && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current ? `${current} ${word}` : word;
  }
  return [...lines, current];
}

/**
 * A line that starts no patch, no autosquash and no trailer of a compound name, and no breaking change: git looks at
 * starts of lines, and a release bot makes a major version of `feat!:`.
 */
function plainLine(line: string): string {
  return line
    .replace(/^(fixup|squash|amend)!/i, '$1')
    .replace(/^(\w+\s*(?:\([^)]*\))?)\s*!\s*:/, '$1 -')
    .replace(/^(\w+(?:-\w+)+)\s*:/, '$1 -')
    .replace(/^(?=---|diff -|From |>From |#)/, '> ');
}

/** A line that starts no trailer: "Co-authored-by: someone" is only words in a body of ours. */
function noTrailer(line: string): string {
  return line.replace(/^([\w-]+)\s*:/, '$1 -');
}
