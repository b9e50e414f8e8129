import { parseArgs } from 'node:util';
import { type Layer, layerNames } from '../../__tests__/attacks/attack.ts';

export const help = `Usage: npm run attacks -- [options]

Attacks the built action: GitHub and the model are stand-ins on this machine, secrets are planted where a
runner has them, and everything else is real. The last line says how many attacks were tried, how many were
stopped and how many won.

  --without LAYER  attack a bundle without this layer, by what it stops: what it alone stops must win.
                   May be given more than once; the layers are
                   ${layerNames.join(', ')}
  --strongest      only the twenty strongest attacks
  --list           say what there is to try, and try nothing: number, rows of the catalogue, layers, name;
                   * marks the twenty strongest
  --json           the result as JSON, in place of the table
  --help

COUNTERSIGN_ACTION names a folder with action.yml and dist/ to attack in place of this repository.

Exit codes: 0 every attack was stopped; 1 attacks won, also with --without; 2 misuse; 3 nothing is proved:
an attack could not be tried, or none wins without the layer.
`;

export interface Options {
  help: boolean;
  list: boolean;
  json: boolean;
  strongest: boolean;
  without: readonly Layer[];
}

/** What is asked for, or in one line why that can't be. */
export function readOptions(argv: string[]): Options | { misuse: string } {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return { misuse: `${(error as Error).message.split(/[\n.]/)[0]}. Try: npm run attacks -- --help` };
  }
  const { without = [], help: asked = false, list = false, json = false, strongest = false } = values;
  const stranger = without.find((name) => !(layerNames as readonly string[]).includes(name));
  if (stranger !== undefined)
    return {
      misuse: `--without ${JSON.stringify(stranger)}: there is no such layer; it must be one of ${layerNames.join(', ')}.`,
    };
  if (strongest && without.length > 0) return { misuse: '--strongest and --without exclude each other.' };
  return { help: asked, list, json, strongest, without: without as Layer[] };
}

function parse(args: string[]) {
  const flag = { type: 'boolean' } as const;
  const options = {
    without: { type: 'string', multiple: true },
    strongest: flag,
    list: flag,
    json: flag,
    help: { ...flag, short: 'h' },
  } as const;
  return parseArgs({ args, options }).values;
}
