import { bySeverity, type Finding } from '../core/finding.ts';
import { type Ledger, newest } from '../core/ledger.ts';
import { settle } from '../core/policy.ts';
import { sanitize } from '../core/sanitize.ts';
import { fenceMarks } from '../core/text.ts';
import { headline, reasonLines } from './comment.ts';
import { costLine, limitsOf } from './ledger-queries.ts';
import { code, fence, holdsComment, prose, sentence } from './markdown.ts';
import { many } from './number.ts';

/** GitHub takes 65,536 characters; the rest is room for what the platform adds. */
const longest = 60_000;

/**
 * The body of the review: verdict, counts, what happened to findings, and those that have no line in the diff.
 * @param unplaced the findings that stand on no line of the diff
 */
export function review(ledger: Ledger, unplaced: readonly Finding[]): string {
  const verdict = newest(ledger, 'verdict');
  // The verdict, not what its effects came to: this text is one of the effects.
  const outcome = verdict?.verdict ?? settle(ledger);
  const limits = limitsOf(ledger);
  const head = [
    headline(ledger, outcome),
    ...reasonLines(ledger),
    ...(limits.length > 0 ? [limits.map((limit) => `- ${limit}`).join('\n')] : []),
  ];
  const foot = `<sub>${costLine(ledger)}. Written by a machine that has seen the diff and the rules, and nothing of the author’s words.</sub>`;
  const told = elsewhere(unplaced.toSorted(bySeverity), longest - [...head, foot].join('\n\n').length);
  return [...head, ...told, foot].join('\n\n');
}

function elsewhere(unplaced: readonly Finding[], room: number): string[] {
  if (unplaced.length === 0) return [];
  const out = [`${many(unplaced.length, 'finding stands', 'findings stand')} outside the diff:`];
  let left = room - 300;
  for (const [i, finding] of unplaced.entries()) {
    const text = `${place(finding)}\n\n${inline(finding, false)}`;
    left -= text.length + 4;
    if (left < 0) return [...out, `And ${many(unplaced.length - i, 'more finding')}, in the report.`];
    out.push(text);
  }
  return out;
}

function place({ path, line, endLine }: Finding): string {
  return code(`${path}:${line}${endLine > line ? `-${endLine}` : ''}`, 300);
}

/**
 * One inline comment.
 * @param suggestable whether the finding's lines are all in the diff, so that a suggestion may be offered
 */
export function inline(finding: Finding, suggestable: boolean): string {
  const { severity, rule, category, message, confidence, suggestion } = finding;
  const parts = [
    `**${severity[0]!.toUpperCase()}${severity.slice(1)}** · ${category} · ${code(rule, 80)} · ${Math.round(confidence * 100)}% sure`,
    prose(message, 4000),
  ];
  if (suggestion !== undefined) parts.push(suggested(suggestion, suggestable));
  const { hidden } = sanitize(message + (suggestion ?? ''));
  if (hidden > 0) parts.push(`<sub>${many(hidden, 'hidden character')} removed from this text.</sub>`);
  return parts.join('\n\n');
}

/**
 * A suggestion becomes a commit with one click, so it is offered only when it can be shown exactly as it is;
 * otherwise it is shown to be read.
 */
function suggested(suggestion: string, suggestable: boolean): string {
  const text = suggestion.replaceAll('\r\n', '\n');
  const exact = sanitize(text).text === text && !holdsComment(text);
  if (!suggestable || !exact) return `${sentence('Instead:', 20)}\n\n${fence(text, '', 4000)}`;
  const marks = fenceMarks(text);
  const body = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${marks}suggestion\n${body}${marks}`;
}
