import pLimit from 'p-limit';
import type { Attack, Won } from './attack.ts';
import type { Lab } from './lab.ts';

/** An attack that makes its own scene and says for itself how it won, or undefined when it was stopped. */
export interface Single extends Attack {
  won: (lab: Lab) => Promise<string | undefined>;
}

/** Tries the chosen ones, a few at a time; throws when one of them could not be tried. */
export async function tryEach(
  attacks: readonly Single[],
  lab: Lab,
  chosen: ReadonlySet<string>,
): Promise<Won> {
  const won = new Map<string, string>();
  const limit = pLimit(4);
  const tried = attacks
    .filter(({ id }) => chosen.has(id))
    .map((each) =>
      limit(async () => {
        const how = await each.won(lab);
        if (how) won.set(each.id, how);
      }),
    );
  await Promise.all(tried);
  return won;
}
