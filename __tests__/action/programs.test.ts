import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from '@jest/globals';
import { finding, findings, repair, session } from '../stand-ins/sums.ts';
import { type SceneRun, scenario, shown } from './scene.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Program = 'generator' | 'reviewer';

const trace = (program: Program): string => `STARTED-${program}`;

/** A session's program that tells the model that it was started, which is all that it can tell, and gives up. */
const tracer = (program: Program): string => `
const { request } = require('node:http');
const { text } = require('node:stream/consumers');
text(process.stdin).then((given) => {
  const job = JSON.parse(given);
  const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': job.token };
  const outgoing = request({ socketPath: job.gateway, method: 'POST', path: '/v1/messages', headers }, (incoming) => {
    // "No proposal": src/core/job.ts.
    incoming.resume().on('close', () => process.exit(3));
  });
  const messages = [{ role: 'user', content: '${trace(program)}' }];
  outgoing.end(JSON.stringify({ model: job.model, max_tokens: 100, messages }));
});
`;

/** The built action, in which one of the two programs of a session is a tracer. */
async function withTracer(program: Program, act: (actionDir: string) => Promise<void>): Promise<void> {
  const actionDir = mkdtempSync(join(tmpdir(), 'action-'));
  try {
    mkdirSync(join(actionDir, 'dist'));
    const parts = ['index.js', 'post.js', 'relay.js', 'generator.js', 'reviewer.js', 'package.json'];
    for (const path of ['action.yml', ...parts.map((name) => `dist/${name}`)])
      copyFileSync(join(root, path), join(actionDir, path));
    writeFileSync(join(actionDir, `dist/${program}.js`), tracer(program));
    await act(actionDir);
  } finally {
    rmSync(actionDir, { recursive: true });
  }
}

const tracesOf = ({ model }: SceneRun, program: Program): number =>
  model.requests.filter((request) => shown(request).includes(trace(program))).length;

describe('each role has a program of its own:', () => {
  scenario('`agent: review` never starts generator.js', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(findings([finding()])));
    await withTracer('generator', async (actionDir) => {
      const { outputs } = await scene.run('review', { actionDir });
      expect(outputs).toMatchObject({ outcome: 'fail', findings: '1' });
    });
    expect(tracesOf(stage, 'generator')).toBe(0);
    expect(stage.model.sessions).toHaveLength(1);
  });

  scenario('`agent: fix` never starts reviewer.js', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(...repair));
    await withTracer('reviewer', async (actionDir) => {
      const { outputs } = await scene.run('fix', { actionDir });
      expect(outputs.outcome).toBe('fixed');
    });
    expect(tracesOf(stage, 'reviewer')).toBe(0);
    expect(stage.model.sessions).toHaveLength(1);
  });

  for (const [agent, program] of [
    ['review', 'reviewer'],
    ['fix', 'generator'],
  ] as const) {
    scenario(
      `\`agent: ${agent}\` starts ${program}.js and no other, and its word is all it has`,
      async (stage) => {
        const scene = await stage.scene();
        stage.model.add({ forever: { text: 'Who is there?' } });
        await withTracer(program, async (actionDir) => {
          const result = await scene.run(agent, { actionDir, inputs: { 'max-attempts': '1' } });
          expect(result.exitCode).toBe(1);
          expect(['pass', 'fixed']).not.toContain(result.outputs.outcome);
        });
        expect(tracesOf(stage, program)).toBeGreaterThan(0);
        expect(stage.model.sessions).toHaveLength(tracesOf(stage, program));
      },
    );
  }
});
