import { existsSync, rmSync } from 'node:fs';
import type { RoomAttack } from '../room-attacks.ts';
import { family } from '../room-attacks.ts';

const { move } = family('talk');

/** What a generator leaves behind for the reviewer, or for any later session. */
export const leftoverFiles: readonly RoomAttack[] = [
  move('C10 A6', 'a file in the machine’s /tmp', (_, { id }) => `echo x > /tmp/countersign-${id}`, {
    won: ({ place }) => gone(`/tmp/countersign-${place.id}`),
  }),
  move('A6', 'a file in shared memory', (_, { id }) => `echo x > /dev/shm/countersign-${id}`, {
    won: ({ place }) => gone(`/dev/shm/countersign-${place.id}`),
  }),
  move(
    'A6',
    'a file in /var/tmp, which nobody clears',
    (_, { id }) => `echo x > /var/tmp/countersign-${id}`,
    {
      won: ({ place }) => gone(`/var/tmp/countersign-${place.id}`),
    },
  ),
];

/** Whether a file is there, which it then no longer is. */
function gone(path: string): boolean {
  const there = existsSync(path);
  rmSync(path, { force: true });
  return there;
}
