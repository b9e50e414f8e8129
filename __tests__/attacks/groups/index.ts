import type { Group } from '../attack.ts';
import { echoed, forbiddenRequests, overLimit, uncharged } from './gateway.ts';
import { room } from './room.ts';

/** All that is tried; what takes longest comes first. */
export const groups: readonly Group[] = [
  room,
  // The gateway.
  forbiddenRequests,
  overLimit,
  uncharged,
  echoed,
];
