import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { ModelRequest } from '../stand-ins/model/index.ts';
import { bash, bug, findings, repair, session } from '../stand-ins/sums.ts';
import { documents, type RunMore, type Scene, type SceneRun, scenario, shown } from './scene.ts';

const numbers = [1, 2, 3, 4, 5, 6, 7, 8] as const;
const canary = (number: number): string => `CANARY-of-${number}-`;
/** Odd ones are repaired, even ones reviewed. */
const agentOf = (number: number): string => (number % 2 === 1 ? 'fix' : 'review');
/** A test without a test runner: what is measured here is not how fast eight of those start. */
const testCommand = 'cat canary.txt; grep -q "a + b" sum.js';
const isOf =
  (number: number) =>
  (request: ModelRequest): boolean =>
    shown(request).includes(canary(number));

/** Puts what only this session knows wherever it can write, and then looks for what others know. */
const spread = bash('cat canary.txt | tee ~/canary /tmp/canary; env >> ~/canary');
const look = bash(
  'grep -rhs "CANARY-of-" /room /tmp /run /var /dev/shm /home /root /proc/[0-9]*/environ; id',
);
const lookAsReviewer = { tools: [{ name: 'grep', input: { pattern: 'CANARY-of-', path: '/' } }] };

/** A pull request of its own in the scene's repository, as a run on it. */
async function another(
  stage: SceneRun,
  { laptop, repository, base }: Scene,
  number: number,
): Promise<RunMore> {
  const branch = `changes-${number}`;
  laptop.branch(branch);
  const head = laptop.commit({ ...bug, 'canary.txt': `${canary(number)}\n` });
  laptop.push(repository, branch);
  const pull = await stage.github.openPull(repository, {
    title: 'Subtract',
    author: 'octocat',
    head: branch,
  });
  return {
    payload: { number: pull.number, head: { ref: branch, sha: head }, base: { ref: 'main', sha: base } },
    sha: head,
    inputs: { 'test-command': testCommand },
  };
}

/** Every file and folder below, as the file system knows it. */
function inodesIn(directory: string): string[] {
  return [
    directory,
    ...readdirSync(directory, { recursive: true }).map((name) => join(directory, String(name))),
  ].map((path) => {
    const { dev, ino } = lstatSync(path);
    return `${dev}:${ino}`;
  });
}

/** What each run keeps: its rooms, and the clean repository that they borrow objects from. */
const runsIn = (home: string): string[] =>
  readdirSync(home)
    .filter((name) => name.startsWith('run-'))
    .map((name) => join(home, name));

const roomsIn = (run: string): string[] =>
  readdirSync(join(run, 'rooms')).map((id) => join(run, 'rooms', id));

scenario(
  'eight sessions at once share no file and no word, wipe what a killed run has left, and leave nothing',
  async (stage) => {
    stage.allow.summary = true;
    stage.allow.rooms = true;
    const temp = mkdtempSync(join(tmpdir(), 'countersign-eight-'));
    const home = join(temp, 'countersign');
    try {
      const scene = await stage.scene();
      stage.model.add({
        name: 'killed',
        when: (request) => !numbers.some((number) => isOf(number)(request)),
        turns: [{ hang: true }],
      });
      const killed = await scene.run('review', {
        temp,
        skipPost: true,
        onSpawn: (child) => void stage.model.arrived(() => true).then(() => child.kill('SIGKILL')),
      });
      expect(killed.signal).toBe('SIGKILL');
      const left = runsIn(home);
      expect(left.flatMap(roomsIn)).toHaveLength(1);

      const gathered = Promise.withResolvers<void>();
      let there = 0;
      let rooms: string[] = [];
      let inodes: string[] = [];
      let runs: string[] = [];
      const together = (turn: object) => async () => {
        there += 1;
        if (there === numbers.length) {
          runs = runsIn(home);
          rooms = runs.flatMap(roomsIn);
          inodes = runs.flatMap(inodesIn);
          gathered.resolve();
        }
        await gathered.promise;
        return turn;
      };
      for (const number of numbers) {
        const turns =
          agentOf(number) === 'fix'
            ? [spread, together(look), ...repair]
            : [together(lookAsReviewer), findings([])];
        stage.model.add({ ...session(...turns), name: canary(number), when: isOf(number) });
      }
      const events: RunMore[] = [];
      for (const number of numbers) events.push(await another(stage, scene, number));
      const results = await Promise.all(
        events.map((more, index) => scene.run(agentOf(index + 1), { ...more, temp })),
      );

      expect(results.map(({ outputs }) => outputs.outcome)).toEqual(
        numbers.map((number) => (agentOf(number) === 'fix' ? 'fixed' : 'pass')),
      );
      expect(new Set(results.map(({ outputs }) => outputs['task-id'])).size).toBe(numbers.length);
      expect(new Set(results.map((result) => documents(result, 'usage')[0]!.session)).size).toBe(
        numbers.length,
      );
      expect(rooms).toHaveLength(numbers.length);
      expect(runs).not.toContain(left[0]);
      expect(inodes.length).toBeGreaterThan(20 * numbers.length);
      expect(new Set(inodes).size).toBe(inodes.length);
      for (const number of numbers) {
        const own = stage.model.conversationsOf(isOf(number)).flatMap(({ requests }) => requests);
        const seen = own.flatMap((request) => shown(request).match(/CANARY-of-\d-/g) ?? []);
        expect([number, ...new Set(seen)]).toEqual([number, canary(number)]);
      }
      expect(runsIn(home)).toEqual([]);
    } finally {
      rmSync(temp, { recursive: true, force: true });
    }
  },
);
