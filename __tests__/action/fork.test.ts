import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { git } from '../stand-ins/laptop.ts';
import { bash, finding, findings, handIn, project, put, repair, session } from '../stand-ins/sums.ts';
import { documents, errors, scenario } from './scene.ts';

describe('a fork that can’t be pushed to', () => {
  scenario(
    'gets the fix as a patch: an artifact, a comment that says how to apply it, and a failing job',
    async (stage) => {
      const base = { ...project, 'logo.bin': Buffer.from([0, 1, 2, 255]) };
      const scene = await stage.scene({ forkOf: true, base });
      stage.model.add(
        session(bash("printf '\\000\\377' > logo.bin; printf 'ä\\n' > 'ein täst.txt'"), ...repair),
      );
      const result = await scene.run('fix', { artifacts: true });
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'patch']);
      expect(scene.tip()).toBe(scene.head);
      expect(result.outputs['commit-sha']).toBe('');

      const [artifact, ...more] = stage.github.artifacts();
      expect(more).toEqual([]);
      const [comment] = stage.github.comments(scene.pull);
      expect(comment!.body).toContain('**Fixed, but only as a patch**');
      expect(readFileSync(result.outputs['comment-file']!, 'utf8')).toContain(
        '**Fixed, but only as a patch**',
      );
      expect(result.summary).toContain('**Fixed, but only as a patch**');

      const commands = comment!.body.match(/```sh\n([^`]*)\n```/)![1]!.split('\n');
      expect(commands[0]).toBe(`gh pr checkout ${scene.pull.number} --repo ${scene.repository.fullName}`);
      const clone = mkdtempSync(join(tmpdir(), 'countersign-clone-'));
      try {
        const work = join(clone, 'work');
        git(clone, ['clone', '-q', '-b', 'changes', scene.fork!.path, work]);
        const download = commands[1]!.match(
          /^gh run download (\d+ )?--repo (\S+) --name (\S+) --dir (\S+)$/,
        )!;
        expect(download[3]).toBe(artifact!.name);
        writeFileSync(join(clone, 'artifact.zip'), artifact!.bytes);
        execFileSync('python3', ['-m', 'zipfile', '-e', join(clone, 'artifact.zip'), download[4]!], {
          cwd: work,
        });
        expect(commands[2]).toMatch(/^git apply --index /);
        execFileSync('sh', ['-c', commands[2]!], { cwd: work });
        expect(git(work, ['write-tree'])).toBe(documents(result, 'patch')[0]!.tree);
      } finally {
        rmSync(clone, { recursive: true, force: true });
      }
    },
  );

  scenario('gets the fix in the ledger where the runner has no artifact service', async (stage) => {
    const scene = await stage.scene({ forkOf: true });
    stage.model.add(session(...repair));
    const result = await scene.run('fix');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'patch']);
    expect(stage.github.comments(scene.pull)[0]!.body).toContain('The patch is in the ledger');
    expect(documents(result, 'patch')[0]!.body).toContain('+exports.sum = (a, b) => a + b;');
  });

  scenario('is written to when the token may', async (stage) => {
    const scene = await stage.scene({
      forkOf: true,
      tokenOptions: { login: 'maintainer', repositories: undefined as never },
    });
    stage.model.add(session(...repair));
    const result = await scene.run('fix');
    expect([result.exitCode, result.outputs.outcome]).toEqual([0, 'fixed']);
    expect(scene.tip()).toBe(result.outputs['commit-sha']);
  });

  scenario('still gets its review', async (stage) => {
    const scene = await stage.scene({ forkOf: true });
    stage.model.add(session(findings([finding()])));
    const result = await scene.run('review');
    expect(result.outputs.outcome).toBe('fail');
    expect(stage.github.reviews(scene.pull)[0]!.comments).toHaveLength(1);
  });
});

describe('a head that is pushed over while a session runs', () => {
  scenario('leaves a fix unpublished: the run is stale and changes nothing', async (stage) => {
    const scene = await stage.scene();
    const head = scene.head;
    let newer = '';
    stage.model.add(
      session(repair[0]!, () => {
        scene.laptop.branch('changes', 'main');
        newer = scene.push({ 'other.js': 'exports.other = 1;\n' }, 'Something else');
        scene.head = head;
        return handIn();
      }),
    );
    const result = await scene.run('fix');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'stale']);
    expect(scene.tip()).toBe(newer);
    expect(stage.github.comments(scene.pull)).toEqual([]);
    expect(result.summary).toContain('**Out of date: the branch has moved**');
    expect(errors(result)).toContain('Out of date');
  });

  scenario('leaves a review unpublished', async (stage) => {
    const scene = await stage.scene();
    const head = scene.head;
    stage.model.add(
      session(() => {
        scene.push({ 'other.js': 'exports.other = 1;\n' }, 'Something else');
        scene.head = head;
        return findings([finding()]);
      }),
    );
    const result = await scene.run('review');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'stale']);
    expect(stage.github.reviews(scene.pull)).toEqual([]);
    expect(stage.github.checkRuns(scene.repository)).toEqual([]);
    expect(stage.github.comments(scene.pull)).toEqual([]);
  });

  scenario('also in the very moment before the branch is moved', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(...repair));
    const head = scene.head;
    let newer = '';
    stage.github.onRequest({ method: 'PATCH', path: /\/git\/refs\//, times: 1 }, () => {
      newer = scene.push({ 'other.js': 'exports.other = 1;\n' }, 'Something else');
      scene.head = head;
    });
    const result = await scene.run('fix');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'stale']);
    expect(scene.tip()).toBe(newer);
  });

  scenario(
    'is no reason to stop where the pull request was closed instead: nothing is published either',
    async (stage) => {
      const scene = await stage.scene();
      stage.model.add(
        session(put('sum.js', project['sum.js'] as string), () => {
          scene.pull.issue.state = 'closed';
          return handIn();
        }),
      );
      const result = await scene.run('fix');
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'stale']);
      expect(scene.tip()).toBe(scene.head);
      expect(stage.github.comments(scene.pull)).toEqual([]);
    },
  );
});
