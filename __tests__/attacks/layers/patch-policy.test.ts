import { letsWin } from './without.ts';

letsWin('patch-policy');
