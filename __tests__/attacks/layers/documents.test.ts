import { letsWin } from './without.ts';

letsWin('documents');
