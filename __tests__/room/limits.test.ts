import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { limitsOn } from '../../src/room/limits.ts';

const find = (program: string): string => `/usr/bin/${program}`;
const unlimited = ['processes', 'file size', 'core file size', 'open files']
  .map((name) => `Max ${name}   1024   unlimited   units`)
  .join('\n');
const machine = { find, isRoot: true, booted: '/', current: unlimited };

test('with systemd each room gets a cgroup, and bubblewrap still an empty environment', () => {
  const [first] = limitsOn(machine);
  expect(first!.join(' ')).toMatch(
    /^\/usr\/bin\/systemd-run --scope .*MemoryMax=75% .*MemorySwapMax=0 .*TasksMax=4096 --expand-environment=no .*-- \/usr\/bin\/env -i \/usr\/bin\/choom -n 1000 -- \/usr\/bin\/prlimit --nproc=4096 --fsize=4294967296 --core=0 --nofile=65536 --$/,
  );
});

test('an ordinary user’s is made by the user’s own systemd', () => {
  const [first] = limitsOn({ ...machine, isRoot: false });
  expect(first!.slice(0, 4)).toEqual([
    '/usr/bin/env',
    `XDG_RUNTIME_DIR=/run/user/${process.getuid?.()}`,
    '/usr/bin/systemd-run',
    '--user',
  ]);
});

test('a systemd that does not know the newer options is asked without them, and one that gives none is done without', () => {
  const [, older, without, none] = limitsOn(machine);
  expect(older!.join(' ')).not.toMatch(/expand|OOMPolicy/);
  expect(older!.slice(-without!.length)).toEqual(without);
  expect(without![0]).toBe('/usr/bin/choom');
  expect(none).toEqual([]);
});

test('where systemd does not run the machine it is not asked, though its programs are there', () => {
  const [, , without, none] = limitsOn(machine);
  expect(limitsOn({ ...machine, booted: '/nonexistent' })).toEqual([without, none]);
});

test('a limit that is lower already is not raised', () => {
  const current = unlimited.replace(/open files.*/, 'open files   1024   20000   files');
  expect(limitsOn({ ...machine, current })[0]!.join(' ')).toMatch(/--core=0 --$/);
});

test('what the machine has not is left out, and the rest stays', () => {
  const programs = ['systemd-run', 'env', 'choom', 'prlimit'];
  fc.assert(
    fc.property(fc.subarray(programs), (there) => {
      const has = (program: string) => (there.includes(program) ? find(program) : undefined);
      const [first] = limitsOn({ ...machine, find: has });
      const used = programs.filter((program) => first!.includes(find(program)));
      // systemd-run and env are of use together only.
      const isWhole = there.includes('systemd-run') && there.includes('env');
      expect(used).toEqual(there.filter((name) => isWhole || name === 'choom' || name === 'prlimit'));
    }),
  );
});
