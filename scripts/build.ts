import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { licencesOf } from './licences.ts';

/** The programs, and the parts that few runs need: dist/NAME.js is made from the file beside its name. */
const entryPoints: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['index', 'post', 'cli', 'generator', 'reviewer', 'relay'].map((name) => [name, `src/entry/${name}.ts`]),
  ),
  ...Object.fromEntries(
    ['bedrock', 'vertex', 'foundry'].map((name) => [name, `src/gateway/providers/${name}.ts`]),
  ),
};

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Every file of dist/ by its name, bundled afresh: one plain JavaScript file an entry.
 * @param plugins for a bundle that is not what is published: see scripts/attacks/variant.ts
 * @param leftOut names of entries that such a bundle can do without
 */
export async function bundle(
  plugins: Plugin[] = [],
  leftOut: readonly string[] = [],
): Promise<Map<string, Uint8Array | string>> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    plugins,
    entryPoints: Object.fromEntries(Object.entries(entryPoints).filter(([name]) => !leftOut.includes(name))),
    outdir: 'dist',
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // Node loads CommonJS faster: an ES module that imports node:http makes it load its whole fetch at once.
    format: 'cjs',
    loader: { '.md': 'text' },
    alias: { 'unzip-stream': './src/stores/no-unzip.ts' },
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
