import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Row } from './main.ts';
import { mb, median, ms, times } from './median.ts';
import { makeRepository } from './repository.ts';
import { startReview } from './review.ts';

const runs = 15;

/** From process start to the first request at the model, sandbox on, beside a bare Node and a local clone. */
export async function measureStart(scratch: string): Promise<Row[]> {
  const repository = makeRepository(join(scratch, 'start'), 50, 20);
  const ours: number[] = [];
  const baseline: number[] = [];
  const memory: { trusted: number; room: number }[] = [];
  for (let run = 0; run < runs; run += 1) {
    const first = Promise.withResolvers<number>();
    const server = createServer((_request, response) => {
      first.resolve(performance.now());
      memory.push(peaks());
      response.writeHead(401).end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const started = performance.now();
    const child = startReview(repository, server);
    ours.push((await first.promise) - started);
    await once(child, 'close');
    server.close();
    const before = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    spawnSync('git', ['clone', '--quiet', '--local', repository, join(scratch, 'clone')]);
    baseline.push(performance.now() - before);
    rmSync(join(scratch, 'clone'), { recursive: true });
  }
  const bare = spawnSync(process.execPath, ['-p', 'process.resourceUsage().maxRSS * 1024'], {
    encoding: 'utf8',
  });
  const reference = Number(bare.stdout);
  const peak = (what: string, of: 'trusted' | 'room'): Row => {
    const most = Math.max(...memory.map((sample) => sample[of]));
    return {
      what,
      ours: mb(most),
      reference: `${mb(reference)} (bare Node)`,
      ratio: times(most / reference),
      aim: '',
    };
  };
  return [
    {
      what: 'start to first model request, sandbox on',
      ours: ms(median(ours)),
      reference: `${ms(median(baseline))} (node -e 0, git clone --local)`,
      ratio: times(median(ours) / median(baseline)),
      aim: '3x',
    },
    peak('peak memory, trusted process', 'trusted'),
    peak("peak memory, session's process", 'room'),
  ];
}

/** The most memory that the trusted process and the session's have held so far, in bytes: VmHWM of proc(5). */
function peaks(): { trusted: number; room: number } {
  const found = { trusted: 0, room: 0 };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const kilobytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
      if (command[1] === 'dist/cli.js') found.trusted = Math.max(found.trusted, kilobytes * 1024);
      if (command[0] === '/countersign/node') found.room = Math.max(found.room, kilobytes * 1024);
    } catch {
      // The process has ended since it was listed.
    }
  }
  return found;
}
