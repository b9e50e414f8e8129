import { letsWin } from './without.ts';

letsWin('gateway');
