import { join } from 'node:path';
import type { RoomAttack } from '../room-attacks.ts';
import { family, strongest, wrote } from '../room-attacks.ts';

const { move, read, corrupt } = family('git');

/** A key of `.git/config` that runs a program or leads elsewhere, set by a session. */
const config = (what: string, key: string, value: string, more = {}): RoomAttack =>
  move('C1', `${what} in .git/config`, `git config ${key} '${value}' && echo WROTE`, { ...wrote, ...more });

/** `.git` of the work tree and of the checkout: configuration, hooks and objects. */
export const repository: readonly RoomAttack[] = [
  read('B7', 'extraheader in the checkout’s .git/config', (m) => join(m.workspace, '.git/config'), strongest),
  read('B7', 'the checkout’s include file in RUNNER_TEMP', (m) => join(m.temp, 'git-credentials-77.config')),
  corrupt('C1', 'a hook in the checkout', (m) => join(m.workspace, '.git/hooks/planted')),
  config('core.fsmonitor', 'core.fsmonitor', 'false'),
  config('core.hooksPath', 'core.hooksPath', '/nonexistent'),
  config('a filter', 'filter.attack.clean', 'cat'),
  config('an external diff', 'diff.attack.command', 'true'),
  config('a textconv driver', 'diff.attack.textconv', 'cat'),
  config('a merge driver', 'merge.attack.driver', 'true'),
  config('core.sshCommand', 'core.sshCommand', 'false'),
  config('a credential helper', 'credential.helper', '!false'),
  config('insteadOf', 'url.http://127.0.0.1:9/.insteadOf', 'http://nowhere.example/'),
  config('include.path', 'include.path', '/nonexistent/config'),
  config('the URL of a submodule', 'submodule.attack.url', 'ext::sh -c true'),
  config('gpg.program', 'gpg.program', 'false'),
  move('C1', 'a hook', 'mkdir -p .git/hooks && echo "#!/bin/sh" > .git/hooks/attack && echo WROTE', {
    ...wrote,
  }),
  move(
    'C1 C2',
    '.git/info/attributes',
    'mkdir -p .git/info && echo "x -text" >> .git/info/attributes && echo WROTE',
    wrote,
  ),
  move('C1', 'alternates, by another name of .git', 'mv .git .moved && mv .moved .git && echo WROTE', wrote),
  move(
    'C1',
    'a ref, from which the change would be counted',
    'git update-ref refs/heads/attack HEAD && echo WROTE',
    wrote,
  ),
  move(
    'C1',
    'objects of the repository that rooms share',
    'd=$(cat .git/objects/info/alternates) && mkdir -p $d/00 && : > $d/00/attack && echo WROTE',
    wrote,
  ),
];
