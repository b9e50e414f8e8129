import './quick-start.ts';
import { generatorKit } from '../engines/kit.ts';
import { runSessionProcess } from './session-process.ts';

runSessionProcess(generatorKit);
