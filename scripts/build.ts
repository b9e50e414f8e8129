import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { licencesOf } from './licences.ts';

const entries = ['index', 'post', 'cli', 'generator', 'reviewer', 'relay', 'bedrock', 'vertex', 'foundry'];

/** Every file of dist/ by its name, bundled afresh: one plain JavaScript file an entry. */
export async function bundle(): Promise<Map<string, Uint8Array | string>> {
  const { outputFiles, metafile } = await build({
    entryPoints: entries.map((name) => `src/entry/${name}.ts`),
    outdir: 'dist',
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // Node loads CommonJS faster: an ES module that imports node:http makes it load its whole fetch at once.
    format: 'cjs',
    loader: { '.md': 'text' },
    alias: { 'unzip-stream': './src/entry/no-unzip.ts' },
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'utf8',
    legalComments: 'none',
    banner: { js: 'const $url=require("node:url").pathToFileURL(__filename).href;' },
    define: { 'import.meta.url': '$url' },
    logLevel: 'warning',
  });
  return new Map<string, Uint8Array | string>([
    ...outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/') + 1), contents] as const),
    // The project's own package.json says that a .js is an ES module.
    ['package.json', '{"type":"commonjs"}\n'],
    ['licences.txt', licencesOf(Object.keys(metafile.inputs))],
  ]);
}

if (import.meta.main) {
  const files = await bundle();
  mkdirSync('dist', { recursive: true });
  // Each file is whole at any moment, for whoever runs it meanwhile.
  for (const [name, content] of files) {
    writeFileSync(`dist/${name}.new`, content, { mode: name === 'cli.js' ? 0o755 : 0o644 });
    renameSync(`dist/${name}.new`, join('dist', name));
  }
  for (const name of readdirSync('dist')) if (!files.has(name)) rmSync(join('dist', name));
  console.log(`Built ${[...files.keys()].join(', ')} into dist/.`);
}
