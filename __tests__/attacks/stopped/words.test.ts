import { stopsEveryAttack } from './every-attack.ts';

stopsEveryAttack('words');
