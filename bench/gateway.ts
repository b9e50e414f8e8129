import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { costUsd } from '../src/core/budget.ts';
import { connectAnthropic } from '../src/gateway/providers/anthropic.ts';
import { openGateway } from '../src/gateway/server.ts';
import type { Row } from './main.ts';
import { median, times } from './median.ts';

const runs = 5;
const paced = 500;
const flood = 20_000;
const model = 'claude-opus-5-5';

/** What the gateway costs a stream, beside the same SDK at the same API without it; each in a process of its own. */
export async function measureGateway(scratch: string): Promise<Row[]> {
  const api = spawn(process.execPath, ['bench/stream-model.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(api.stdout, 'data')) as [Buffer];
  const baseUrl = `http://127.0.0.1:${String(port).trim()}`;
  const socket = join(scratch, 'gateway.sock');
  const { send, secrets } = await connectAnthropic(
    { provider: 'anthropic', baseUrl, apiKey: 'key' },
    async () => '',
  );
  const gateway = await openGateway({
    socket,
    token: 'token',
    model,
    runsPrograms: true,
    costUsd: (tokens) => costUsd(model, tokens),
    limits: { seconds: 3600, turns: 1000, tokens: 1e9, costUsd: 1e6 },
    send,
    secrets,
    now: () => new Date(),
    say: () => {},
  });
  try {
    const samples = { paced: { ours: [], direct: [] }, flood: { ours: [], direct: [] } } as Samples;
    for (let run = 0; run < runs; run += 1) {
      for (const [pace, count] of [
        ['paced', paced],
        ['flood', flood],
      ] as const) {
        samples[pace].direct.push(await stream(`${pace} ${count}`, baseUrl));
        samples[pace].ours.push(await stream(`${pace} ${count}`, 'http://gateway', socket));
      }
    }
    const of = (pace: keyof Samples, who: 'ours' | 'direct', what: keyof Sample): number =>
      median(samples[pace][who].map((sample) => sample[what]));
    const [late, direct] = [of('paced', 'ours', 'latency'), of('paced', 'direct', 'latency')];
    const [rate, directRate] = [of('flood', 'ours', 'rate'), of('flood', 'direct', 'rate')];
    const perSecond = (figure: number): string => `${Math.round(figure / 1000)}k events/s`;
    return [
      {
        what: `latency of a streamed event (median of ${paced})`,
        ours: `${late.toFixed(2)} ms`,
        reference: `${direct.toFixed(2)} ms (no gateway)`,
        ratio: times(late / direct),
        aim: '',
      },
      {
        what: 'added by the gateway to an event',
        ours: `${(late - direct).toFixed(2)} ms`,
        reference: '',
        ratio: '',
        aim: '',
      },
      {
        what: `throughput of a stream of ${flood.toLocaleString('en')} events`,
        ours: perSecond(rate),
        reference: `${perSecond(directRate)} (no gateway)`,
        ratio: times(rate / directRate),
        aim: '',
      },
    ];
  } finally {
    await gateway.close();
    api.kill();
  }
}

interface Sample {
  latency: number;
  rate: number;
}
type Samples = Record<'paced' | 'flood', Record<'ours' | 'direct', Sample[]>>;

async function stream(...argv: string[]): Promise<Sample> {
  const client = spawn(process.execPath, ['bench/stream-client.ts', ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(await text(client.stdout));
}
