import picomatch from 'picomatch';

/** By the flag `s` a line end in a name is a character like any other. */
const options = { dot: true, nocase: true, flags: 'is' } as const;

const tests = picomatch(
  [
    '**/{__tests__,__snapshots__,__mocks__,__fixtures__,test,tests,spec,specs,testdata,e2e}/**',
    '**/*[._-]{test,tests,spec,specs}.*',
    '**/*.{snap,snapshot}',
    '**/{test,tests}.{js,mjs,cjs,ts,mts,cts,jsx,tsx,py}',
    '**/test[_-]*.*',
    '**/*{Test,Tests,Spec}.{java,kt,cs,swift,php,scala}',
  ],
  options,
);

const runnerConfiguration = picomatch(
  [
    '**/{jest,vitest,vite,playwright,cypress,karma,ava,wdio}.{config,conf,workspace,setup}*.*',
    '**/{jest,vitest}[._-]*.{js,cjs,mjs,ts,cts,mts,json}',
    '**/.{mocharc,nycrc,c8rc,taprc}*',
    '**/.mocharc.*',
    '**/{pytest.ini,.pytest.ini,tox.ini,setup.cfg,conftest.py,noxfile.py,sitecustomize.py,usercustomize.py}',
    '**/.cargo/config{,.toml}',
    '**/.config/nextest.toml',
    '**/node_modules/**',
    '**/{.venv,venv}/**',
  ],
  options,
);

const buildFile = picomatch(
  [
    '**/{Makefile,GNUmakefile,justfile,Justfile,.justfile,Rakefile,Taskfile.yml,Taskfile.yaml}',
    '**/*.{sh,bash,mk}',
  ],
  options,
);

/** Whether a file is a test, or what tests compare with, by its path. */
export function isTestFile(path: string): boolean {
  return tests(path);
}

/** Whether a file decides which tests run, or stands before the code under test, by its path. */
export function isRunnerConfiguration(path: string): boolean {
  return runnerConfiguration(path);
}

/** Whether a command of `words` reads a file as a program of its own: a script or a Makefile. */
export function isPartOfCommand(path: string, words: ReadonlySet<string>): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const named = words.has(path) || words.has(name);
  if (named && (buildFile(path) || !name.includes('.'))) return true;
  const maker = words.has('make') || words.has('just') || words.has('task') || words.has('rake');
  return maker && buildFile(path) && !/\.(sh|bash)$/.test(name);
}

/** What stands after the first `#[cfg(test)]` of a Rust source, where its unit tests are by convention. */
export function rustTests(text: string): string {
  const at = text.indexOf('#[cfg(test)]');
  return at < 0 ? '' : text.slice(at);
}

/** Whether `tamperings` has to see the text of a file, and not only that it has changed. */
export function isCompared(path: string): boolean {
  return isTestFile(path) || /(?:\.rs|(?:^|\/)(?:package\.json|pyproject\.toml|Cargo\.toml))$/.test(path);
}
