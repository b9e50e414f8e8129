import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const entries = ['index', 'post', 'cli', 'generator', 'reviewer'];

/**
 * Bundles every entry into one plain JavaScript file.
 * @param outdir where to; `dist/` for the real thing, another folder to compare with it
 */
export async function bundle(outdir: string): Promise<void> {
  rmSync(outdir, { recursive: true, force: true });
  await build({
    entryPoints: entries.map((name) => `src/entry/${name}.ts`),
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // Node loads CommonJS faster: an ES module that imports node:http makes it load its whole fetch at once.
    format: 'cjs',
    loader: { '.md': 'text' },
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'utf8',
    legalComments: 'none',
    banner: { js: 'const $url=require("node:url").pathToFileURL(__filename).href;' },
    define: { 'import.meta.url': '$url' },
    logLevel: 'warning',
  });
  // The project's own package.json says that a .js is an ES module.
  writeFileSync(join(outdir, 'package.json'), '{"type":"commonjs"}\n');
}

if (import.meta.main) {
  await bundle('dist');
  console.log(`Built ${readdirSync('dist').join(', ')} into dist/.`);
}
