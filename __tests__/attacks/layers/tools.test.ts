import { letsWin } from './without.ts';

letsWin('tools');
