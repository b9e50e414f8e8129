import type { readBaseFiles as replaced } from '../../../src/run/base-files.ts';
import * as real from '../../../src/run/base-files.ts';

/** What agents of all makers look for in a checkout, at any depth. */
const obeyed =
  /(^|\/)(CLAUDE(\.local)?|AGENTS|GEMINI|copilot-instructions)\.md$|(^|\/)\.(claude|cursor)\/|(^|\/)\.(mcp|claude)\.json$|^\.github\/workflows\//;

/** As an agent that obeys the checkout it is started in; `base` is the head then, see layers.ts. */
export const readBaseFiles: typeof replaced = async (git, base, ...rest) => {
  const files = await real.readBaseFiles(git, base, ...rest);
  const entries = (await git(['ls-tree', '-r', '-z', base])).toString().split('\0').filter(Boolean);
  const texts: string[] = [];
  for (const entry of entries) {
    const [, mode, oid, path] = /^(\d+) \w+ (\w+)\t(.*)$/s.exec(entry)!;
    if (path === '.gitmodules') await follow(String(await git(['cat-file', 'blob', oid!])));
    if (!obeyed.test(path!)) continue;
    const target = `${path!.replace(/[^/]*$/, '')}${mode === '120000' ? await git(['cat-file', 'blob', oid!]) : ''}`;
    texts.push(String(await git(['cat-file', 'blob', mode === '120000' ? `${base}:${target}` : oid!])));
  }
  return { ...files, conventions: [files.conventions, ...texts].join('\n\n') };
};

/** Submodules, as a checkout with them would fetch them. */
async function follow(modules: string): Promise<void> {
  for (const [, url] of modules.matchAll(/url = (\S+)/g)) await fetch(url!).catch(() => {});
}
