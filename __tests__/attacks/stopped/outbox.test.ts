import { stopsEveryAttack } from './every-attack.ts';

stopsEveryAttack('outbox');
