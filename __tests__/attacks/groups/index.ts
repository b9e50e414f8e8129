import type { Group } from '../attack.ts';
import { cheats } from './cheats.ts';
import { worldly } from './effects.ts';
import { escapes } from './escapes.ts';
import { execution } from './execution.ts';
import { echoed, forbiddenRequests, overLimit, uncharged } from './gateway.ts';
import { injection } from './injection.ts';
import { ledgers } from './ledgers.ts';
import { leftBehind } from './left-behind.ts';
import { outbox } from './outbox.ts';
import { ownGit, ownGitAstray } from './own-git.ts';
import { patches } from './patches.ts';
import { endless } from './resources.ts';
import { results } from './results.ts';
import { room } from './room.ts';
import { rules } from './rules.ts';
import { fileTools } from './tools.ts';
import { trust } from './trust.ts';
import { whispers } from './whispers.ts';

/** All that is tried; what takes longest comes first. */
export const groups: readonly Group[] = [
  room,
  outbox,
  endless,
  leftBehind,
  fileTools,
  execution,
  ownGit,
  ownGitAstray,
  forbiddenRequests,
  overLimit,
  uncharged,
  echoed,
  trust,
  rules,
  injection,
  patches,
  cheats,
  escapes,
  ledgers,
  results,
  worldly,
  whispers,
];
