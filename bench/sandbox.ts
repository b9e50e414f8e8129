import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { toolsOf } from '../src/room/environment.ts';
import { prepareSandbox } from '../src/room/install.ts';
import { runProcess } from '../src/room/process.ts';
import { sandboxed } from '../src/room/sandbox.ts';
import type { Row } from './main.ts';
import { median, ms, times } from './median.ts';

const runs = 30;

/** What shutting a program in costs, beside the same program as a plain process. */
export async function measureSandbox(scratch: string): Promise<Row[]> {
  const host = {
    platform: process.platform,
    path: process.env.PATH!,
    isRoot: process.getuid?.() === 0,
    mayInstall: false,
    signal: new AbortController().signal,
    say: () => {},
    warn: () => {},
  };
  const before = performance.now();
  const sandbox = await prepareSandbox('require', host);
  const prepared = performance.now() - before;
  if (sandbox === 'none') throw new Error('there is no sandbox to measure');
  const home = join(scratch, 'home');
  mkdirSync(home);
  const tools = toolsOf({ path: host.path, home: homedir(), hidden: [] });
  const view = {
    binds: [{ from: home, at: '/room/home', writable: true }],
    environment: { PATH: tools.path },
    cwd: '/room/home',
  };
  const options = { cwd: '/', timeoutSeconds: 60 };
  const inside = { ...options, ...(sandbox.filter && { fd3Input: sandbox.filter }) };
  const ours: number[] = [];
  const plain: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    ours.push((await runProcess(sandboxed(sandbox, tools, view, ['/bin/true']), {}, inside)).seconds * 1000);
    plain.push((await runProcess(['/bin/true'], {}, options)).seconds * 1000);
  }
  return [
    {
      what: `start of a program in the sandbox (median of ${runs})`,
      ours: ms(median(ours)),
      reference: `${ms(median(plain))} (plain spawn)`,
      ratio: times(median(ours) / median(plain)),
      aim: '',
    },
    {
      what: 'trying the sandbox out, once a run',
      ours: ms(prepared),
      reference: `${ms(median(plain))} (plain spawn)`,
      ratio: times(prepared / median(plain)),
      aim: '',
    },
  ];
}
