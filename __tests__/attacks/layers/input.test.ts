import { letsWin } from './without.ts';

letsWin('input');
