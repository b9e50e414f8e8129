import { costUsd, total } from '../core/budget.ts';
import type { Document, Tokens, Turn } from '../core/document.ts';
import { capped, type Html, html, withCode } from './html.ts';
import { count, duration, many, size, usd } from './number.ts';

const parts = [
  ['input', 'input', '--input'],
  ['cacheRead', 'cache read', '--read'],
  ['cacheWrite', 'cache write', '--write'],
  ['output', 'output', '--output'],
] as const satisfies readonly (readonly [keyof Tokens, string, string])[];

/** One session: what it cost, its turns on a timeline, and the manifest of what it saw. */
export function sessionSection(usage: Document<'usage'>, bytes: number): Html {
  const { session, engine, model, provider, ended, detail, requests, tokens, seconds, turns, manifest } =
    usage;
  const longest = Math.max(0.001, ...turns.map((turn) => turn.seconds));
  const most = Math.max(1, ...turns.map((turn) => total(turn.tokens)));
  // A provider may charge more than the list price, and which part of the sum a turn has stays the same.
  const rate = provider && provider !== 'anthropic' ? usage.costUsd / (costUsd(model, tokens) || 1) : 1;
  const cost = (of: Tokens): number => rate * costUsd(model, of);
  const rows = capped(turns, bytes, (turn, i) => turnRow(turn, i + 1, cost, longest, most));
  return html`<section class="card">
<div class="row"><h3>${usage.stage ?? 'Session'}${usage.attempt ? html`, attempt ${usage.attempt}` : ''}</h3> <span class="tag ${ended}">${ended}</span>
<span class="soft">${model}${provider && provider !== 'anthropic' ? ` at ${provider}` : ''} by ${engine}, session <span class="mono">${session}</span></span></div>
${detail && html`<p>${detail}</p>`}
<p class="soft">${many(requests, 'turn')}, ${duration(seconds)}, ${usd(usage.costUsd)}, ${many(total(tokens), 'token')}:
${parts.map(([key, name], i) => html`${i > 0 ? ', ' : ''}${count(tokens[key])} ${name}`)}</p>
<div class="legend" aria-hidden="true"><span style="--c:var(--time)">seconds</span>${parts.map(
    ([, name, color]) => html`<span style="--c:var(${color})">${name} tokens</span>`,
  )}</div>
${turns.length === 0 ? html`<p class="more">No turn was recorded.</p>` : ''}
${rows.shown}${rows.rest}
${manifestFold(manifest)}
</section>`;
}

function turnRow(
  turn: Turn,
  n: number,
  cost: (tokens: Tokens) => number,
  longest: number,
  most: number,
): Html {
  const tools = turn.tools.map(({ name }) => name).join(', ');
  const tokens = total(turn.tokens);
  const said = turn.tools.length === 0 ? (turn.stop ?? 'no tool') : tools;
  return html`<details class="turn"><summary><span class="n">${n}</span>
<span aria-hidden="true"><span class="bar"><i style="--c:var(--time);width:${share(turn.seconds, longest)}"></i></span>
<span class="bar">${parts.map(
    ([key, , color]) =>
      turn.tokens[key] > 0 && html`<i style="--c:var(${color});width:${share(turn.tokens[key], most)}"></i>`,
  )}</span></span>
<span class="sums">${duration(turn.seconds)}, ${count(tokens)} tok</span>
<span class="tools">${said}${turn.status === 200 ? '' : html` <span class="tag fail">HTTP ${turn.status}</span>`}</span></summary>
<div class="in"><p class="soft">${turn.at}${turn.stop && html`, stopped for ${turn.stop}`}, ${usd(cost(turn.tokens))}:
${parts.map(([key, name], i) => html`${i > 0 ? ', ' : ''}${count(turn.tokens[key])} ${name}`)}</p>
${turn.text && html`<p class="text">${withCode(turn.text)}</p>`}
${turn.tools.map(
  (
    tool,
  ) => html`<p><code>${tool.name}</code>${tool.error && html` <span class="tag error">error</span>`}</p><pre>${tool.input}</pre>
${tool.result !== undefined && html`<pre>${tool.result}</pre>`}`,
)}</div></details>`;
}

function share(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(2)}%`;
}

function manifestFold(manifest: Document<'usage'>['manifest']): Html {
  if (manifest.length === 0) return html``;
  return html`<details class="fold"><summary>What the session was shown: ${many(manifest.length, 'item')}, by digest</summary>
<table><tr><th>What</th><th>SHA-256</th><th class="num">Size</th></tr>${manifest.map(
    ({ what, digest, bytes }) =>
      html`<tr><td>${what}</td><td class="mono" title="${digest}">${digest.slice(0, 16)}</td><td class="num">${size(bytes)}</td></tr>`,
  )}</table></details>`;
}
