import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { type Draft, decode, encode } from '../../src/core/document.ts';
import { append, type Ledger } from '../../src/core/ledger.ts';
import type { Artifact } from '../stand-ins/github/index.ts';
import type { RunResult } from '../stand-ins/runner.ts';
import { bash, finding, findings, repair, session } from '../stand-ins/sums.ts';
import {
  documents,
  errors,
  everything,
  ledgerOf,
  type RunMore,
  type Scene,
  type SceneRun,
  scenario,
} from './scene.ts';

const readOnly = { contents: 'read', pull_requests: 'read' } as const;
const noKey = { 'anthropic-api-key': '', 'anthropic-base-url': 'http://127.0.0.1:9' };

/** Two jobs of one workflow run; the second is given a digest of what the first has left. */
function jobs(stage: SceneRun): { propose: RunMore; apply: (digest: string) => RunMore } {
  const job = (name: string) => ({
    artifacts: { runtimeToken: stage.github.createRuntimeToken('run-1', name) },
    job: name,
  });
  return {
    propose: { ...job('propose'), inputs: { phase: 'propose' } },
    apply: (digest) => ({
      ...job('apply'),
      inputs: { phase: 'apply', ...noKey, 'ledger-digest': digest },
    }),
  };
}

/** What the workflow passes on from the job that proposed. */
const digestOf = ({ outputs }: RunResult): string => outputs['ledger-digest']!;

/** From here on the scene's token may write. */
function mayWrite(stage: SceneRun, scene: Scene): void {
  scene.token = stage.github.createToken({
    permissions: everything,
    repositories: [scene.repository.fullName],
  });
}

describe('in two jobs', () => {
  scenario('`propose` needs no permission to write, `apply` no model: together they fix', async (stage) => {
    const scene = await stage.scene({ permissions: readOnly });
    stage.model.add(session(bash("printf '\\000\\377' > logo.bin; chmod +x sum.js"), ...repair));
    const { propose, apply } = jobs(stage);
    const proposed = await scene.run('fix', propose);
    expect([proposed.exitCode, proposed.outputs.outcome]).toEqual([0, 'proposed']);
    expect(proposed.summary).toContain('**Proposed, not yet applied**');
    expect(scene.tip()).toBe(scene.head);
    expect(stage.github.comments(scene.pull)).toEqual([]);
    expect(stage.github.artifacts().map(({ name }) => name)).toEqual([
      `countersign-ledger-${proposed.outputs['task-id']}`,
    ]);
    expect(
      stage.github.requests.filter(({ method, path }) => method !== 'GET' && path.startsWith('/repos')),
    ).toEqual([]);

    mayWrite(stage, scene);
    const before = stage.model.requests.length;
    const applied = await scene.run('fix', apply(digestOf(proposed)));
    expect([applied.exitCode, applied.outputs.outcome]).toEqual([0, 'fixed']);
    expect(applied.outputs['commit-sha']).toBe(scene.tip());
    expect(scene.read('sum.js')).toBe('exports.sum = (a, b) => a + b;\n');
    expect(stage.github.comments(scene.pull)[0]!.body).toContain('**Fixed**');
    expect(stage.model.requests).toHaveLength(before);
    expect(ledgerOf(applied).slice(0, ledgerOf(proposed).length)).toEqual(ledgerOf(proposed));
  });

  scenario('they review', async (stage) => {
    const scene = await stage.scene({ permissions: readOnly });
    stage.model.add(session(findings([finding()])));
    const { propose, apply } = jobs(stage);
    const proposed = await scene.run('review', propose);
    expect([proposed.exitCode, proposed.outputs.outcome]).toEqual([0, 'proposed']);
    mayWrite(stage, scene);
    const applied = await scene.run('review', apply(digestOf(proposed)));
    expect([applied.exitCode, applied.outputs.outcome]).toEqual([1, 'fail']);
    expect(stage.github.reviews(scene.pull)[0]!.comments).toHaveLength(1);
    expect(stage.github.checkRuns(scene.repository)[0]!.conclusion).toBe('failure');
  });

  scenario('a head that has moved in between is left alone', async (stage) => {
    const scene = await stage.scene({ permissions: readOnly });
    stage.model.add(session(...repair));
    const { propose, apply } = jobs(stage);
    const proposed = await scene.run('fix', propose);
    mayWrite(stage, scene);
    const { head } = scene;
    const newer = scene.push({ 'other.js': '' });
    scene.head = head;
    const applied = await scene.run('fix', apply(digestOf(proposed)));
    expect(['noop', 'stale']).toContain(applied.outputs.outcome);
    expect(scene.tip()).toBe(newer);
  });

  scenario('what could not be proposed is not applied', async (stage) => {
    const scene = await stage.scene({ permissions: readOnly });
    stage.model.add({ forever: { stop_reason: 'refusal', text: 'No.' } });
    const { propose, apply } = jobs(stage);
    const proposed = await scene.run('fix', {
      ...propose,
      inputs: { ...propose.inputs, 'max-attempts': '1' },
    });
    expect([proposed.exitCode, proposed.outputs.outcome]).toEqual([1, 'gave-up']);
    mayWrite(stage, scene);
    const applied = await scene.run('fix', apply(digestOf(proposed)));
    expect([applied.exitCode, applied.outputs.outcome]).toEqual([1, 'gave-up']);
    expect(stage.github.comments(scene.pull)[0]!.body).toContain('**Not fixed: gave up**');
    expect(scene.tip()).toBe(scene.head);
  });
});

describe('`apply`', () => {
  scenario('without a ledger says which job has to run before', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('fix', jobs(stage).apply('0'.repeat(64)));
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toContain('There is no ledger to apply');
    expect(errors(result)).toContain('the job with `phase: propose` has to run before');
    expect(result.summary).toContain('There is no ledger to apply');
  });

  const harms: Record<string, (directory: string) => void> = {
    'with another change in its patch': (directory) =>
      edit(directory, /patch\.md$/, (text) =>
        text.replace('+exports.sum = (a, b) => a + b;', '+exports.sum = () => steal();'),
      ),
    'with another verdict': (directory) =>
      edit(directory, /verdict\.md$/, (text) => text.replace('verdict: refused', 'verdict: fixed')),
    'without its facts': (directory) => {
      for (const name of readdirSync(directory)) if (/facts\.md$/.test(name)) rmSync(join(directory, name));
    },
    'with a document that is none': (directory) =>
      writeFileSync(join(directory, '0002-facts.md'), '---\nkind: facts\n---\n'),
  };
  for (const [how, harm] of Object.entries(harms)) {
    scenario(`refuses a ledger ${how}`, async (stage) => {
      const scene = await stage.scene({ permissions: readOnly });
      const refusedPatch = bash('mkdir -p .github/workflows; echo on: push > .github/workflows/ci.yml');
      stage.model.add(session(...(how.includes('verdict') ? [refusedPatch] : []), ...repair));
      const { propose, apply } = jobs(stage);
      const proposed = await scene.run('fix', propose);
      repack(stage.github.artifacts()[0]!, harm);
      mayWrite(stage, scene);
      const result = await scene.run('fix', apply(digestOf(proposed)));
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'refused']);
      expect(errors(result)).toMatch(/^The ledger in .* was changed or damaged, so it is refused/);
      expect(scene.tip()).toBe(scene.head);
      expect(stage.github.comments(scene.pull)).toEqual([]);
    });
  }

  const forgeries: Record<string, [(draft: Record<string, unknown>) => void, RegExp]> = {
    'a verdict of its own': [
      (draft) => {
        const id = (draft.effects as { key: string }[] | undefined)?.[0]?.key.split('/')[0];
        if (draft.kind === 'verdict')
          Object.assign(draft, {
            verdict: 'fixed',
            reasons: [],
            effects: [{ type: 'push', key: `${id}/push` }],
          });
      },
      /is protected/,
    ],
    'another pull request': [
      (draft) => {
        if (draft.kind === 'task') Object.assign(draft, { pull: 99, subject: 'pull/99' });
      },
      /about another task/,
    ],
  };
  for (const [what, [forge, why]] of Object.entries(forgeries)) {
    scenario(`does not believe a ledger whose every digest is right in ${what}`, async (stage) => {
      const scene = await stage.scene({ permissions: readOnly });
      stage.model.add(session(bash('mkdir .claude; echo {} > .claude/settings.json'), ...repair));
      const { propose, apply } = jobs(stage);
      const proposed = await scene.run('fix', propose);
      expect(proposed.outputs.outcome).toBe('refused');
      let digest = '';
      repack(stage.github.artifacts()[0]!, (directory) => {
        digest = rewrite(directory, forge);
      });
      mayWrite(stage, scene);
      // As if the job that proposed had been talked into naming it.
      const result = await scene.run('fix', apply(digest));
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'refused']);
      expect(errors(result)).toMatch(why);
      expect(scene.tip()).toBe(scene.head);
    });
  }
});

scenario(
  'a ledger whose facts are forged, with every digest right, is refused by the digest that was passed on',
  async (stage) => {
    const scene = await stage.scene({ permissions: readOnly });
    stage.model.add(session(findings([finding()])));
    const { propose, apply } = jobs(stage);
    const proposed = await scene.run('review', propose);
    const digest = digestOf(proposed);
    expect(digest).toBe(ledgerOf(proposed).at(-1)!.digest);
    repack(stage.github.artifacts()[0]!, (directory) =>
      rewrite(directory, (draft) => {
        if (draft.kind === 'findings') draft.findings = [];
        if (draft.kind === 'verdict') Object.assign(draft, { verdict: 'pass', outcome: 'pass', reasons: [] });
      }),
    );
    mayWrite(stage, scene);
    const result = await scene.run('review', apply(digest));
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'refused']);
    expect(errors(result)).toContain('does not end with ledger-digest');
    expect(stage.github.checkRuns(scene.repository)).toEqual([]);
  },
);

scenario(
  '`apply` without a digest is refused before it asks anyone anything, in one line that says how to pass it on',
  async (stage) => {
    const scene = await stage.scene({ permissions: readOnly });
    stage.model.add(session(findings([])));
    const { propose, apply } = jobs(stage);
    await scene.run('review', propose);
    mayWrite(stage, scene);
    const before = stage.github.requests.length;
    const result = await scene.run('review', apply(''));
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toMatch(/^Input ledger-digest: it is empty, [^\n]*$/);
    expect(errors(result)).toContain('${{ needs.JOB.outputs.ledger-digest }}');
    expect(stage.github.requests).toHaveLength(before);
    expect(stage.github.checkRuns(scene.repository)).toEqual([]);
  },
);

describe('a run that finds the ledger of an earlier one on the machine', () => {
  scenario('publishes nothing twice, and asks no model again', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(findings([finding()])));
    const first = await scene.run('review');
    const before = ledgerOf(first);
    const again = await scene.run('review', { temp: first.temp });
    expect([again.exitCode, again.outputs.outcome]).toEqual([1, 'fail']);
    expect(stage.github.checkRuns(scene.repository)).toHaveLength(1);
    expect(stage.github.reviews(scene.pull)).toHaveLength(1);
    expect(stage.github.comments(scene.pull)).toHaveLength(1);
    expect(ledgerOf(again).slice(0, before.length)).toEqual(before);
    const later = documents(again, 'receipt').slice(-3);
    expect(later.map(({ status }) => status)).toEqual(['already', 'already', 'already']);
  });

  scenario('does not believe it in a verdict, though every digest is right', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(findings([finding()])));
    const first = await scene.run('review');
    rewrite(first.outputs.ledger!, (draft) => {
      if (draft.kind !== 'verdict') return;
      const effects = (draft.effects as { type: string }[]).map((effect) =>
        effect.type === 'check' ? { ...effect, conclusion: 'success' } : effect,
      );
      Object.assign(draft, { verdict: 'pass', reasons: [], effects });
    });
    const again = await scene.run('review', { temp: first.temp });
    expect([again.exitCode, again.outputs.outcome]).toEqual([1, 'fail']);
    expect(stage.github.checkRuns(scene.repository)[0]!.conclusion).toBe('failure');
  });

  scenario('keeps one aside that is about another pull request, and begins anew', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(findings([finding()])), session(findings([finding()])));
    const first = await scene.run('review');
    rewrite(first.outputs.ledger!, (draft) => {
      if (draft.kind === 'task') Object.assign(draft, { pull: 99, subject: 'pull/99' });
    });
    const again = await scene.run('review', { temp: first.temp });
    expect([again.exitCode, again.outputs.outcome]).toEqual([1, 'fail']);
    expect(documents(again, 'task')[0]).toMatchObject({ pull: scene.pull.number });
    expect(stage.github.checkRuns(scene.repository)).toHaveLength(1);
  });
});

/** Writes a ledger anew, with the chain in order again, and gives the digest that it ends with now. */
function rewrite(directory: string, change: (draft: Record<string, unknown>) => void): string {
  let ledger: Ledger = [];
  for (const name of readdirSync(directory).sort()) {
    if (!name.endsWith('.md')) continue;
    const {
      seq: _,
      prev: _prev,
      digest: _digest,
      at,
      ...draft
    } = decode(readFileSync(join(directory, name), 'utf8'));
    change(draft);
    ledger = append(ledger, draft as Draft, new Date(at));
    writeFileSync(join(directory, name), encode(ledger.at(-1)!));
  }
  return ledger.at(-1)!.digest;
}

function edit(directory: string, name: RegExp, change: (text: string) => string): void {
  const file = join(directory, readdirSync(directory).find((each) => name.test(each))!);
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
}

/** Changes what is in an artifact's archive, as one could who may write artifacts. */
function repack(artifact: Artifact, change: (directory: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'countersign-repack-'));
  try {
    const directory = join(root, 'ledger');
    mkdirSync(directory);
    writeFileSync(join(root, 'in.zip'), artifact.bytes);
    execFileSync('python3', ['-m', 'zipfile', '-e', join(root, 'in.zip'), directory]);
    change(directory);
    execFileSync(
      'python3',
      ['-m', 'zipfile', '-c', join(root, 'out.zip'), ...readdirSync(directory).sort()],
      { cwd: directory },
    );
    artifact.bytes = readFileSync(join(root, 'out.zip'));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
