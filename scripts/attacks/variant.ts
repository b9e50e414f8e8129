import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import type { Layer } from '../../__tests__/attacks/attack.ts';
import { bundle } from '../build.ts';
import { layers } from './layers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Programs that no attack starts: a run that asks for one of them breaks, and its attack is not tried. */
const unattacked = ['cli', 'bedrock', 'vertex', 'foundry'];
const twinsAt = join(root, 'scripts/attacks/without');

/**
 * Puts the action into `directory`, as scripts/build.ts makes it but without some layers.
 * @throws Error when a place that a layer is taken out of is no longer there: the suite would prove nothing
 */
export async function makeAction(directory: string, without: readonly Layer[]): Promise<void> {
  mkdirSync(join(directory, 'dist'), { recursive: true });
  copyFileSync(join(root, 'action.yml'), join(directory, 'action.yml'));
  const files = await bundle([takeOut(without)], unattacked);
  for (const [name, content] of files) writeFileSync(join(directory, 'dist', name), content);
}

/** Puts each twin in its module's place; a twin itself may still import the real one. */
function takeOut(without: readonly Layer[]): Plugin {
  const twins = new Map<string, string>();
  const cuts = without.flatMap((layer) => layers[layer].cuts ?? []);
  for (const layer of without) {
    for (const [module, twin] of Object.entries(layers[layer].twins))
      twins.set(resolve(root, module), join(twinsAt, twin));
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
          if (text.split(from).length !== 2)
            throw new Error(`${module} does not hold ${JSON.stringify(from)} exactly once`);
          text = text.replace(from, () => to);
          used.add(module + from);
        }
        return { contents: text, loader: 'ts' };
      });
      onEnd(() => {
        const idle = [...twins.keys(), ...cuts.map(({ module, from }) => module + from)].filter(
          (key) => !used.has(key),
        );
        if (idle.length > 0) throw new Error(`nothing imports ${idle.join(', ')}`);
      });
    },
  };
}
