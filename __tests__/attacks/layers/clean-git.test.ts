import { letsWin } from './without.ts';

letsWin('clean-git');
