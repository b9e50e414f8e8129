import { spent } from '../core/budget.ts';
import type { Document } from '../core/document.ts';
import { bySeverity, type Finding } from '../core/finding.ts';
import { all, type Ledger, newest, taskOf } from '../core/ledger.ts';
import { exitCode, type Outcome } from '../core/outcome.ts';
import { settle } from '../core/policy.ts';
import { pushedSha } from '../core/receipts.ts';
import { truncate, truncateStart } from '../core/text.ts';
import { findingCounts, outcomeLabel } from './comment.ts';
import { capped, type Html, html, withCode } from './html.ts';
import { findingsOf, limitsOf } from './ledger-queries.ts';
import { nextStep } from './next-step.ts';
import { count, duration, many, usd } from './number.ts';
import { patchSection } from './report-patch.ts';
import { sessionSection } from './report-session.ts';
import { style } from './report-style.ts';

/** What the sections that grow may take, in bytes; together with the rest the page stays below 5 MB. */
const room = { sessions: 2_200_000, steps: 700_000, findings: 700_000, chain: 400_000 } as const;

/**
 * The whole run as one HTML file that needs nothing else and runs nothing: no script, no address, no font.
 * What came from a model, a repository or a person stands in it as text alone.
 */
export function report(ledger: Ledger): string {
  const outcome = settle(ledger);
  const patch = newest(ledger, 'patch');
  const usages = all(ledger, 'usage');
  const findings = findingsOf(ledger);
  const sections = [
    { id: 'verdict', name: 'Verdict', body: verdictSection(ledger, outcome) },
    findings.length > 0 && { id: 'findings', name: 'Findings', body: findingsSection(findings) },
    patch && { id: 'patch', name: 'Patch', body: patchSection(patch) },
    { id: 'stages', name: 'Stages', body: stagesSection(ledger) },
    usages.length > 0 && {
      id: 'sessions',
      name: 'Sessions',
      body: html`${usages.map((usage) => sessionSection(usage, room.sessions / usages.length))}`,
    },
    { id: 'effects', name: 'Effects', body: effectsSection(ledger) },
    { id: 'ledger', name: 'Ledger', body: chainSection(ledger) },
  ].filter((section) => section !== false && section !== undefined);
  const { repository, subject } = taskOf(ledger);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<title>${outcomeLabel(outcome)}: ${repository} ${subject}</title><style>${{ markup: style }}</style></head>
<body><main>
${head(
  ledger,
  outcome,
  sections.map(({ id, name }) => html`<a href="#${id}">${name}</a>`),
)}
${sections.map(({ id, name, body }) => html`<h2 id="${id}">${name}</h2>${body}`)}
</main></body></html>
`.markup;
}

function toneOf(outcome: Outcome): string {
  if (exitCode(outcome) === 0) return 'good';
  return outcome === 'fail' || outcome === 'refused' || outcome === 'gave-up' ? 'bad' : 'wait';
}

function head(ledger: Ledger, outcome: Outcome, links: readonly Html[]): Html {
  const { id, agent, repository, subject, base, head: tip, baseRef, headRef, at } = taskOf(ledger);
  const used = spent(ledger);
  const sha = pushedSha(ledger);
  const title = titleOf(ledger);
  const cells: [string, Html | string][] = [
    ['Repository', `${repository}, ${subject}`],
    ['Agent', agent],
    ['Started', `${at.slice(0, 16).replace('T', ' ')} UTC`],
    ['Worked for', duration(used.seconds)],
    ['Cost', usd(used.costUsd)],
    ['Tokens', count(used.tokens)],
    ['Turns', count(used.requests)],
    ['Base', html`<span title="${base}">${truncate(baseRef, 80)} <code>${base.slice(0, 10)}</code></span>`],
    ['Head', html`<span title="${tip}">${truncate(headRef, 80)} <code>${tip.slice(0, 10)}</code></span>`],
    ...(sha ? [['Commit', html`<code title="${sha}">${sha.slice(0, 10)}</code>`] as [string, Html]] : []),
    ['Task', html`<code>${id}</code>`],
  ];
  return html`<header class="card ${toneOf(outcome)}"><p class="outcome">${outcomeLabel(outcome)}</p><h1>${title}</h1>
<dl class="facts">${cells.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<nav aria-label="Sections">${links}</nav></header>`;
}

function titleOf(ledger: Ledger): string {
  const { repository, subject, class: role } = taskOf(ledger);
  if (role === 'generator') return newest(ledger, 'patch')?.title ?? `${repository}, ${subject}`;
  const found = newest(ledger, 'findings') ? findingCounts(ledger) : `${repository}, ${subject}`;
  return `${found[0]?.toUpperCase()}${found.slice(1)}`;
}

function verdictSection(ledger: Ledger, outcome: Outcome): Html {
  const verdict = newest(ledger, 'verdict');
  const { say, run = [] } = nextStep(outcome, ledger);
  return html`<section class="card"><p><strong>${outcomeLabel(outcome)}</strong></p>
${verdict?.reasons.map((reason) => html`<p>${withCode(truncate(reason, 1000))}</p>`)}
${!verdict && html`<p>The run ended before there was a verdict.</p>`}
<p><span class="soft">Risk:</span> ${verdict?.risk.level ?? 'not judged'}${verdict?.risk.reasons.map((reason) => html`; ${reason}`)}</p>
${limitsOf(ledger).map((limit) => html`<p><span class="soft">Limit:</span> ${withCode(limit)}</p>`)}
<p><span class="soft">Next:</span> ${withCode(say)}</p>${run.length > 0 && html`<pre>${run.join('\n')}</pre>`}</section>`;
}

function findingsSection(findings: readonly Finding[]): Html {
  const rows = capped(
    findings.toSorted(bySeverity),
    room.findings,
    ({ severity, path, line, endLine, rule, category, confidence, message, quote, suggestion }) =>
      html`<tr><td><span class="tag ${severity}">${severity}</span></td>
<td><span class="mono">${path}:${line}${endLine > line && `-${endLine}`}</span><br><span class="soft">${rule}, ${category}, ${Math.round(confidence * 100)}% sure</span></td>
<td><p class="text">${withCode(message)}</p><pre>${quote}</pre>${suggestion !== undefined && html`<p class="soft">Instead:</p><pre>${suggestion}</pre>`}</td></tr>`,
  );
  return html`<section class="card"><table class="wide"><tr><th>Severity</th><th style="width:26%">Where</th><th>What</th></tr>${rows.shown}</table>${rows.rest}</section>`;
}

function stagesSection(ledger: Ledger): Html {
  const steps = ledger.filter(
    ({ kind }) => kind === 'facts' || kind === 'patch' || kind === 'findings' || kind === 'plan',
  );
  if (steps.length === 0) return html`<section class="card"><p class="more">No stage has run.</p></section>`;
  const { shown, rest } = capped(steps, room.steps, step);
  return html`<section class="card"><ol class="steps">${shown}</ol>${rest}</section>`;
}

function step(document: Document): Html {
  const { stage, attempt, outcome, by, at } = document;
  return html`<li><div class="row"><strong>${stage ?? document.kind}</strong>${attempt && attempt > 1 ? html` <span class="soft">attempt ${attempt}</span>` : ''}
${outcome && html`<span class="tag ${outcome}">${outcome}</span>`}<span>${told(document)}</span><span class="end">${by}, ${at.slice(11, 19)}</span></div>${more(document)}</li>`;
}

function told(document: Document): string {
  switch (document.kind) {
    case 'patch':
      return `${document.title} (${many(document.files.length, 'file')})`;
    case 'findings':
      return `${many(document.findings.length, 'finding')}${document.anchored ? '' : ', not yet anchored'}`;
    case 'plan':
      return document.title;
    case 'facts':
      return toldFacts(document);
    default:
      return document.kind;
  }
}

type SetupFacts = Extract<Document<'facts'>, { probe: 'setup' }>;

function toldFacts(facts: Document<'facts'>): string {
  if (facts.probe === 'session') return facts.reason;
  if (facts.probe === 'setup') return toldSetup(facts);
  if (facts.probe === 'diff')
    return `${many(facts.files, 'file')}, ${count(facts.additions)} added and ${count(facts.deletions)} deleted lines`;
  const tests =
    facts.source === 'report'
      ? `${count(facts.passed)} passed, ${count(facts.failing.length)} failed`
      : `exit code ${facts.exitCode ?? 'none'}`;
  const tampered = facts.probe === 'prove' && facts.tampered.length > 0 ? '; changed the tests' : '';
  return `${truncate(facts.command, 200)}: ${facts.timedOut ? 'timed out' : tests} in ${duration(facts.seconds)}${tampered}`;
}

function toldSetup({ command, exitCode, timedOut, seconds, watched, hosts }: SetupFacts): string {
  const ended = timedOut ? 'timed out' : `exit code ${exitCode ?? 'none'}`;
  const named = (is: boolean): string =>
    hosts
      .filter(({ came }) => (came === 'reached') === is)
      .map(({ host, came }) => (is ? host : `${host} (${came})`))
      .join(', ');
  const reached = watched ? `; reached ${named(true) || 'no host'}` : '; not sandboxed';
  const refused = named(false) && `; refused ${named(false)}`;
  return `${truncate(command, 200)}: ${ended} in ${duration(seconds)}${reached}${refused}`;
}

function more(document: Document): Html {
  if (document.kind !== 'facts') return html``;
  const tampered = document.probe === 'prove' ? document.tampered : [];
  const failing = 'failing' in document ? document.failing : [];
  if (tampered.length + failing.length === 0 && document.body === '') return html``;
  return html`<details class="fold"><summary>${failing.length > 0 ? many(failing.length, 'failing test') : 'Output'}</summary>
${tampered.slice(0, 50).map(({ path, what, detail }) => html`<p><code>${path}</code> ${what}: ${detail}</p>`)}
${failing.slice(0, 50).map(({ name, file, message }) => html`<p><code>${name}</code>${file && html` <span class="soft">${file}</span>`}</p>${message && html`<pre>${truncate(message, 2000)}</pre>`}`)}
${document.body !== '' && html`<pre>${truncateStart(document.body, 20_000)}</pre>`}</details>`;
}

function effectsSection(ledger: Ledger): Html {
  const effects = newest(ledger, 'verdict')?.effects ?? [];
  if (effects.length === 0)
    return html`<section class="card"><p class="more">No effect was allowed.</p></section>`;
  return html`<section class="card"><table class="wide"><tr><th>Effect</th><th>Intent</th><th>Receipt</th><th>Reference</th></tr>${effects.map(
    ({ type, key }) => {
      const intent = all(ledger, 'intent').findLast(({ effect }) => effect.key === key);
      const receipt = all(ledger, 'receipt').findLast((one) => one.key === key);
      return html`<tr><td>${type}</td><td>${intent ? `document ${intent.seq}` : html`<span class="soft">not tried</span>`}</td>
<td>${receipt ? html`<span class="tag ${receipt.status}">${receipt.status}</span>` : html`<span class="soft">none</span>`}</td>
<td><span class="mono">${receipt?.reference}</span> ${receipt?.detail}</td></tr>`;
    },
  )}</table></section>`;
}

function chainSection(ledger: Ledger): Html {
  const { shown, rest } = capped(
    ledger,
    room.chain,
    ({ seq, kind, by, digest, at }) =>
      html`<tr><td class="num">${seq}</td><td title="${at}">${kind}</td><td>${by}</td><td class="mono" title="${digest}">${digest.slice(0, 12)}</td></tr>`,
  );
  return html`<section class="card"><p class="soft">${many(ledger.length, 'document')}, each holding the digest of the one before it; the last is
<span class="mono">${ledger.at(-1)?.digest}</span></p>
<details class="fold"><summary>The chain</summary><table><tr><th class="num">No.</th><th>Kind</th><th>By</th><th>Digest</th></tr>${shown}</table>${rest}</details></section>`;
}
