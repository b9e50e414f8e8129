import { expect } from '@jest/globals';
import { git } from '../stand-ins/laptop.ts';
import { bug, findings, repair, session } from '../stand-ins/sums.ts';
import { scenario } from './scene.ts';

scenario(
  'review, as a second job of the run that fixed, judges the commit that fix has just made',
  async (stage) => {
    const scene = await stage.scene({ head: { ...bug, 'README.md': '# Sums, and differences\n' } });
    stage.model.add(session(...repair), session(findings([])));
    const fixed = await scene.run('fix');
    expect(fixed.outputs.outcome).toBe('fixed');

    // The same event: its payload still names the head that fix started from.
    const reviewed = await scene.run('review');
    expect(reviewed.exitCode).toBe(0);
    expect(reviewed.outputs.outcome).toBe('pass');
    const [check] = stage.github.checkRuns(scene.repository, fixed.outputs['commit-sha']);
    expect(check).toMatchObject({ conclusion: 'success' });
  },
);

scenario(
  'a commit that only looks like the work of fix is not judged in the place of the head of the event',
  async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(...repair));
    const fixed = await scene.run('fix');
    const [old, message] = [scene.head, `Mine\n\nCountersign-Task: ${fixed.outputs['task-id']}`];
    scene.laptop.branch('changes', old);
    scene.push({ 'sum.js': 'exports.sum = () => process.env;\n' }, message);
    const reviewed = await scene.run('review', { payload: { head: { ref: 'changes', sha: old } } });
    expect(reviewed.outputs.outcome).toBe('noop');
    expect(reviewed.summary).toContain('has moved');
  },
);

scenario(
  'a commit by somebody who writes the address of the bot into it is nobody else’s than theirs',
  async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(...repair));
    const fixed = await scene.run('fix');
    const old = scene.head;
    scene.laptop.branch('changes', old);
    const bot = '41898282+github-actions[bot]@users.noreply.github.com';
    const message = `Mine\n\nCountersign-Task: ${fixed.outputs['task-id']}\nCountersign-Agent: fix`;
    const author = `github-actions[bot] <${bot}>`;
    git(scene.laptop.directory, ['commit', '-q', '--allow-empty', '--author', author, '-m', message]);
    scene.laptop.push(scene.repository, 'changes');
    const reviewed = await scene.run('review', { payload: { head: { ref: 'changes', sha: old } } });
    expect(reviewed.outputs.outcome).toBe('noop');
    expect(reviewed.summary).toContain('has moved');
  },
);
