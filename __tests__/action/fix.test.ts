import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect } from '@jest/globals';
import { git } from '../stand-ins/laptop.ts';
import { firstUserText, toolResults } from '../stand-ins/model/index.ts';
import { bash, bug, handIn, project, put, repair, session } from '../stand-ins/sums.ts';
import { documents, errors, ledgerOf, type SceneRun, scenario as stagePromise } from './scene.ts';

const broken = 'exports.sum = (a, b) => a - b;\n';
const repaired = 'exports.sum = (a, b) => a + b;\n';

/** Here a test runner is part of what is promised. */
const promise = (name: string, act: (stage: SceneRun) => Promise<void>): void =>
  stagePromise(name, (stage) => {
    stage.testCommand = 'node --test';
    return act(stage);
  });

describe('a pull request whose test fails', () => {
  promise(
    'gets one verified commit that repairs it, a comment, a report and a ledger that can be verified',
    async (stage) => {
      const scene = await stage.scene();
      stage.model.add(session(...repair));
      const result = await scene.run('fix');

      const { outputs } = result;
      const tip = scene.tip();
      expect([result.exitCode, result.conclusion]).toEqual([0, 'success']);
      expect(outputs).toMatchObject({
        outcome: 'fixed',
        'commit-sha': tip,
        'comment-file': '',
        findings: '0',
      });
      expect(Number(outputs.tokens)).toBeGreaterThan(0);
      expect(Number(outputs['cost-usd'])).toBeGreaterThan(0);
      expect(outputs['session-id']).toBe(documents(result, 'usage')[0]!.session);
      expect(outputs['task-id']).toBe(documents(result, 'task')[0]!.id);

      expect(scene.read('sum.js')).toBe(repaired);
      expect(git(scene.repository.path, ['diff', '--raw', '--abbrev=4', scene.head, tip])).toMatch(
        /^:100644 100644 \w+ \w+ M\tsum\.js$/,
      );
      expect(git(scene.repository.path, ['rev-list', '--parents', '-n', '1', tip])).toBe(
        `${tip} ${scene.head}`,
      );
      expect(git(scene.repository.path, ['cat-file', 'commit', tip])).toContain('\ngpgsig ');
      expect(git(scene.repository.path, ['log', '-1', '--format=%B', tip])).toBe(
        `Add instead of subtracting\n\nThe sign was wrong.\n\nCountersign-Task: ${outputs['task-id']}\nCountersign-Agent: fix\n`.trimEnd(),
      );

      const comments = stage.github.comments(scene.pull);
      expect(comments.map(({ author }) => author.login)).toEqual(['github-actions[bot]']);
      expect(comments[0]!.body).toMatch(`**Fixed** in ${tip}: Add instead of subtracting`);
      expect(comments[0]!.body).toContain('`adds two numbers`');

      expect(ledgerOf(result).map(({ kind }) => kind)).toEqual(
        'task facts usage patch facts verdict intent receipt intent receipt'.split(' '),
      );
      expect(readFileSync(outputs.report!, 'utf8')).toContain('Add instead of subtracting');
      expect(result.summary).toMatch(`**Fixed** in ${tip}`);
      expect(result.annotations.error).toEqual([]);
    },
  );

  promise(
    'is proved by a second run of the tests, on the patch alone, in a room of its own',
    async (stage) => {
      const scene = await stage.scene();
      const leave = bash(
        'echo left > /room/home/left; echo left > /tmp/left; echo left > "$(git rev-parse --show-toplevel)/left"',
      );
      stage.model.add(session(leave, ...repair.slice(0, 1), bash('rm left'), repair[1]!));
      const command = 'test ! -e /room/home/left && test ! -e /tmp/left && test ! -e left && node --test';
      const result = await scene.run('fix', { inputs: { 'test-command': command } });
      const [before, after] = documents(result, 'facts');
      expect([before!.outcome, after!.outcome]).toEqual(['fail', 'pass']);
      expect(after).toMatchObject({ probe: 'prove', exitCode: 0, tampered: [] });
    },
  );

  promise('stays as it is where the model only says that it is repaired', async (stage) => {
    const scene = await stage.scene();
    const pretend = [put('sum.js', 'exports.sum = (a, b) => a * b;\n'), handIn('All tests pass now')];
    stage.model.add(session(...pretend));
    const result = await scene.run('fix', { inputs: { 'max-attempts': '1' } });
    expect(result.outputs.outcome).toBe('gave-up');
    expect(scene.tip()).toBe(scene.head);
  });

  promise('is left alone, in silence, once nothing fails', async (stage) => {
    const scene = await stage.scene({ head: { 'README.md': '# More sums\n' } });
    const result = await scene.run('fix');
    expect([result.exitCode, result.outputs.outcome]).toEqual([0, 'noop']);
    expect(stage.model.requests).toEqual([]);
    expect(stage.github.comments(scene.pull)).toEqual([]);
    expect(scene.tip()).toBe(scene.head);
    expect(result.summary).toContain('**Nothing to do**');
    expect(result.summary).toContain('passes at the head commit');
  });

  promise(
    'is repaired by an agent whose session sees the base branch’s conventions as its instructions',
    async (stage) => {
      const scene = await stage.scene({ base: { ...project, 'CLAUDE.md': 'Indent with BASE-TABS.\n' } });
      stage.model.add(session(...repair));
      await scene.run('fix');
      expect(stage.model.seen('BASE-TABS')).toBe(true);
    },
  );
});

promise(
  'every kind of change arrives as it is: modes, bytes, deletions, moves, new folders, odd names',
  async (stage) => {
    const base = {
      ...project,
      'run.sh': '#!/bin/sh\n',
      'was-executable.sh': { executable: '#!/bin/sh\n' },
      'gone.txt': 'gone\n',
      'here.txt': 'moved as it is\n',
      'crlf.txt': 'one\r\ntwo\r\n',
    };
    const scene = await stage.scene({ base });
    const change = `set -e
    chmod +x run.sh
    chmod -x was-executable.sh
    printf '\\000\\001\\377\\376bytes' > logo.bin
    head -c 100000 /dev/zero > zeros.bin
    printf '\\377\\376 not utf-8\\n' > latin.txt
    printf 'no newline at the end' > open.txt
    : > empty.txt
    printf 'one\\r\\nthree\\r\\n' > crlf.txt
    rm gone.txt
    mkdir -p deep/er/still moved
    mv here.txt moved/there.txt
    echo new > deep/er/still/new.txt
    echo a > 'weiß näme.txt'
    echo b > 'a "quoted" name.txt'
    echo c > "it's \\\\ here.txt"
    echo d > -dash.txt
    echo e > 日本.txt
    printf 'exports.sum = (a, b) => a + b;\\n' > sum.js
  `;
    stage.model.add(session(bash(change), handIn()));
    const result = await scene.run('fix');
    expect(result.outputs.outcome).toBe('fixed');

    execFileSync('bash', ['-c', change], { cwd: scene.laptop.directory });
    git(scene.laptop.directory, ['add', '-A', '-f']);
    const tree = git(scene.laptop.directory, ['write-tree']);
    expect(git(scene.repository.path, ['ls-tree', '-r', 'refs/heads/changes'])).toBe(
      git(scene.laptop.directory, ['ls-tree', '-r', tree]),
    );
    expect(git(scene.repository.path, ['rev-parse', 'refs/heads/changes^{tree}'])).toBe(tree);
  },
);

describe('a patch that does not repair', () => {
  promise(
    'is followed by a fresh session that sees what still fails, and starts from the head again',
    async (stage) => {
      const scene = await stage.scene();
      const wrong = put('sum.js', 'exports.sum = (a, b) => a * b;\n');
      stage.model.add(
        { name: 'first', turns: [{ thinking: 'FIRST-THOUGHTS', ...wrong }, handIn('Multiply')] },
        { name: 'second', turns: [bash('cat sum.js; ls /room/home'), ...repair] },
      );
      const result = await scene.run('fix');
      expect(result.outputs.outcome).toBe('fixed');
      const [, second] = stage.model.sessions;
      const prompt = firstUserText(second!.requests[0]!.body);
      expect(prompt).toContain('The last attempt did not pass');
      expect(prompt).toMatch(/2 (==|!==) 3/);
      expect(prompt).toContain('exports.sum = (a, b) => a * b;');
      expect(second!.requests[0]!.body.messages).toHaveLength(1);
      expect(second!.requests.every(({ raw }) => !raw.includes('FIRST-THOUGHTS'))).toBe(true);
      expect(toolResults(second!.requests[1]!.body)[0]!.text).toContain(broken.trim());
      expect(documents(result, 'patch')).toHaveLength(2);
      expect(documents(result, 'usage').map(({ session }) => session)).toHaveLength(2);
    },
  );

  promise(
    'and two more like it end the run: a comment and pr_comment.md say what was tried',
    async (stage) => {
      const scene = await stage.scene();
      for (const operator of ['*', '/', '%']) {
        stage.model.add(
          session(
            put('sum.js', `exports.sum = (a, b) => a ${operator} b;\n`),
            handIn(`Try ${operator} instead`),
          ),
        );
      }
      const result = await scene.run('fix');
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'gave-up']);
      expect(result.outputs['commit-sha']).toBe('');
      expect(scene.tip()).toBe(scene.head);
      const [comment] = stage.github.comments(scene.pull);
      expect(comment!.body).toContain('**Not fixed: gave up**');
      const text = readFileSync(result.outputs['comment-file']!, 'utf8');
      expect(text).toContain('Tried (3 attempts)');
      expect(text).toContain('adds two numbers');
      expect(result.outputs['comment-file']).toMatch(/pr_comment\.md$/);
      expect(errors(result)).toBe('Not fixed: gave up. `node --test` still fails after the last patch.');
      expect(result.summary).toContain('**Not fixed: gave up**');
    },
  );

  promise('counts as an attempt when it is empty', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(handIn('Nothing to change')), session(...repair));
    const result = await scene.run('fix');
    expect(result.outputs.outcome).toBe('fixed');
    expect(firstUserText(stage.model.sessions[1]!.requests[0]!.body)).toContain(
      'handed in a patch, but has changed no file',
    );
  });
});

describe('a patch that makes the tests say less', () => {
  const cheats: Record<string, string> = {
    'deletes the failing test': 'rm test/sum.test.js',
    'skips the failing test': `sed -i "s/^test(/test.skip(/" test/sum.test.js`,
    'marks the failing test as a todo': `sed -i "s/^test('adds two numbers', /test('adds two numbers', { todo: true }, /" test/sum.test.js`,
    'takes the assertion out of the failing test': `sed -i '/equal(sum/d' test/sum.test.js`,
    'rewrites what the failing test expects': `sed -i 's/equal(sum(1, 2), 3)/equal(sum(1, 2), -1)/' test/sum.test.js`,
    'makes the failing test exit before it fails': `sed -i '1i process.exit(0);' test/sum.test.js`,
  };
  for (const [what, cheat] of Object.entries(cheats)) {
    promise(`is not published when it ${what}, and the comment says so`, async (stage) => {
      const scene = await stage.scene();
      stage.model.add(session(bash(cheat), handIn('Make it green')));
      const result = await scene.run('fix', { inputs: { 'max-attempts': '1' } });
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'gave-up']);
      expect(scene.tip()).toBe(scene.head);
      expect(stage.github.comments(scene.pull)[0]!.body).toContain('test/sum.test.js');
      expect(readFileSync(result.outputs['comment-file']!, 'utf8')).toContain('it changed the tests');
    });
  }

  promise('is not published when it replaces the program that the tests are run by', async (stage) => {
    const base = { ...project, 'package.json': '{"scripts":{"test":"node --test"}}\n' };
    const scene = await stage.scene({ base });
    stage.model.add(session(put('package.json', '{"scripts":{"test":"true"}}\n'), handIn('Make it green')));
    const result = await scene.run('fix', { inputs: { 'test-command': 'npm test', 'max-attempts': '1' } });
    expect(result.outputs.outcome).toBe('gave-up');
    expect(scene.tip()).toBe(scene.head);
  });

  promise('may still repair the code when the next attempt is honest', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(bash('rm test/sum.test.js'), handIn('Make it green')), session(...repair));
    const result = await scene.run('fix');
    expect(result.outputs.outcome).toBe('fixed');
    expect(scene.read('test/sum.test.js')).toBe(project['test/sum.test.js']);
  });
});

describe('a patch that touches what no agent may change', () => {
  const outside: Record<string, string> = {
    'a workflow': '.github/workflows/ci.yml',
    'the rules of agents in a folder': 'src/deep/CLAUDE.md',
    'the configuration of Countersign': '.github/countersign.yml',
    'the owners of the code': 'CODEOWNERS',
    'a workflow with an odd name': '.github/workflows/é "x".yml',
  };
  for (const [what, path] of Object.entries(outside)) {
    promise(`is refused: ${what}`, async (stage) => {
      const scene = await stage.scene();
      stage.model.add(session(...[put(path, 'on: push\n'), ...repair]));
      const result = await scene.run('fix');
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'refused']);
      expect(scene.tip()).toBe(scene.head);
      expect(result.summary).toContain('no agent may change');
      expect(stage.github.comments(scene.pull)[0]!.body).toContain('is protected');
    });
  }

  promise('is refused when it would be a symbolic link out of the repository', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(bash('ln -s /etc/passwd link'), ...repair));
    const result = await scene.run('fix');
    expect(result.outputs.outcome).toBe('refused');
    expect(scene.tip()).toBe(scene.head);
    expect(result.summary).toContain('link would become a symbolic link');
  });

  promise('is refused when the configuration on the base branch protects the file', async (stage) => {
    const base = { ...project, '.github/countersign.yml': 'protected: ["sum.js"]\n' };
    // The head's own version of it has no say.
    const scene = await stage.scene({ base, head: { ...bug, '.github/countersign.yml': 'protected: []\n' } });
    stage.model.add(session(...repair));
    const result = await scene.run('fix');
    expect(result.outputs.outcome).toBe('refused');
    expect(scene.tip()).toBe(scene.head);
  });
});
