import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Model } from '../stand-ins/model/index.ts';

const bundle = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
  /** What it left in its folder for temporary files. */
  left: string[];
}

/** Runs the command line's bundle as a user would, with a folder for temporary files of its own. */
export async function countersign(model: Model, cwd: string, args: readonly string[]): Promise<Ended> {
  const temp = mkdtempSync(join(tmpdir(), 'cli-'));
  try {
    const child = spawn(process.execPath, [bundle, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        // The room's tests need a Node, and this one is there.
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
        HOME: process.env.HOME,
        TMPDIR: temp,
        ANTHROPIC_API_KEY: model.apiKey,
        ANTHROPIC_BASE_URL: model.url,
      },
    });
    const [stdout, stderr, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { exitCode, stdout, stderr, left: readdirSync(temp) };
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}
