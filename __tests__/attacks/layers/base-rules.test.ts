import { letsWin } from './without.ts';

letsWin('base-rules');
