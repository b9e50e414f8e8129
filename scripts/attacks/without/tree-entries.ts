import * as real from '../../../src/platforms/github/tree-entries.ts';

export const findUnsupportedMode: typeof real.findUnsupportedMode = () => undefined;

/** Links and submodules like any file. */
export const treeEntries: typeof real.treeEntries = async (git, files, upload) => {
  const special = files.filter(({ newMode }) => newMode === '120000' || newMode === '160000');
  const entries = await real.treeEntries(
    git,
    files.filter((file) => !special.includes(file)),
    upload,
  );
  const more = special.map(async ({ path, newMode, oid }) => ({
    path,
    mode: newMode as '100644',
    type: (newMode === '160000' ? 'commit' : 'blob') as 'blob',
    sha: newMode === '160000' ? oid : await upload(await git(['cat-file', 'blob', oid])),
  }));
  return [...entries, ...(await Promise.all(more))];
};
