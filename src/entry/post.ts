import '../room/no-inspector.ts';
import { basename, dirname, join } from 'node:path';
import * as core from '@actions/core';
import { wipe } from '../room/room.ts';

// Whatever happened before, a SIGKILL of the main step included, no room outlives the job.
const scratch = core.getState('scratch');
const home = join(process.env.RUNNER_TEMP ?? '/tmp', 'countersign');
// A variable of the job could pose as the state; only what a run makes is deleted.
if (dirname(scratch) === home && /^run-\d+$/.test(basename(scratch))) {
  wipe(scratch).catch((error: Error) => {
    core.setFailed(`The rooms in ${scratch} could not be wiped: ${error.message}.`);
  });
}
