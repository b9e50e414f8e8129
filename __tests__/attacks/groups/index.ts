import type { Group } from '../attack.ts';
import { room } from './room.ts';

/** All that is tried. */
export const groups: readonly Group[] = [room];
