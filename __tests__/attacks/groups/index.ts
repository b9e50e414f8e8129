import type { Group } from '../attack.ts';
import { execution } from './execution.ts';
import { echoed, forbiddenRequests, overLimit, uncharged } from './gateway.ts';
import { outbox } from './outbox.ts';
import { ownGit, ownGitAstray } from './own-git.ts';
import { room } from './room.ts';
import { fileTools } from './tools.ts';

/** All that is tried; what takes longest comes first. */
export const groups: readonly Group[] = [
  room,
  fileTools,
  execution,
  outbox,
  ownGit,
  ownGitAstray,
  // The gateway.
  forbiddenRequests,
  overLimit,
  uncharged,
  echoed,
];
