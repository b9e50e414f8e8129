import '../core/zod-jitless.ts';
import { runSessionProcess } from '../engines/sdk/session-process.ts';
import { reviewerToolset } from '../engines/sdk/toolset.ts';

runSessionProcess(reviewerToolset);
