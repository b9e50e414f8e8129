/**
 * Cuts the operations our stand-in for GitHub answers out of GitHub's own OpenAPI description.
 * The whole is far too large to depend on, so it is packed into a temporary directory and thrown away.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const source = '@octokit/openapi@23.0.2';
const target = join(import.meta.dirname, '../__tests__/stand-ins/github/openapi.json');
const r = '/repos/{owner}/{repo}';

const operations: Record<string, string[]> = {
  '/rate_limit': ['get'],
  '/user': ['get'],
  '/users/{username}': ['get'],
  [r]: ['get'],
  [`${r}/actions/runs/{run_id}`]: ['get'],
  [`${r}/check-runs`]: ['post'],
  [`${r}/check-runs/{check_run_id}`]: ['get', 'patch'],
  [`${r}/check-runs/{check_run_id}/annotations`]: ['get'],
  [`${r}/collaborators/{username}/permission`]: ['get'],
  [`${r}/commits/{commit_sha}/pulls`]: ['get'],
  [`${r}/commits/{ref}`]: ['get'],
  [`${r}/commits/{ref}/check-runs`]: ['get'],
  [`${r}/compare/{basehead}`]: ['get'],
  [`${r}/contents/{path}`]: ['get'],
  [`${r}/git/blobs`]: ['post'],
  [`${r}/git/blobs/{file_sha}`]: ['get'],
  [`${r}/git/commits`]: ['post'],
  [`${r}/git/commits/{commit_sha}`]: ['get'],
  [`${r}/git/ref/{ref}`]: ['get'],
  [`${r}/git/refs`]: ['post'],
  [`${r}/git/refs/{ref}`]: ['patch', 'delete'],
  [`${r}/git/trees`]: ['post'],
  [`${r}/git/trees/{tree_sha}`]: ['get'],
  [`${r}/issues/comments/{comment_id}`]: ['get', 'patch', 'delete'],
  [`${r}/issues/{issue_number}`]: ['get'],
  [`${r}/issues/{issue_number}/comments`]: ['get', 'post'],
  [`${r}/issues/{issue_number}/labels`]: ['get', 'post'],
  [`${r}/issues/{issue_number}/labels/{name}`]: ['delete'],
  [`${r}/pulls`]: ['get', 'post'],
  [`${r}/pulls/{pull_number}`]: ['get', 'patch'],
  [`${r}/pulls/{pull_number}/comments`]: ['get'],
  [`${r}/pulls/{pull_number}/commits`]: ['get'],
  [`${r}/pulls/{pull_number}/files`]: ['get'],
  [`${r}/pulls/{pull_number}/requested_reviewers`]: ['post'],
  [`${r}/pulls/{pull_number}/reviews`]: ['get', 'post'],
};

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;
type Node = { [key: string]: Json };

const words = new Set([
  'description',
  'summary',
  'example',
  'examples',
  'externalDocs',
  'title',
  'tags',
  'deprecated',
  'headers',
]);
const names = new Set(['properties', 'patternProperties', 'schemas', 'parameters', 'responses', 'paths']);

function isNode(value: Json | undefined): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Below `properties` a key is somebody's name ("description" is a field of a repository), elsewhere a keyword.
function strip(value: Json, named: boolean): Json {
  if (Array.isArray(value)) return value.map((item) => strip(item, false));
  if (!isNode(value)) return value;
  const kept: Node = {};
  for (const [key, inner] of Object.entries(value)) {
    const dropped = words.has(key) || (key.startsWith('x-') && key !== 'x-multi-segment');
    if (named || !dropped) kept[key] = key === 'enum' ? inner : strip(inner, !named && names.has(key));
  }
  if (named || kept.nullable !== true) return kept;
  // OpenAPI 3.0's `nullable` is no JSON Schema, and beside `$ref` or `enum` no validator reads it alike.
  const { nullable: _, ...schema } = kept;
  return { anyOf: [schema, { type: 'null' }] };
}

function references(value: Json, found: Set<string>): Set<string> {
  if (Array.isArray(value)) for (const item of value) references(item, found);
  else if (isNode(value)) {
    for (const [key, inner] of Object.entries(value)) {
      if (key === '$ref' && typeof inner === 'string') found.add(inner);
      else references(inner, found);
    }
  }
  return found;
}

function at(document: Node, pointer: string): Node {
  let here: Json | undefined = document;
  for (const part of pointer.slice(2).split('/')) here = isNode(here) ? here[part] : undefined;
  if (!isNode(here)) throw new Error(`${pointer} leads nowhere in ${source}`);
  return here;
}

function cut(document: Node): Node {
  const paths: Node = {};
  for (const [path, methods] of Object.entries(operations)) {
    const item = at(document, '#/paths')[path];
    if (!isNode(item)) throw new Error(`${source} does not describe ${path}`);
    const kept: Node = {};
    for (const method of methods) kept[method] = strip(item[method] ?? {}, false);
    paths[path] = kept;
  }
  const components: Record<string, Node> = {};
  const waiting = [...references(paths, new Set())];
  const seen = new Set(waiting);
  for (let pointer = waiting.pop(); pointer; pointer = waiting.pop()) {
    const [, , kind = '', name = ''] = pointer.split('/');
    const component = strip(at(document, pointer), false);
    components[kind] = { ...components[kind], [name]: component };
    for (const next of references(component, new Set())) {
      if (!seen.has(next)) waiting.push(next);
      seen.add(next);
    }
  }
  const sorted: Node = {};
  for (const [kind, entries] of Object.entries(components)) {
    sorted[kind] = Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return { openapi: '3.0.3', 'x-source': source, paths, components: sorted };
}

// One line for a path or a component: small, and still a readable change when the description moves.
function print(document: Node): string {
  const lines = (node: Json | undefined) =>
    isNode(node)
      ? Object.entries(node)
          .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
          .join(',\n')
      : '';
  const components = isNode(document.components) ? document.components : {};
  const kinds = Object.keys(components).map(
    (kind) => `${JSON.stringify(kind)}:{\n${lines(components[kind])}\n}`,
  );
  const head = `"openapi":${JSON.stringify(document.openapi)},"x-source":${JSON.stringify(document['x-source'])}`;
  return `{${head},\n"paths":{\n${lines(document.paths)}\n},\n"components":{\n${kinds.join(',\n')}\n}}\n`;
}

const directory = mkdtempSync(join(tmpdir(), 'openapi-'));
try {
  const packed = execFileSync('npm', ['pack', '--silent', source], {
    cwd: directory,
    encoding: 'utf8',
  }).trim();
  execFileSync('tar', ['-xzf', packed, 'package/generated/api.github.com.json'], { cwd: directory });
  const whole = readFileSync(join(directory, 'package/generated/api.github.com.json'), 'utf8');
  writeFileSync(target, print(cut(JSON.parse(whole) as Node)));
} finally {
  rmSync(directory, { recursive: true });
}
