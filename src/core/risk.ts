import picomatch from 'picomatch';
import type { ChangedFile } from './document.ts';

export interface Risk {
  level: 'low' | 'medium' | 'high';
  reasons: string[];
}

/**
 * What a machine's patch may never touch: whatever decides how it is built, judged or merged, on GitHub or
 * by Countersign and other agents. Case is folded, because some file systems do.
 */
const guarded = [
  '.github/**',
  '.gitlab-ci.yml',
  '.gitattributes',
  '**/.gitattributes',
  '.gitmodules',
  '**/.gitmodules',
  '**/.git/**',
  '**/.git',
  'CODEOWNERS',
  'docs/CODEOWNERS',
  '**/CLAUDE.md',
  '**/CLAUDE.local.md',
  '**/AGENTS.md',
  '**/.claude/**',
  '**/.mcp.json',
  '**/.husky/**',
  '**/.npmrc',
];

/** What makes a reader look twice. */
const sensitive: Record<string, readonly string[]> = {
  'changes dependencies': [
    '**/package.json',
    '**/*lock*.json',
    '**/*.lock',
    '**/go.sum',
    '**/requirements*.txt',
  ],
  'changes how tests or builds run': ['**/*.config.*', '**/Makefile', '**/conftest.py', '**/Dockerfile*'],
};

const options = { dot: true, nocase: true } as const;

/**
 * Reasons why a patch may not be published at all, each naming a path; empty when there are none.
 * @param allowedGlobs what the agent's file allows it to touch; everything when absent
 */
export function refusals(
  files: readonly ChangedFile[],
  protectedGlobs: readonly string[],
  allowedGlobs?: readonly string[],
): string[] {
  const isGuarded = picomatch([...guarded, ...protectedGlobs], options);
  const isAllowed = allowedGlobs ? picomatch([...allowedGlobs], { dot: true }) : () => true;
  return files.flatMap((file) => {
    if (isGuarded(file.path)) return [`${file.path} is protected: no agent may change it`];
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
