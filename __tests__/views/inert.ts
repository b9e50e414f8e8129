const invisible =
  /(?!\n|\t)[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2028\u2029]/u;

const run = new Set(['suggestion', 'mermaid', 'math', 'geojson', 'topojson', 'stl', 'ics']);

/**
 * Why `markdown` is not inert on GitHub, or undefined. Judged by its letters alone: fences are taken out as
 * CommonMark pairs them, then code spans, and nothing that is left may start a construct.
 * @param ours exact strings that we put there
 */
export function active(markdown: string, ours: readonly string[] = []): string | undefined {
  if (invisible.test(markdown)) return 'a hidden character';
  if (markdown.includes('<!--')) return 'a comment marker';
  let text = withoutFences(markdown);
  if (typeof text !== 'string') return text.why;
  text = withoutSpans(text);
  for (const own of ours) text = text.replaceAll(own, '');
  const found =
    /[@#$`[\]<>]/.exec(text) ??
    /:\/\/|www\.\S|(?:mailto|xmpp|javascript):\S/i.exec(text) ??
    /[0-9a-f]{7,}/i.exec(text) ??
    /\bgh-\d|\b[a-z]+-\d|ghsa-/i.exec(text) ??
    /:[\w+-]+:/.exec(text) ??
    /(?:^|[^\\])(?:\\\\)*[*_~|](?!\*)/.exec(text.replaceAll('**', '')) ??
    /^(?: {4,}|\t)/m.exec(text) ??
    /^(?:=+|-{2,}|\+ |:-)/m.exec(text) ??
    /&(?!(?:amp|lt|gt|grave);)/.exec(text);
  return found ? `${JSON.stringify(found[0])} in ${JSON.stringify(text)}` : undefined;
}

function withoutFences(markdown: string): string | { why: string } {
  const kept: string[] = [];
  let open: string | undefined;
  for (const line of markdown.split('\n')) {
    if (open) {
      const close = /^ {0,3}(`+|~+)[ \t]*$/.exec(line);
      if (close?.[1]?.startsWith(open)) open = undefined;
      continue;
    }
    const start = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$/.exec(line);
    if (!start) kept.push(line);
    else {
      open = start[1]!;
      if (!/^[a-z]*$/.test(start[2]!) || run.has(start[2]!)) return { why: `a fence of ${start[2]}` };
      kept.push('');
    }
  }
  return open ? { why: 'an open fence' } : kept.join('\n');
}

function withoutSpans(markdown: string): string {
  return markdown
    .split(/\n{2,}/)
    .map((paragraph) => {
      let out = '';
      for (let i = 0; i < paragraph.length; ) {
        if (paragraph[i] === '\\') {
          out += paragraph.slice(i, i + 2);
          i += 2;
          continue;
        }
        const ticks = /^`+/.exec(paragraph.slice(i))?.[0];
        if (!ticks) {
          out += paragraph[i];
          i += 1;
          continue;
        }
        const close = new RegExp(`(?<!\`)${ticks}(?!\`)`).exec(paragraph.slice(i + ticks.length));
        if (!close) return `${out}${paragraph.slice(i)}`;
        i += ticks.length + close.index + ticks.length;
        out += '\u00a4';
      }
      return out;
    })
    .join('\n\n');
}
