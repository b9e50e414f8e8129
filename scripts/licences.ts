import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What may go into a bundle that is published under MIT. */
const compatible =
  /^\(?(MIT|ISC|BSD-2-Clause|BSD-3-Clause|0BSD|Apache-2\.0|BlueOak-1\.0\.0|Unlicense|CC0-1\.0|MIT\/X11|[ ]|OR|AND|\(|\))+\)?$/;

/**
 * The licences of all packages that a bundle takes something from, which they ask to be passed on. Packages
 * with the same text share it: most of AWS's and Google's have the same 11 KB.
 * @param inputs the paths of the bundled files
 * @throws Error naming a package whose licence is missing or not compatible with MIT
 */
export function licencesOf(inputs: readonly string[]): string {
  const folders = inputs.flatMap(
    (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  const packages = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (!compatible.test(license ?? ''))
      throw new Error(`${name} has the licence ${license}, which a bundle under MIT can't carry`);
    return {
      head: `${name} ${version}\n${license}\n`,
      text: `${textOf(folder, 'licen[cs]e|copying')}${textOf(folder, 'notice')}`,
    };
  });
  return [...Map.groupBy(packages, ({ text }) => text)]
    .map(([text, same]) => `${same.map(({ head }) => head).join('')}${text}`)
    .join('\n');
}

function textOf(folder: string, names: string): string {
  const file = readdirSync(folder).find((entry) => new RegExp(`^(${names})`, 'i').test(entry));
  return file ? `${readFileSync(join(folder, file), 'utf8').trim()}\n` : '';
}
