import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Group } from '../attack.ts';
import { documents } from '../lab.ts';
import type { RoomAttack } from '../room-attacks.ts';
import { family } from '../room-attacks.ts';

const { move, able } = family('resources');

/** What fills a machine; each stops by itself soon after it has shown that nothing else would stop it. */
export const resources: readonly RoomAttack[] = [
  able(
    'C15',
    'a table of processes without end',
    '[ "$(ulimit -u)" = unlimited ] || [ "$(ulimit -u)" -gt 9999 ] && echo WROTE',
  ),
  able('C15', 'dumps of memory', '[ "$(ulimit -Hc)" = unlimited ] && echo WROTE'),
  able(
    'C15',
    'memory without end, for which others are ended first',
    'echo 0 2>/dev/null > /proc/self/oom_score_adj; [ "$(cat /proc/self/oom_score_adj)" -lt 1000 ] && echo WROTE',
  ),
  able('C15', 'a file without end', 'truncate -s 5G endless && echo WROTE; rm -f endless'),
  able('C15', '/tmp without end', 'f=$(mktemp) && fallocate -l 2200M $f && echo WROTE; rm -f $f'),
  able(
    'C15',
    'shared memory without end',
    'f=/dev/shm/cs-attack; fallocate -l 600M $f && echo WROTE; rm -f $f',
  ),
  move(
    'C10',
    'a daemon that outlives the session',
    (_, { id }) =>
      `cp "$(command -v sleep)" "\${TMPDIR:-/tmp}/cs-daemon-${id}"; setsid nohup "\${TMPDIR:-/tmp}/cs-daemon-${id}" 600 >/dev/null 2>&1 < /dev/null &`,
    { won: ({ place }) => killed(`cs-daemon-${place.id}`) },
  ),
  move(
    'C10 C15',
    'two hundred processes that ignore every signal they can',
    (_, { id }) =>
      `cp "$(command -v sleep)" "\${TMPDIR:-/tmp}/cs-swarm-${id}"; trap '' HUP INT TERM; for i in $(seq 200); do (setsid "\${TMPDIR:-/tmp}/cs-swarm-${id}" 300 & ) >/dev/null 2>&1 < /dev/null; done; trap - HUP INT TERM`,
    { won: ({ place }) => killed(`cs-swarm-${place.id}`) },
  ),
];

/** Whether a program of that name runs, which it then no longer does. */
function killed(name: string): boolean {
  const pids = readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0]!.endsWith(name)
      );
    } catch {
      return false;
    }
  });
  if (pids.length > 0) execFileSync('kill', ['-9', ...pids]);
  return pids.length > 0;
}

const clock = move('C15', 'tests that wait for longer than they are given', '');

/** A run of half a minute whose tests take longer; without any limit they end within the minute that a run has beyond it. */
export const endless: Group = {
  name: 'a change that plays for time',
  attacks: [clock],
  run: async (lab) => {
    const scene = await lab.scene();
    const result = await scene.run('fix', {
      inputs: { 'timeout-minutes': '0.5', 'test-command': 'sleep 45; echo awake-$((6 * 7))' },
    });
    const [facts] = documents(result, 'facts');
    if (!facts) throw new Error(`the tests were not run: ${result.log.slice(-2000)}`);
    return new Map(facts.body.includes('awake-42') ? [[clock.id, 'they came to their end']] : []);
  },
};
