import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { bash, bug, findings, project, session } from '../stand-ins/sums.ts';
import { documents, errors, type RunMore, roomsIn, type SceneRun, scenario } from './scene.ts';

/** Sends a signal once a session's first request is at the model. */
const atTheModel = (stage: SceneRun, signal: NodeJS.Signals): RunMore => ({
  onSpawn: (child) =>
    void stage.model
      .arrived(() => true)
      .then(
        () => child.kill(signal),
        // The run has ended without asking the model anything; its result tells why.
        () => {},
      ),
});

/** Sends SIGTERM once, when the log has come so far. */
function atTheLine(words: string): NonNullable<RunMore['signalAfter']> {
  let sent = false;
  return (child, log) => {
    if (!sent && log.includes(words)) sent = child.kill('SIGTERM');
  };
}

describe('a run that is cancelled', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    for (const agent of ['fix', 'review']) {
      scenario(
        `(${signal}) while ${agent} waits for the model ends, leaves nothing and says that it was`,
        async (stage) => {
          const scene = await stage.scene();
          stage.model.add(session({ hang: true }));
          const result = await scene.run(agent, atTheModel(stage, signal));
          expect([result.exitCode, result.signal]).toEqual([1, null]);
          expect(errors(result)).toContain('cancelled');
          expect(result.summary).toContain('cancelled');
          expect(readFileSync(result.outputs['comment-file']!, 'utf8')).toContain('cancelled');
          expect(stage.github.reviews(scene.pull)).toEqual([]);
          expect(stage.github.checkRuns(scene.repository)).toEqual([]);
          expect(scene.tip()).toBe(scene.head);
        },
      );
    }
  }

  scenario('while the tests run ends, and the tests with it', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('fix', {
      inputs: { 'test-command': 'echo; sleep 600' },
      signalAfter: atTheLine('running echo'),
    });
    expect([result.exitCode, result.signal]).toEqual([1, null]);
    expect(errors(result)).toContain('cancelled');
  });

  scenario('while a command of the model runs ends, and the command with it', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(bash('(trap "" TERM INT HUP; sleep 600) & sleep 600')));
    const result = await scene.run('fix', {
      signalAfter: atTheLine('turn 1: bash'),
    });
    expect([result.exitCode, result.signal]).toEqual([1, null]);
    expect(errors(result)).toContain('cancelled');
  });
});

describe('a run that is killed', () => {
  scenario('while a session runs leaves its room to the post step, which wipes it', async (stage) => {
    stage.allow.summary = true;
    const scene = await stage.scene();
    stage.model.add(session({ hang: true }));
    const result = await scene.run('fix', atTheModel(stage, 'SIGKILL'));
    expect(result.signal).toBe('SIGKILL');
    expect(result.post).toMatchObject({ ran: true, exitCode: 0 });
    expect(roomsIn(result)).toEqual([]);
  });

  scenario(
    'leaves a room behind where there is no post step: it is the post step that wipes it',
    async (stage) => {
      stage.allow.summary = true;
      stage.allow.rooms = true;
      const scene = await stage.scene();
      stage.model.add(session({ hang: true }));
      const result = await scene.run('fix', { ...atTheModel(stage, 'SIGKILL'), skipPost: true });
      expect(roomsIn(result)).not.toEqual([]);
    },
  );
});

describe('a run whose process is poked at', () => {
  scenario('opens no debugger (SIGUSR1), and goes on', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(
      session(async () => {
        await new Promise((done) => setImmediate(done));
        return findings([]);
      }),
    );
    const result = await scene.run('review', atTheModel(stage, 'SIGUSR1'));
    expect(result.outputs.outcome).toBe('pass');
    expect(result.stderr).not.toContain('Debugger');
  });
});

describe('a disk that is full', () => {
  const sizes: Record<string, [number, RegExp]> = {
    'before the commits are there': [1, /No space left|is full/],
    'before a room is furnished': [5, /The disk that holds .* is full/],
  };
  for (const [when, [megabytes, why]] of Object.entries(sizes)) {
    scenario(`${when} ends the run in one sentence`, async (stage) => {
      const temp = mkdtempSync(join(tmpdir(), 'countersign-full-'));
      // Tests run as root, in CI through sudo: without a mount there is no full disk to try.
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', temp]);
      try {
        const scene = await stage.scene({ base: { ...project, 'big.bin': randomBytes(3 * 1024 * 1024) } });
        const result = await scene.run('review', { temp });
        expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
        expect(errors(result)).toMatch(why);
        expect(errors(result)).not.toContain('bug');
        expect(result.annotations.error).toHaveLength(1);
      } finally {
        execFileSync('umount', ['-l', temp]);
        rmSync(temp, { recursive: true, force: true });
      }
    });
  }
});

scenario('a ledger of a run that was stopped says how far it came', async (stage) => {
  const scene = await stage.scene({ head: { ...bug, 'more.js': '' } });
  stage.model.add({ turns: [{ status: 401 }] });
  const result = await scene.run('fix');
  expect(documents(result, 'usage')[0]).toMatchObject({ ended: 'api-error', requests: 1 });
  expect(documents(result, 'verdict')[0]).toMatchObject({ verdict: 'incomplete' });
});
