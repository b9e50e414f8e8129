import { letsWin } from './without.ts';

letsWin('event-trust');
