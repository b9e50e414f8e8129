import { stopsEveryAttack } from './every-attack.ts';

stopsEveryAttack('own-git');
