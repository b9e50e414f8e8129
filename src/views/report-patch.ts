import type { Document } from '../core/document.ts';
import { truncate } from '../core/text.ts';
import { type Html, html, withCode } from './html.ts';
import { many } from './number.ts';

const statuses = { A: 'added', D: 'deleted', M: 'changed', T: 'type changed' } as const;

/** The newest patch: title, summary, files and the diff itself. */
export function patchSection(patch: Document<'patch'>): Html {
  return html`<section class="card"><h3>${patch.title}</h3>
<p class="text">${withCode(patch.summary)}</p>
<table><tr><th>File</th><th>Change</th><th>Mode</th></tr>${patch.files
    .slice(0, 300)
    .map(
      ({ path, status, oldMode, newMode }) =>
        html`<tr><td class="mono">${path}</td><td>${statuses[status]}</td><td class="mono">${oldMode === newMode ? newMode : `${oldMode} → ${newMode}`}</td></tr>`,
    )}</table>
${patch.files.length > 300 && html`<p class="more">${many(patch.files.length - 300, 'more file')} in the ledger.</p>`}
${patch.encoding === 'utf8' && patch.body !== '' && diffFold(patch.body)}
</section>`;
}

function diffFold(body: string): Html {
  const lines = truncate(body.trimEnd(), 300_000).split('\n').slice(0, 5000);
  return html`<details class="fold"><summary>The diff</summary><pre>${lines.map(
    (line) => html`<span class="${kind(line)}">${line || ' '}</span>`,
  )}</pre></details>`;
}

function kind(line: string): string {
  if (/^(diff |index |--- |\+\+\+ |@@)/.test(line)) return 'hunk';
  if (line.startsWith('+')) return 'add';
  return line.startsWith('-') ? 'del' : 'ctx';
}
