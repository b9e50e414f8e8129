import picomatch from 'picomatch';
import type { ChangedFile } from './document.ts';

export interface Risk {
  level: 'low' | 'medium' | 'high';
  reasons: string[];
}

/**
 * What a machine's patch may never touch: whatever decides how it is built, judged, merged or run, on any
 * platform, by Countersign, by other agents, or by the tools of whoever checks it out.
 */
export const guarded: readonly string[] = [
  // Platforms: what runs there, and who has to agree.
  '.github/**',
  '.gitlab/**',
  '**/.gitlab-ci.yml',
  '**/.gitlab-ci.yaml',
  '.gitea/**',
  '.forgejo/**',
  '.circleci/**',
  '.buildkite/**',
  '.azuredevops/**',
  '.azure-pipelines/**',
  '**/azure-pipelines*.yml',
  '**/azure-pipelines*.yaml',
  'bitbucket-pipelines.yml',
  '.travis.yml',
  '.drone.yml',
  '.woodpecker.yml',
  '.woodpecker/**',
  '.cirrus.yml',
  '.appveyor.yml',
  'appveyor.yml',
  '.semaphore/**',
  '.teamcity/**',
  '**/Jenkinsfile*',
  '**/action.yml',
  '**/action.yaml',
  'CODEOWNERS',
  'docs/CODEOWNERS',
  'renovate.json',
  'renovate.json5',
  '.renovaterc',
  '.renovaterc.*',
  '.mergify.yml',
  // Git, and what it runs.
  '**/.gitattributes',
  '**/.gitmodules',
  '**/.gitconfig',
  '**/.git/**',
  '**/.git',
  '**/.husky/**',
  '**/.githooks/**',
  '**/.pre-commit-config.yaml',
  '**/.pre-commit-config.yml',
  '**/lefthook.*',
  '**/.lefthook.*',
  '**/.lefthook/**',
  // Agents: their instructions, settings and tools.
  '**/CLAUDE.md',
  '**/CLAUDE.local.md',
  '**/AGENTS.md',
  '**/AGENTS.override.md',
  '**/GEMINI.md',
  '**/.claude/**',
  '**/.claude.json',
  '**/.mcp.json',
  '**/.agents/**',
  '**/.codex/**',
  '**/.gemini/**',
  '**/.cursor/**',
  '**/.cursorrules',
  '**/.windsurf/**',
  '**/.windsurfrules',
  '**/.clinerules',
  '**/.clinerules/**',
  '**/.aider*',
  // Editors and shells, which run it where a folder is opened.
  '**/.vscode/**',
  '**/.idea/**',
  '**/.devcontainer/**',
  '**/.devcontainer.json',
  '**/*.code-workspace',
  '**/.gitpod.yml',
  '**/.envrc',
  '**/.env',
  '**/.mise.toml',
  '**/mise.toml',
  '**/.mise/**',
  '**/.config/mise/**',
  '**/.config/mise.toml',
  '**/.tool-versions',
  '**/.ripgreprc',
  // Package managers: where packages come from, and what runs before them.
  '**/.npmrc',
  '**/.yarnrc',
  '**/.yarnrc.yml',
  '**/.yarn/**',
  '**/.pnpmfile.cjs',
  '**/.pnpmfile.mjs',
  '**/bunfig.toml',
  '**/.bunfig.toml',
  '**/.pip/**',
  '**/pip.conf',
  '**/.pypirc',
  '**/.cargo/**',
  '**/.bundle/**',
  // Lockfiles: what is installed, from where, and its checksum. A session has no network to check one against.
  '**/package-lock.json',
  '**/npm-shrinkwrap.json',
  '**/packages.lock.json',
  '**/yarn.lock',
  '**/bun.lock',
  '**/deno.lock',
  '**/Cargo.lock',
  '**/poetry.lock',
  '**/uv.lock',
  '**/pdm.lock',
  '**/Pipfile.lock',
  '**/composer.lock',
  '**/Gemfile.lock',
  '**/flake.lock',
  '**/mix.lock',
  '**/pubspec.lock',
  '**/Podfile.lock',
  '**/pnpm-lock.yaml',
  '**/bun.lockb',
  '**/pylock*.toml',
  '**/go.sum',
  '**/gradle.lockfile',
  '**/gradle/verification-metadata.xml',
];

/** What makes a reader look twice. */
const sensitive: Record<string, readonly string[]> = {
  'changes dependencies': [
    '**/package.json',
    '**/requirements*.txt',
    '**/go.mod',
    '**/Cargo.toml',
    '**/pyproject.toml',
  ],
  'changes how tests or builds run': ['**/*.config.*', '**/Makefile', '**/conftest.py', '**/Dockerfile*'],
};

/** By the flag `s` a line end in a name is a character like any other; without it `**` would stop there. */
const options = { dot: true, nocase: true, flags: 'is' } as const;

/**
 * A path as the file systems read it that are least strict: case and forms of a letter are one, characters
 * that are not seen don't count (HFS+), and neither do dots, spaces and a stream's name at the end of a part
 * (NTFS). Who checks a commit out there gets the file of the plain name.
 */
function folded(path: string): string {
  return path
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toLowerCase()
    .replaceAll('\\', '/')
    .split('/')
    .map((part) => part.replace(/:.*$/s, '').replace(/(?<=[^. ])[. ]+$/, ''))
    .join('/');
}

/** A name that Windows may have given to another file, such as `GIT~1` for `.git`. */
const shortName = /(?:^|[\\/])[^\\/.~]{1,6}~\d{1,6}(?:\.[^\\/.]{0,3})?(?:$|[\\/:. ])/;

/**
 * Reasons why a patch may not be published at all, each naming a path; empty when there are none.
 * @param allowedGlobs what the agent's file allows it to touch; everything when absent
 */
export function refusals(
  files: readonly ChangedFile[],
  protectedGlobs: readonly string[],
  allowedGlobs?: readonly string[],
): string[] {
  const globs = [...guarded, ...protectedGlobs];
  const matches = picomatch([...globs, ...globs.map((glob) => glob.normalize('NFKC'))], options);
  const isGuarded = (path: string): boolean => matches(path) || matches(folded(path));
  const isAllowed = allowedGlobs ? picomatch([...allowedGlobs], { dot: true }) : () => true;
  return files.flatMap((file) => {
    if (isGuarded(file.path)) return [`${file.path} is protected: no agent may change it`];
    if (shortName.test(folded(file.path)) || shortName.test(file.path))
      return [`${file.path} may stand for a protected file on Windows`];
    if (!isAllowed(file.path)) return [`${file.path} is outside of the paths that this agent may change`];
    // A link would be followed by whoever checks the commit out; a gitlink would fetch a repository.
    if (file.newMode === '120000') return [`${file.path} would become a symbolic link`];
    if (file.newMode === '160000') return [`${file.path} would become a submodule`];
    return [];
  });
}

/** How much of a second look a patch deserves, and why. */
export function riskOf(files: readonly ChangedFile[]): Risk {
  const reasons = Object.entries(sensitive).flatMap(([reason, globs]) => {
    const hit = files.find(({ path }) => picomatch([...globs], options)(path));
    return hit ? [`${reason} (${hit.path})`] : [];
  });
  const made = files.find((file) => file.newMode === '100755' && file.oldMode !== '100755');
  if (made) reasons.push(`makes ${made.path} executable`);
  if (files.length > 20) reasons.push(`changes ${files.length} files`);
  const level = reasons.length === 0 ? 'low' : files.length > 20 ? 'high' : 'medium';
  return { level, reasons };
}
