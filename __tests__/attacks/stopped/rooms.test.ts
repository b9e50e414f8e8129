import { stopsEveryAttack } from './every-attack.ts';

stopsEveryAttack('rooms');
