import { text } from 'node:stream/consumers';
import { exits, job } from '../../core/job.ts';
import { runSession } from './conversation.ts';
import type { Toolset } from './toolset.ts';

/** The whole life of a session's process: its job on standard input, its end as an exit code. */
export async function runSessionProcess(kit: Toolset): Promise<void> {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  let code: number = exits.crashed;
  try {
    code = await runSession(kit, job.parse(JSON.parse(await text(process.stdin))), stop.signal);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
  }
  // A tool's background process must not keep the session alive.
  process.exit(code);
}
