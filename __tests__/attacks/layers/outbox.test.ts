import { letsWin } from './without.ts';

letsWin('outbox');
