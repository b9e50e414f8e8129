import { letsWin } from './without.ts';

letsWin('sandbox', 'tools');
