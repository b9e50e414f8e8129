import { runSessionProcess } from './session-process.ts';

await runSessionProcess('generator');
