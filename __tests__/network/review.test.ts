import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Severity } from '../../src/core/finding.ts';
import type { JsonResult } from '../../src/views/json.ts';
import { countersign } from '../real-input/command-line.ts';
import { type GitHub, startGitHub } from '../stand-ins/github/index.ts';
import { firstUserText, type Model } from '../stand-ins/model/index.ts';
import { payload, runAction } from '../stand-ins/runner.ts';
import { findingsOn, type Prepared } from './findings.ts';
import { type Published, publishedVersions } from './published.ts';
import { startReviewer } from './reviewer.ts';

interface Case {
  name: string;
  older: string;
  newer: string;
  severity: Severity;
  /** At least so many of each, or the case does not test what it is there for. */
  files: number;
  renames: number;
  binary: number;
  /** A file that was moved and changed. */
  wanted?: string;
}

const cases: Case[] = [
  { name: 'p-limit', older: '5.0.0', newer: '6.0.0', severity: 'high', files: 4, renames: 0, binary: 0 },
  { name: 'rxjs', older: '7.1.0', newer: '7.8.1', severity: 'low', files: 301, renames: 0, binary: 0 },
  {
    ...{ name: 'leaflet-draw', older: '0.2.4', newer: '0.4.14', severity: 'critical' },
    ...{ files: 100, renames: 9, binary: 20, wanted: 'docs/examples-0.7.x/edithandlers.html' },
  },
];

describe.each(cases)('$name $older to $newer', (each) => {
  const { name, older, newer, severity, wanted } = each;
  const fails = severity !== 'low';
  let published: Published;
  let prepared: Prepared;
  let model: Model | undefined;

  beforeAll(async () => {
    published = await publishedVersions(name, older, newer);
    prepared = findingsOn(published, severity, wanted);
  });
  afterEach(() => model?.close());
  afterAll(() => published?.remove());

  const differing = (...args: string[]): string[] =>
    published
      .git('diff', '-M', ...args, published.base, published.head)
      .split('\n')
      .filter(Boolean);

  const startsWell = async (): Promise<Model> => {
    model = await startReviewer(prepared);
    return model;
  };

  const expectPrompt = (from: Model): void => {
    const prompt = firstUserText(from.requests[0]!.body);
    expect(prompt).toContain(`${differing('--name-only').length} changed files.`);
    const binary = prompt.match(/^[AMDRT] .* binary$/gm) ?? [];
    expect(binary).toHaveLength(differing('--numstat').filter((line) => line.startsWith('-\t')).length);
    expect(from.violations).toEqual([]);
    expect(from.unused()).toEqual([]);
    expect(from.requests.length).toBeLessThanOrEqual(12);
  };

  test('is what it is there for', () => {
    expect(differing('--name-only').length).toBeGreaterThanOrEqual(each.files);
    const renames = differing('--summary').filter((line) => line.startsWith(' rename'));
    expect(renames.length).toBeGreaterThanOrEqual(each.renames);
    const binary = differing('--numstat').filter((line) => line.startsWith('-\t'));
    expect(binary.length).toBeGreaterThanOrEqual(each.binary);
    const { exact, moved, outside } = prepared;
    expect([exact, moved, outside].every((line) => line !== undefined)).toBe(true);
    if (wanted) expect(exact.path).toBe(wanted);
  });

  test('the command line reviews it', async () => {
    const model = await startsWell();
    const directory = mkdtempSync(join(tmpdir(), 'sarif-'));
    const file = join(directory, 'out', 'review.sarif');
    try {
      const { base, head, path } = published;
      const args = ['review', '--base', base, '--head', head, '--json', '--sarif', file];
      const ended = await countersign(model, path, args);
      expectPrompt(model);
      expect(ended).toMatchObject({ exitCode: fails ? 1 : 0, left: [] });
      expect(ended.stderr).not.toContain('warning');
      const { exact, moved, outside } = prepared;
      const right = [exact, moved, outside].map(({ path, line }) => ({ path, line, endLine: line }));
      const out = JSON.parse(ended.stdout) as JsonResult;
      expect(out).toMatchObject({ outcome: fails ? 'fail' : 'pass', task: { base, head } });
      expect(out.findings).toMatchObject(right);
      const { version, runs } = JSON.parse(readFileSync(file, 'utf8'));
      expect(version).toBe('2.1.0');
      expect(runs[0].results).toMatchObject(
        right.map(({ path, line }) => ({
          locations: [
            { physicalLocation: { artifactLocation: { uri: encodeURI(path) }, region: { startLine: line } } },
          ],
        })),
      );
      expect(published.git('status', '--porcelain')).toBe('');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('the action reviews it as a pull request', async () => {
    const model = await startsWell();
    const github = await startGitHub();
    try {
      await reviewAsPull(github, model);
    } finally {
      await github.close();
    }
  });

  async function reviewAsPull(github: GitHub, model: Model): Promise<void> {
    const { base, head, git } = published;
    const repository = await github.createRepository('octo/package');
    git('push', '--quiet', repository.path, `${base}:refs/heads/main`, `${head}:refs/heads/newer`);
    const pull = await github.openPull(repository, { title: newer, author: 'ann', head: 'newer' });
    const token = github.createToken({
      permissions: { contents: 'read', pull_requests: 'write', checks: 'write', issues: 'write' },
    });
    const { apiUrl, serverUrl, graphqlUrl } = github;
    const result = await runAction({
      inputs: { 'github-token': token, 'anthropic-api-key': model.apiKey, 'anthropic-base-url': model.url },
      event: {
        name: 'pull_request',
        payload: payload('pull_request', {
          ...{ repository: repository.fullName, number: pull.number, apiUrl, serverUrl },
          ...{ head: { ref: 'newer', sha: head }, base: { ref: 'main', sha: base } },
        }),
      },
      ...{ token, github: { apiUrl, serverUrl, graphqlUrl }, repository: repository.fullName },
      ...{ sha: head, ref: `refs/pull/${pull.number}/merge`, canaries: [token, model.apiKey] },
    });
    try {
      expectPrompt(model);
      expect(result.outputs).toMatchObject({ outcome: fails ? 'fail' : 'pass', findings: '3' });
      expect(result).toMatchObject({ exitCode: fails ? 1 : 0, leaks: [], leftRunning: false });
      expect(result.post.exitCode).toBe(0);
      expect(result.tempEntries.filter((entry) => /^countersign\/run-/.test(entry))).toEqual([]);
      expect(result.homeEntries).toEqual([]);
    } finally {
      result.cleanup();
    }
    expect(github.violations).toEqual([]);
    expect(github.requests.filter(({ operation }) => operation !== 'git').length).toBeLessThanOrEqual(12);
    const [check, ...moreChecks] = github.checkRuns(repository, head);
    expect([check?.conclusion, moreChecks]).toEqual([fails ? 'failure' : 'success', []]);
    const [review, ...moreReviews] = github.reviews(pull);
    expect(moreReviews).toEqual([]);
    const { exact, moved, outside } = prepared;
    const inline = review!.comments.map(({ path, line, side, startLine }) => ({
      path,
      line,
      side,
      startLine,
    }));
    const onLine = ({ path, line }: { path: string; line: number }) => ({
      path,
      line,
      side: 'RIGHT',
      startLine: null,
    });
    expect(inline).toEqual([exact, moved].map(onLine));
    for (const [index, { path, line }] of inline.entries()) {
      const text = git('show', `${head}:${path}`).split('\n')[line - 1];
      expect(text).toBe([exact, moved][index]!.text);
    }
    expect(review!.body).toContain(`${outside.path}:${outside.line}`);
    expect(review!.body).toContain('The outside finding.');
    expect(review!.body).not.toContain('absent');
  }
});
