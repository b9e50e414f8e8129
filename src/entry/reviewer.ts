import '../core/zod-jitless.ts';
import { runSessionProcess } from '../engines/sdk/session-process.ts';
import { reviewerKit } from '../engines/sdk/toolset.ts';

runSessionProcess(reviewerKit);
