import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Conversation, fromFile, startModel } from '../../__tests__/stand-ins/model/index.ts';
import { nearest } from './keep.ts';
import type { Options, Repository } from './options.ts';
import { reader } from './reply-reader.ts';
import { paint, print } from './terminal.ts';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** Reviews a change of any repository with the command line; the exit code is the command line's. */
export async function judgeRepository(options: Options, repository: Repository): Promise<number> {
  const script = options.key === undefined ? readScript(repository.reply) : [];
  if ('misuse' in script) {
    process.stderr.write(`demo: ${script.misuse}\n`);
    return 2;
  }
  const report = resolve(options.output, 'reports', 'review.html');
  rmSync(report, { force: true });
  const model = options.key === undefined ? await startModel({ conversations: script }) : undefined;
  try {
    if (model) print("The model's replies are scripted; run with --live for the real model.");
    const baseUrl = model?.url ?? options.baseUrl;
    const code = await runCli(
      [
        ...['review', '-C', resolve(repository.path), '--base', repository.base, '--head', repository.head],
        ...['--report', report, '--sandbox', options.sandbox],
        ...(options.model ? ['--model', options.model] : []),
      ],
      {
        ...process.env,
        ANTHROPIC_API_KEY: options.key ?? model!.apiKey,
        ...(baseUrl && { ANTHROPIC_BASE_URL: baseUrl }),
      },
    );
    if (existsSync(report)) print(`Report: ${nearest(report)}`);
    const wrong = model?.violations ?? [];
    for (const what of wrong) print(paint('red', `The replies do not fit the run: ${what}`));
    return wrong.length > 0 ? Math.max(code, 1) : code;
  } finally {
    await model?.close();
  }
}

function readScript(file: string | undefined): Conversation[] | { misuse: string } {
  if (file === undefined) return [reader()];
  try {
    return fromFile(file);
  } catch (error) {
    const { issues, message } = error as Error & { issues?: { path: PropertyKey[]; message: string }[] };
    const issue = issues?.[0];
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : message.split('\n')[0];
    return { misuse: `--reply ${file} can't be used: ${why}.` };
  }
}

async function runCli(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, [cli, ...args], { env, stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; this process waits for it, so that the model goes away after it.
  const wait = (): void => undefined;
  process.on('SIGINT', wait);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code ?? 1;
  } finally {
    process.off('SIGINT', wait);
  }
}
