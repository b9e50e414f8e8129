import * as z from 'zod';

/** Where a test command is looked for, in order. */
export const commandFiles = [
  'package.json',
  'pyproject.toml',
  'pytest.ini',
  'setup.cfg',
  'tox.ini',
  'Cargo.toml',
  'go.mod',
] as const;

const lockFiles: Readonly<Record<string, PackageManager>> = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
};
/** What tells which package manager a repository uses, beside package.json itself. */
export const lockFileNames: readonly string[] = Object.keys(lockFiles);

type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

/** `bun test` would be bun's own runner, not the script. */
const runTest: Readonly<Record<PackageManager, string>> = {
  npm: 'npm test',
  pnpm: 'pnpm test',
  yarn: 'yarn test',
  bun: 'bun run test',
};

const table = z.record(z.string(), z.unknown()).catch({});
const manifest = z.object({
  scripts: table,
  dependencies: table,
  devDependencies: table,
  packageManager: z.string().optional().catch(undefined),
});

export interface Manifest {
  scripts: Readonly<Record<string, string>>;
  packageManager?: string;
  hasDependencies: boolean;
}

/** What matters here of the text of a package.json; nothing of it when it is broken or absent. */
export function readManifest(text: string | undefined): Manifest {
  const result = manifest.safeParse(parseObject(text));
  if (!result.success) return { scripts: {}, hasDependencies: false };
  const { scripts, dependencies, devDependencies, packageManager } = result.data;
  const named = Object.entries(scripts).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    scripts: Object.fromEntries(named),
    hasDependencies: Object.keys(dependencies).length + Object.keys(devDependencies).length > 0,
    ...(packageManager !== undefined && { packageManager }),
  };
}

/** The object in a JSON text, or an empty one. */
export function parseObject(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text?.replace(/^\ufeff/, '') ?? '');
    return typeof value === 'object' && value !== null
      ? { ...value, scripts: {}, ...value }
      : { scripts: {} };
  } catch {
    return { scripts: {} };
  }
}

/**
 * The command that runs a repository's tests.
 * @param present the names, of `commandFiles` and `lockFileNames`, that are there
 * @returns undefined when none of them tells
 */
export function detectCommand(
  present: ReadonlySet<string>,
  { scripts, packageManager }: Manifest,
): string | undefined {
  if (scripts.test?.trim() && !scripts.test.includes('no test specified')) {
    return runTest[managerOf(present, packageManager)];
  }
  if (['pyproject.toml', 'pytest.ini', 'setup.cfg', 'tox.ini'].some((name) => present.has(name)))
    return 'python3 -m pytest';
  if (present.has('Cargo.toml')) return 'cargo test';
  if (present.has('go.mod')) return 'go test ./...';
  return undefined;
}

function managerOf(present: ReadonlySet<string>, declared: string | undefined): PackageManager {
  const name = declared?.split('@')[0];
  if (name !== undefined && Object.hasOwn(runTest, name)) return name as PackageManager;
  const lock = lockFileNames.find((file) => present.has(file));
  return lock ? lockFiles[lock]! : 'npm';
}
