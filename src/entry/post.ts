import './no-inspector.ts';
import * as core from '@actions/core';
import { wipe } from '../room/room.ts';

// Whatever happened before, a SIGKILL of the main step included, no room outlives the job.
const scratch = core.getState('scratch');
if (scratch) {
  wipe(scratch).catch((error: Error) => {
    core.setFailed(`The rooms in ${scratch} could not be wiped: ${error.message}.`);
  });
}
