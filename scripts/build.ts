import { readdirSync, rmSync } from 'node:fs';
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
    format: 'esm',
    loader: { '.md': 'text' },
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'utf8',
    legalComments: 'none',
    // CommonJS packages inside an ES module bundle still call require for Node's own modules.
    banner: {
      js: "import{createRequire as $require}from'node:module';const require=$require(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

if (import.meta.main) {
  await bundle('dist');
  console.log(`Built ${readdirSync('dist').join(', ')} into dist/.`);
}
