import pLimit from 'p-limit';
import { type Attack, type Group, type Layer, layersOf } from '../../__tests__/attacks/attack.ts';
import { Lab } from '../../__tests__/attacks/lab.ts';

/** What became of one attack. */
export interface Try {
  attack: Attack;
  /** How it won, in a few words; absent when it was stopped. */
  won?: string;
}

/** What became of all of them. */
export interface Result {
  tries: readonly Try[];
  /** What went wrong beside any single attack, such as a secret in a log: counts as won. */
  others: readonly { group: string; name: string; won: string }[];
  /** Why attacks could not be tried: as bad as one that wins. */
  untried: readonly { group: string; attacks: readonly Attack[]; why: string }[];
  seconds: number;
}

export interface SuiteOptions {
  groups: readonly Group[];
  /** Where the action under attack is: action.yml and dist/. */
  actionDir: string;
  /** The attacks that are tried; all when absent. */
  choose?: (attack: Attack) => boolean;
  /** Whether a group whose attacks would hide one another's success tries each by itself. */
  alone: boolean;
  say: (progress: string) => void;
}

/** More at once only wait for one another on a runner's two cores. */
const atOnce = 3;

/** Tries attacks, several groups at a time, and says what became of each. */
export async function runSuite({
  groups,
  actionDir,
  choose = () => true,
  alone,
  say,
}: SuiteOptions): Promise<Result> {
  const started = performance.now();
  const rounds = groups.flatMap((group) => {
    const chosen = group.attacks.filter(choose);
    if (chosen.length === 0) return [];
    return alone && group.alone ? chosen.map((one) => ({ group, chosen: [one] })) : [{ group, chosen }];
  });
  const tries: Try[] = [];
  const others: Result['others'][number][] = [];
  const untried: Result['untried'][number][] = [];
  const attempt = async ({ group, chosen }: (typeof rounds)[number]): Promise<void> => {
    const lab = new Lab(actionDir);
    const ids = new Set(chosen.map(({ id }) => id));
    try {
      const won = await group.run(lab, ids);
      for (const attack of chosen) {
        const how = won.get(attack.id);
        tries.push({ attack, ...(how !== undefined && { won: how }) });
      }
      for (const [name, how] of won) if (!ids.has(name)) others.push({ group: group.name, name, won: how });
    } catch (error) {
      untried.push({ group: group.name, attacks: chosen, why: (error as Error).message });
    } finally {
      await lab.close();
    }
    say(`${group.name}: ${chosen.length} tried`);
  };
  const limit = pLimit(atOnce);
  await Promise.all(rounds.map((round) => limit(() => attempt(round))));
  return { tries, others, untried, seconds: (performance.now() - started) / 1000 };
}

/** Whether an attack has to win as soon as some layers are out: no other stops it, and neither does this machine. */
export function mustWin(attack: Attack, without: readonly Layer[]): boolean {
  return layersOf(attack).every((layer) => without.includes(layer)) && !attack.stoppedByMachine?.();
}
