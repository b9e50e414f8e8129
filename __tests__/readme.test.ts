import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { withTables } from '../scripts/readme-inputs.ts';
import { builtinAgents } from '../src/agents/index.ts';
import { type Agent, parseAgent } from '../src/core/agent.ts';
import { inputNames, readConfig, readRepositoryConfig } from '../src/core/config.ts';
import type { EffectType } from '../src/core/effect.ts';
import { exitCode, outcomes } from '../src/core/outcome.ts';
import { version } from '../src/core/version.ts';
import { commandOf, supportedEvents } from '../src/platforms/github/event.ts';
import { probes } from '../src/probes/index.ts';
import { outputsOf } from '../src/views/outputs.ts';
import { ledgerOf, task } from './views/ledgers.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const readme = read('README.md');
const action = parse(read('action.yml')) as {
  inputs: Record<string, { description: string; default?: string }>;
  outputs: Record<string, { description: string }>;
};
const manifest = JSON.parse(read('package.json')) as { version: string; scripts: Record<string, string> };

interface Step {
  uses?: string;
  with?: Record<string, string>;
}
interface Workflow {
  on: unknown;
  jobs: Record<string, { if?: string; needs?: string; permissions?: Record<string, string>; steps: Step[] }>;
}

/** The code blocks of a language in a page, as they stand. */
function blocks(page: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...page.matchAll(fence)].map((match) => match[1]!);
}

/** What stands under a heading, up to the next one of its level. */
function section(title: string): string {
  const [, marks] = new RegExp(`^(#+) ${title}$`, 'm').exec(readme) ?? [];
  if (!marks) throw new Error(`README.md has no section ${title}`);
  const text = readme.slice(readme.indexOf(`${marks} ${title}\n`) + marks.length + title.length + 2);
  // A heading inside a code block is none.
  const visible = text.replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/^#/gm, ' '));
  const end = visible.search(new RegExp(`^#{1,${marks.length}} `, 'm'));
  return end < 0 ? text : text.slice(0, end);
}

function agent(name: string): Agent {
  return parseAgent(builtinAgents[name]!, `${name}.agent.md`, Object.keys(probes));
}

describe('README.md', () => {
  test('has the tables of action.yml', () => {
    expect(withTables(readme, read('action.yml'))).toBe(readme);
  });

  test('is found stale by the check when action.yml changes', () => {
    const changed = read('action.yml').replace('Which agent runs', 'Which of the agents runs');
    expect(withTables(readme, changed)).not.toBe(readme);
  });

  test('the check of its tables passes as a command', () => {
    execFileSync(process.execPath, ['scripts/readme-inputs.ts', '--check'], { cwd: root });
  });

  test('has the two commands', () => {
    expect(readme).toContain(
      [
        'npm ci && npm run demo      # the main job, no key and no network needed',
        'npm ci && npm test          # lint, types, the bundle and the tests; no network needed',
      ].join('\n'),
    );
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(['demo', 'test']));
  });

  test('tells each outcome with its exit code', () => {
    const rows = [...section('Outcomes').matchAll(/^\| `([a-z-]+)` \| ([01]) \|/gm)];
    expect(Object.fromEntries(rows.map(([, name, code]) => [name, Number(code)]))).toEqual(
      Object.fromEntries(outcomes.map((outcome) => [outcome, exitCode(outcome)])),
    );
  });

  test('names only outputs that exist', () => {
    const named = [...readme.matchAll(/\boutputs\.([\w-]+)|\(output `([\w-]+)`\)/g)].map(
      ([, a, b]) => a ?? b!,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(Object.keys(action.outputs)).toEqual(expect.arrayContaining(named));
  });

  test("has an agent that parses, in 20 lines, and is its file's", () => {
    const [text] = blocks(section('Your own agent'), 'markdown');
    expect(text!.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
    const { name } = parseAgent(text!, 'docs.agent.md', Object.keys(probes));
    expect(section('Your own agent')).toContain(`.github/agents/${name}.agent.md`);
  });

  test('names every probe', () => {
    for (const probe of Object.keys(probes)) expect(section('Your own agent')).toContain(`\`${probe}\``);
  });

  test('has a configuration that is valid', () => {
    const [text] = blocks(section('Configuration'), 'yaml');
    const { rules, ignore, protected: globs } = readRepositoryConfig(text, '.github/countersign.yml');
    expect([rules, ...ignore, ...globs].every((value) => value.length > 0)).toBe(true);
    expect(globs.length).toBeGreaterThan(0);
  });

  test('gives the limits their defaults', () => {
    const text = section('Limits on cost').replaceAll(',', '');
    for (const name of ['max-cost-usd', 'max-tokens', 'max-turns', 'max-attempts', 'timeout-minutes']) {
      expect(text).toMatch(new RegExp(`\`${name}\` \\(${action.inputs[name]!.default}\\b`));
    }
  });
});

describe('action.yml', () => {
  test('has the inputs that are read, no more and no fewer', () => {
    expect(Object.keys(action.inputs).sort()).toEqual([...inputNames].sort());
  });

  test('has the defaults that the code has', () => {
    const given = Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? '']);
    expect(readConfig(Object.fromEntries(given)).config).toEqual(readConfig({}).config);
  });

  test('tells each default in words', () => {
    const told = Object.values(action.inputs).filter(
      ({ default: value }) => value && !value.startsWith('$') && value !== '',
    );
    for (const { description, default: value } of told) expect(description).toContain(`\`${value}\``);
  });

  test('has the outputs that are set', () => {
    const files = { report: 'report.html', ledger: 'ledger', comment: '' };
    const outputs = outputsOf(ledgerOf([task('reviewer')]), 'incomplete', files);
    expect(Object.keys(action.outputs).sort()).toEqual(Object.keys(outputs).sort());
  });
});

/** The jobs of a workflow, each with its step of ours. */
function jobsOf(workflow: Workflow) {
  return Object.entries(workflow.jobs).map(([name, job]) => {
    const own = job.steps.find(({ uses }) => /\/countersign@/.test(uses ?? ''));
    return { name, job, own: own! };
  });
}

describe.each(['Use', 'By comment'])('the workflow in README.md under %s', (title) => {
  const jobs = jobsOf(parse(blocks(section(title), 'yaml')[0]!) as Workflow);

  test('runs the version that this is', () => {
    const major = `v${version.split('.')[0]}`;
    expect(jobs.map(({ own }) => own.uses?.split('@')[1])).toEqual([major, major]);
  });

  test.each(jobs)('$name has inputs that exist and a valid configuration', ({ own }) => {
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(own.with ?? {})));
    expect(readConfig({ ...own.with, 'anthropic-api-key': 'a-key' }).warnings).toEqual([]);
  });

  test.each(jobs)('$name has the permissions that its requests need, and no other', ({ job, own }) => {
    expect(job.permissions).toEqual(needed(agent(own.with!.agent!)));
  });
});

describe('the workflow in README.md that a comment starts', () => {
  const [text] = blocks(section('By comment'), 'yaml');
  const workflow = parse(text!) as Workflow;

  test('is for an event that is served', () => {
    expect(Object.keys(workflow.on as object)).toEqual(['issue_comment']);
    expect(supportedEvents).toContain('issue_comment');
  });

  test.each(jobsOf(workflow))('has a job $name that starts for its own command', ({ job, own }) => {
    const [, command] = /startsWith\(github\.event\.comment\.body, '(.*)'\)$/.exec(job.if!)!;
    expect(commandOf(command!)).toBe(own.with!.agent);
  });

  test('takes nothing of the change onto the runner', () => {
    const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
    expect(steps.filter(({ uses }) => !uses?.includes('/countersign@'))).toEqual([]);
  });
});

describe('the workflow in README.md that a pull request starts', () => {
  const [text] = blocks(section('Use'), 'yaml');
  const workflow = parse(text!) as Workflow;
  const jobs = jobsOf(workflow);

  test('is for an event that is served', () => {
    expect([workflow.on].flat()).toEqual(['pull_request']);
    expect(supportedEvents).toContain('pull_request');
  });

  test('lets the review follow the fix', () => {
    expect(jobs.map(({ own }) => own.with?.agent)).toEqual(['fix', 'review']);
    expect(workflow.jobs.review?.needs).toBe('fix');
  });

  test('has two jobs in the place of one that pass the ledger on, of which only the one without a key may write', () => {
    const [text] = blocks(section('Permissions'), 'yaml');
    const { propose, apply } = parse(text!) as Workflow['jobs'];
    const [first, second] = [propose!, apply!].map(({ steps }) => steps[0]!.with!);
    expect(readConfig(first!).config.phase).toBe('propose');
    expect(readConfig({ ...second, 'ledger-digest': '0'.repeat(64) }).warnings).toEqual([]);
    expect(second!['ledger-digest']).toBe('${{ needs.propose.outputs.ledger-digest }}');
    expect(Object.keys(second!)).not.toContain('anthropic-api-key');
    expect(Object.values(propose!.permissions!)).toEqual(['read', 'read']);
    expect(apply!.permissions).toEqual(needed(agent('review')));
  });

  test('keeps no credential in the checkout', () => {
    const checkouts = jobs.flatMap(({ job }) => job.steps.filter(({ uses }) => uses?.includes('/checkout@')));
    expect(checkouts.map((step) => step.with?.['persist-credentials'])).toEqual([false]);
  });

  test("has this project's own use of itself like it", () => {
    const own = parse(read('.github/workflows/countersign.yml')) as Workflow;
    for (const { name, job } of jobs) {
      expect(own.jobs[name]?.permissions).toEqual(job.permissions);
      expect(own.jobs[name]?.needs).toEqual(job.needs);
    }
  });
});

const publishers: Partial<Record<EffectType, string>> = {
  push: 'publish-commit.ts',
  review: 'publish-review.ts',
  check: 'publish-check.ts',
  comment: 'publish-comment.ts',
};

/** The permissions of the requests that an agent's run on a pull request makes, as the sources name them. */
function needed({ effects }: Agent): Record<string, string> {
  const sources = ['subject.ts', 'pull.ts', 'bot-commits.ts', 'token-actor.ts'];
  const all = [...sources, ...effects.flatMap((effect) => publishers[effect] ?? [])].flatMap((file) =>
    [...read(`src/platforms/github/${file}`).matchAll(/needs: '([a-z-]+): (read|write)'/g)].map(
      ([, scope, level]) => [scope!, level!] as const,
    ),
  );
  const result: Record<string, string> = {};
  for (const [scope, level] of all) {
    // Every token has it.
    if (scope === 'metadata') continue;
    if (level === 'write' || !(scope in result)) result[scope] = level;
  }
  return result;
}

describe('the command line', () => {
  const help = execFileSync(process.execPath, [join(root, 'dist/cli.js'), '--help'], { encoding: 'utf8' });
  const options = [...new Set(help.match(/(?<![\w-])--?[A-Za-z][a-z-]*/g))];

  test('has options', () => {
    expect(options).toEqual(expect.arrayContaining(['--base', '-C', '--json', '--version']));
  });

  test.each(options)('%s stands in README.md', (option) => {
    expect(section('Command line')).toContain(`\`${option}\``);
  });

  test('README.md names no other option', () => {
    const named = [...section('Command line').matchAll(/`(--?[A-Za-z][a-z-]*)`/g)].map(([, name]) => name);
    expect(options).toEqual(expect.arrayContaining(named));
  });

  test('says the exit codes that README.md says', () => {
    const codes = (text: string) => text.replace(/\s+/g, ' ').match(/\b[012][ :]+[a-z][^;.]*/g);
    const told = section('Command line').replace(/^[\s\S]*Exit code /, '');
    expect(codes(told)!.map((code) => code.replace(':', ''))).toEqual(
      codes(help.replace(/^[\s\S]*Exit codes: /, ''))!,
    );
  });
});

describe('versions', () => {
  test('are one', () => {
    expect(manifest.version).toBe(version);
    expect(read('CHANGELOG.md')).toContain(`\n## [${version}]`);
  });
});

describe('agents', () => {
  const files = globSync('src/agents/*.agent.md', { cwd: root });

  test('are all bundled', () => {
    const names = files.map((file) => /([a-z-]+)\.agent\.md$/.exec(file)?.[1]);
    expect(names.sort()).toEqual(Object.keys(builtinAgents).sort());
  });

  test.each(files)('%s parses', (file) => {
    const { name } = parseAgent(read(file), file, Object.keys(probes));
    expect(file).toBe(join('src/agents', `${name}.agent.md`));
  });
});

describe('pages', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...globSync('docs/**/*.md', { cwd: root })];

  test.each(pages)('%s links to nothing that is not there', (page) => {
    const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, target]) => target!);
    expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  test.each(globSync('.github/**/*.yml', { cwd: root }))('%s is YAML', (file) => {
    expect(parse(read(file))).toEqual(expect.any(Object));
  });

  test.each(globSync('.github/workflows/*.yml', { cwd: root }))('%s pins its actions by commit', (file) => {
    const used = [...read(file).matchAll(/uses: (\S+)/g)].map(([, name]) => name!);
    expect(used.filter((name) => name !== './' && !/@[0-9a-f]{40}$/.test(name))).toEqual([]);
  });
});
