import { newest, taskOf } from '../../../src/core/ledger.ts';
import type * as real from '../../../src/views/commit.ts';

export const commitMessage: typeof real.commitMessage = (ledger) => {
  const patch = newest(ledger, 'patch');
  const { id, agent } = taskOf(ledger);
  return `${patch?.title}\n\n${patch?.summary}\n\nCountersign-Task: ${id}\nCountersign-Agent: ${agent}`;
};
