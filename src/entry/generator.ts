import '../core/zod-jitless.ts';
import { runSessionProcess } from '../engines/sdk/session-process.ts';
import { generatorToolset } from '../engines/sdk/toolset.ts';

runSessionProcess(generatorToolset);
