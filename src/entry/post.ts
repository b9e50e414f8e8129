import './no-inspector.ts';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as core from '@actions/core';
import { wipe } from '../room/room.ts';

// Whatever happened before, a SIGKILL of the main step included, no room outlives the job.
const scratch = core.getState('scratch');
try {
  if (scratch) await wipe(scratch);
  const home = join(process.env.RUNNER_TEMP ?? '/tmp', 'countersign');
  const left = (await readdir(home).catch(() => [])).filter((name) => name === basename(scratch));
  if (left.length > 0) core.warning(`Rooms are left in ${dirname(scratch)}: ${left.join(', ')}.`);
} catch (error) {
  core.setFailed(`The rooms in ${scratch} could not be wiped: ${(error as Error).message}.`);
}
