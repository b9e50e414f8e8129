import { letsWin } from './without.ts';

letsWin('escapes', 'input');
