import { letsWin } from './without.ts';

letsWin('effects');
