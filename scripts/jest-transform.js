import { createHash } from 'node:crypto';
import { transformSync } from 'esbuild';

// Types are checked by `tsc`; here they only have to go away, and Markdown has to become the same
// text module that the bundle sees.
const loader = (path) => (path.endsWith('.md') ? 'text' : 'ts');

export default {
  getCacheKey: (source, path) => createHash('sha256').update(path).update(source).digest('hex'),
  process: (source, path) =>
    transformSync(source, {
      loader: loader(path),
      format: 'esm',
      target: 'node24',
      sourcemap: 'inline',
      sourcefile: path,
    }),
};
