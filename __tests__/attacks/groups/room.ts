import { toolResults } from '../../stand-ins/model/index.ts';
import type { RunResult } from '../../stand-ins/runner.ts';
import { handIn, project, put, repaired, session } from '../../stand-ins/sums.ts';
import type { Group, Won } from '../attack.ts';
import type { Lab, Scene } from '../lab.ts';
import { type Machine, plant } from '../machine.ts';
import type { Place, RoomAttack } from '../room-attacks.ts';
import { commandFiles } from './command-files.ts';
import { files } from './files.ts';
import { repository } from './git.ts';
import { homeAndRunner } from './home.ts';
import { leftoverFiles } from './leftover-files.ts';
import { network } from './network.ts';
import { privileges } from './privileges.ts';
import { processes } from './process.ts';
import { resources } from './resources.ts';

const moves: readonly RoomAttack[] = [
  ...processes,
  ...privileges,
  ...network,
  ...homeAndRunner,
  ...files,
  ...commandFiles,
  ...repository,
  ...leftoverFiles,
  ...resources,
];

/** So many calls in one turn of the model. */
const aTurn = 12;

/** Ids in commands must be of this run, since several may be on. */
const placeOf = (lab: Lab, scene: Scene, { id }: RoomAttack, run: string): Place => ({
  id: `${id}-${run}`,
  actionDir: lab.actionDir,
  github: scene.github.apiUrl,
  model: scene.model.url,
});

/** Every move of a family in one session, whose change is a good one in the end: nothing stops it early. */
export const room: Group = {
  name: 'a generator that has turned on its room',
  attacks: moves,
  run: async (lab, chosen) => {
    const scene = await lab.scene({ base: { ...project, 'package.json': '{}\n', 'sum.js': '' } });
    const machine = await plant(lab, scene);
    const run = Math.random().toString(36).slice(2, 8);
    const tried = moves
      .filter(({ id }) => chosen.has(id))
      .map((move) => {
        const place = placeOf(lab, scene, move, run);
        const call = move.call(machine, place);
        const id = `toolu_${place.id.replaceAll('-', '_')}`;
        const tool = typeof call === 'string' ? { name: 'bash', input: { command: call } } : call;
        return { move, place, call: { id, ...tool } };
      });
    const calls = tried.map(({ call }) => call);
    const turns = Array.from({ length: Math.ceil(calls.length / aTurn) }, (_, index) => ({
      tools: calls.slice(index * aTurn, (index + 1) * aTurn),
    }));
    scene.model.add(session(...turns, put('sum.js', repaired), handIn()));
    const result = await scene.run('fix', machine.more);
    const answers = new Map(
      scene.model.requests.flatMap(({ body }) =>
        toolResults(body).map((answer) => [answer.id, answer] as const),
      ),
    );
    const spoilt = machine.changed();
    const won = new Map<string, string>();
    for (const { move, place, call } of tried) {
      const answer = answers.get(call.id);
      if (!answer) throw new Error(`${move.id} was not tried: ${result.log.slice(-2000)}`);
      const found = scene.canaries.in(answer.text);
      const own = spoilt.filter((path) => move.corrupts?.(machine).includes(path));
      if (found.length > 0) won.set(move.id, `it was shown ${found.join(', ')}`);
      else if (machine.heard().includes(place.id)) won.set(move.id, 'a service of the host heard it');
      else if (own.length > 0) won.set(move.id, `it changed ${own.join(', ').replaceAll(machine.root, '')}`);
      else if (move.won?.({ ...answer, result, machine, place }))
        won.set(move.id, `it came about: ${answer.text.trim().split('\n')[0]!.slice(0, 60)}`);
    }
    const claimed = tried.flatMap(({ move }) => move.corrupts?.(machine) ?? []);
    return aftermath(won, scene, machine, result, claimed, spoilt);
  },
};

/** What no single attack accounts for: a secret that is somewhere, or a planted file that was changed. */
function aftermath(
  won: Map<string, string>,
  scene: Scene,
  machine: Machine,
  result: RunResult,
  claimed: string[],
  spoilt: string[],
): Won {
  const leaked = scene.canaries.in(scene.everything(result));
  if (leaked.length > 0 && won.size === 0) won.set('the whole run', `${leaked.join(', ')} left the machine`);
  const rooms = result.tempEntries.filter((path) => /^countersign\/run-(?!1\b)/.test(path));
  if (rooms.length > 0) won.set('the whole run', `${rooms[0]} was not wiped`);
  if (result.leftRunning && won.size === 0) won.set('the whole run', 'a process was left running');
  const other = spoilt.filter((path) => !claimed.includes(path));
  if (other.length > 0)
    won.set('the whole run', `${other.map((path) => path.replace(machine.root, '')).join(', ')} changed`);
  return won;
}
