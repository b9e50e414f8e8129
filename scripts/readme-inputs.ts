import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');

interface Entry {
  description: string;
}

/** A table of the inputs or outputs of action.yml, in its order. */
function table(head: string, entries: Readonly<Record<string, Entry>>): string {
  const rows = Object.entries(entries).map(([name, { description }]) => {
    const text = description.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|');
    return `| \`${name}\` | ${text} |`;
  });
  return [`| ${head} | Meaning |`, '| --- | --- |', ...rows].join('\n');
}

/**
 * `readme` with the tables between `<!-- inputs -->` and `<!-- outputs -->` markers as `action` has them.
 * @throws Error when a marker is missing
 */
export function withTables(readme: string, action: string): string {
  const { inputs, outputs } = parse(action) as Record<'inputs' | 'outputs', Record<string, Entry>>;
  const tables = { inputs: table('Input', inputs), outputs: table('Output', outputs) };
  let text = readme;
  for (const [name, content] of Object.entries(tables)) {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [before, after] = [text.indexOf(start), text.indexOf(end)];
    if (before < 0 || after < before) throw new Error(`README.md has no ${start} … ${end}.`);
    text = `${text.slice(0, before + start.length)}\n${content}\n${text.slice(after)}`;
  }
  return text;
}

if (import.meta.main) {
  const file = join(root, 'README.md');
  const readme = readFileSync(file, 'utf8');
  const fresh = withTables(readme, readFileSync(join(root, 'action.yml'), 'utf8'));
  if (!process.argv.includes('--check')) writeFileSync(file, fresh);
  else if (fresh !== readme) {
    console.error('The tables in README.md are not those of action.yml. Run `npm run readme` and commit it.');
    process.exitCode = 1;
  }
}
