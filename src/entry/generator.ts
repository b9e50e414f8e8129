import '../core/zod-jitless.ts';
import { runSessionProcess } from '../engines/sdk/session-process.ts';
import { generatorKit } from '../engines/sdk/toolset.ts';

runSessionProcess(generatorKit);
