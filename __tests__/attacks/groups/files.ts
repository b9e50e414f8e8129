import { join } from 'node:path';
import type { RoomAttack } from '../room-attacks.ts';
import { family, home, says, strongest, wrote } from '../room-attacks.ts';

const { move } = family('files');
const also = { also: ['tools'] } as const;

/** Names that lead out of the work tree: links, `..`, absolute paths, and what the file tools make of them. */
export const files: readonly RoomAttack[] = [
  move(
    'C5',
    'a link in the work tree that leads to a secret',
    (m) => `ln -s '${home('.ssh/id_ed25519')(m)}' leak; cat leak; rm -f leak`,
  ),
  move(
    'C5',
    'a link of a link, through /proc/self/cwd',
    (m) =>
      `ln -s /proc/self/cwd here; ln -s "here/../../../../../../../../..$PWD/../../../../../../../../../..${home('.pypirc')(m)}" leak; cat leak; rm -f leak here`,
  ),
  move('C5', 'a hard link to a secret', (m) => `ln '${home('.npmrc')(m)}' hard 2>&1 && cat hard; rm -f hard`),
  move(
    'C5',
    '.. as often as there are folders',
    (m) => `cat ../../../../../../../../../../../..${home('.netrc')(m)}`,
  ),
  move(
    'C5',
    'a copy of a folder by a link to it',
    (m) => `ln -s '${m.home}' house; cat house/.cargo/credentials.toml; rm house`,
  ),
  move(
    'B8 C5',
    'a folder that the runner has left open in the action',
    'cat /proc/self/fd/40/.config/gh/hosts.yml',
    strongest,
  ),
  move(
    'C10 C11',
    'an installed dependency, by the room’s own path',
    'ls node_modules/dep >/dev/null && echo spoilt >> node_modules/dep/index.js && echo WROTE',
    { ...wrote, corrupts: (m) => [join(m.workspace, 'node_modules/dep/index.js')] },
  ),
  move(
    'B1',
    'the read tool: /proc/self/environ',
    () => ({ name: 'read', input: { file_path: '/proc/self/environ' } }),
    also,
  ),
  move(
    'B8',
    'the read tool: ~/.npmrc',
    (m) => ({ name: 'read', input: { file_path: home('.npmrc')(m) } }),
    also,
  ),
  move(
    'B7',
    'the grep tool, over the workspace',
    (m) => ({ name: 'grep', input: { pattern: 'private_key|DATABASE', path: m.workspace } }),
    also,
  ),
  move(
    'B7',
    'the glob tool, in RUNNER_TEMP',
    (m) => ({ name: 'glob', input: { pattern: '**/*', path: m.temp } }),
    {
      ...also,
      ...says(/a1b2c3/),
    },
  ),
  move(
    'C10',
    'the write tool, into ~/.bash_profile',
    (m) => ({ name: 'write', input: { file_path: join(m.home, '.bash_profile'), content: 'spoilt\n' } }),
    { ...also, corrupts: (m) => [join(m.home, '.bash_profile')] },
  ),
];
