import type { Group } from '../attack.ts';
import { covertChannels } from './covert-channels.ts';
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
import { testTampering } from './test-tampering.ts';
import { fileTools } from './tools.ts';
import { trust } from './trust.ts';

/** What is tried, in the parts that test files share among themselves; what takes longest comes first in each. */
export const parts = {
  rooms: [room, endless, leftBehind, fileTools, execution],
  'own-git': [ownGit, ownGitAstray],
  outbox: [outbox, results, ledgers],
  gateway: [forbiddenRequests, overLimit, uncharged, echoed],
  words: [rules, injection, escapes, covertChannels],
  patches: [patches, testTampering],
  platform: [trust, worldly],
} satisfies Record<string, readonly Group[]>;

/** All that is tried. */
export const groups: readonly Group[] = Object.values(parts).flat();
