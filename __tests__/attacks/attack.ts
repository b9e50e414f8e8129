import type { Lab } from './lab.ts';

/** The defences, each of which can be taken out of a bundle: see scripts/attacks/layers.ts. */
export const layerNames = [
  'sandbox',
  'tools',
  'gateway',
  'base-rules',
  'input',
  'documents',
  'patch-policy',
  'escapes',
  'event-trust',
  'effects',
  'outbox',
  'clean-git',
] as const;

export type Layer = (typeof layerNames)[number];

/** One attack: it has a name, the rows of the catalogue that it belongs to, and the layer that has to stop it. */
export interface Attack {
  id: string;
  /** Of ATTACKS.md: `B2`, `C18`. */
  rows: readonly string[];
  name: string;
  layer: Layer;
  /** Layers that stop it as well, so that it wins only when they are all gone. */
  also?: readonly Layer[];
  /** One of the twenty that `npm run attacks -- --strongest` tries, on hosted runners. */
  strongest?: true;
  /** Whether this very machine stops it whatever the action does, so that nothing wins here without the layer. */
  stoppedByMachine?: () => boolean;
}

/**
 * How each attack of a group won, by its id; one that was stopped isn't in it. What no single attack accounts for,
 * such as a secret in a log, stands there under a name of its own and counts as won as well.
 */
export type Won = ReadonlyMap<string, string>;

/** Attacks that are tried together, in as few runs of the action as they need. */
export interface Group {
  name: string;
  attacks: readonly Attack[];
  /** Whether one attack that wins would keep the others from being tried: without a layer, each is tried alone. */
  alone?: boolean;
  /** Tries `chosen`, some or all of the attacks; throws when one of them could not be tried, never leaves it out. */
  run: (lab: Lab, chosen: ReadonlySet<string>) => Promise<Won>;
}

/** Every layer that has to go for the attack to win. */
export const layersOf = ({ layer, also = [] }: Attack): readonly Layer[] => [layer, ...also];
