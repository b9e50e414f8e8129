import { sanitize } from '../core/sanitize.ts';

/** Markup that is safe to put into a page: made by the tag `html` and by nothing else. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | undefined | false | readonly Part[];

/** A template whose values are escaped, unless they are `Html` themselves; hidden characters are dropped. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return { markup: strings.map((text, i) => text + (i < values.length ? render(values[i]) : '')).join('') };
}

function render(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return escaped(part);
  if ('markup' in part) return part.markup;
  return part.map(render).join('');
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(hostile: string): string {
  return sanitize(hostile).text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** Hostile text with what stands between single backticks as code. */
export function withCode(hostile: string): Html {
  return html`${hostile.split(/`([^`\n]+)`/).map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/**
 * As many of `items` as fit into `bytes`, and a paragraph that says how many did not.
 * @param show one item as markup
 */
export function capped<T>(
  items: readonly T[],
  bytes: number,
  show: (item: T, index: number) => Html,
): { shown: Html[]; rest: Html } {
  const shown: Html[] = [];
  let left = bytes;
  for (const [i, item] of items.entries()) {
    const part = show(item, i);
    left -= Buffer.byteLength(part.markup);
    if (left < 0)
      return { shown, rest: html`<p class="more">${items.length - i} more are in the ledger.</p>` };
    shown.push(part);
  }
  return { shown, rest: html`` };
}
