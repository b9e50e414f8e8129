import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { Layer } from '../../__tests__/attacks/attack.ts';
import { bundle } from '../build.ts';
import { layers } from './layers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const twinsAt = join(root, 'scripts/attacks/without');

/** Puts the action into `directory`, as it is or without some layers. */
export async function makeAction(directory: string, without: readonly Layer[]): Promise<void> {
  mkdirSync(join(directory, 'dist'), { recursive: true });
  copyFileSync(join(root, 'action.yml'), join(directory, 'action.yml'));
  const files = without.length === 0 ? await bundle() : await hollow(without);
  for (const [name, content] of files) writeFileSync(join(directory, 'dist', name), content);
}

/** The same as scripts/build.ts makes, but for the layers. */
async function hollow(without: readonly Layer[]): Promise<Map<string, Uint8Array | string>> {
  const plugin = takeOut(without);
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['index', 'post', 'generator', 'reviewer'].map((name) => `src/entry/${name}.ts`),
    outdir: 'dist',
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    loader: { '.md': 'text' },
    alias: { 'unzip-stream': './src/entry/no-unzip.ts' },
    banner: { js: 'const $url=require("node:url").pathToFileURL(__filename).href;' },
    define: { 'import.meta.url': '$url' },
    logLevel: 'warning',
    plugins: [plugin],
  });
  return new Map<string, Uint8Array | string>([
    ...outputFiles.map(({ path, contents }) => [basename(path), contents] as const),
    ['package.json', '{"type":"commonjs"}\n'],
  ]);
}

/** Puts each twin in its module's place; a twin itself may still import the real one. */
function takeOut(without: readonly Layer[]): Plugin {
  const twins = new Map<string, string>();
  const cuts = without.flatMap((layer) => layers[layer].cuts ?? []);
  for (const layer of without) {
    for (const [module, twin] of Object.entries(layers[layer].twins)) twins.set(resolve(root, module), join(twinsAt, twin));
  }
  const used = new Set<string>();
  return {
    name: 'without',
    setup: ({ onResolve, onLoad, onEnd, resolve: find }) => {
      onResolve({ filter: /^[.@]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
        if (pluginData === 'real' || kind === 'entry-point') return undefined;
        const found = await find(path, { importer, resolveDir, kind, pluginData: 'real' });
        const twin = twins.get(found.path);
        if (!twin || importer === twin) return undefined;
        used.add(found.path);
        return { path: twin };
      });
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const own = cuts.filter(({ module }) => module === relative(root, path));
        if (own.length === 0) return undefined;
        let text = readFileSync(path, 'utf8');
        for (const { module, from, to } of own) {
          if (text.split(from).length !== 2) throw new Error(`${module} does not hold ${JSON.stringify(from)} exactly once`);
          text = text.replace(from, () => to);
          used.add(module + from);
        }
        return { contents: text, loader: 'ts' };
      });
      onEnd(() => {
        const idle = [...twins.keys(), ...cuts.map(({ module, from }) => module + from)].filter((key) => !used.has(key));
        if (idle.length > 0) throw new Error(`nothing imports ${idle.join(', ')}`);
      });
    },
  };
}
