import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { limitsOn } from '../../src/room/limits.ts';

const find = (program: string): string => `/usr/bin/${program}`;
const unlimited = ['processes', 'file size', 'core file size', 'open files']
  .map((name) => `Max ${name}   1024   unlimited   units`)
  .join('\n');
const machine = { find, isRoot: true, booted: '/', current: unlimited };

test('with systemd each room gets a cgroup, and bubblewrap still an empty environment', () => {
  const commands = limitsOn(machine, () => true);
  expect(commands.join(' ')).toMatch(
    /^\/usr\/bin\/systemd-run --scope .*MemoryMax=75% .*MemorySwapMax=0 .*TasksMax=4096 --expand-environment=no .*-- \/usr\/bin\/env -i \/usr\/bin\/choom -n 1000 -- \/usr\/bin\/prlimit --nproc=4096 --fsize=4294967296 --core=0 --nofile=65536 --$/,
  );
});

test('an ordinary user’s is made by the user’s own systemd', () => {
  const commands = limitsOn({ ...machine, isRoot: false }, () => true);
  expect(commands.slice(0, 4)).toEqual([
    '/usr/bin/env',
    `XDG_RUNTIME_DIR=/run/user/${process.getuid?.()}`,
    '/usr/bin/systemd-run',
    '--user',
  ]);
});

test('a systemd that does not know the newer options is asked without them', () => {
  const isOld = (commands: readonly string[]): boolean => !commands.includes('--expand-environment=no');
  const commands = limitsOn(machine, isOld);
  expect(commands[0]).toBe('/usr/bin/systemd-run');
  expect(commands.join(' ')).not.toMatch(/expand|OOMPolicy/);
});

test('where systemd does not run the machine it is not asked, though its programs are there', () => {
  const commands = limitsOn({ ...machine, booted: '/nonexistent' }, () => true);
  expect(commands[0]).toBe('/usr/bin/choom');
});

test('a limit that is lower already is not raised', () => {
  const current = unlimited.replace(/open files.*/, 'open files   1024   20000   files');
  expect(limitsOn({ ...machine, current }, () => true).join(' ')).toMatch(/--core=0 --$/);
});

test('what the machine has not, or does not allow, is left out, and the rest stays', () => {
  const programs = ['systemd-run', 'env', 'choom', 'prlimit'];
  fc.assert(
    fc.property(fc.subarray(programs), fc.func(fc.boolean()), (there, allows) => {
      const has = (program: string) => (there.includes(program) ? find(program) : undefined);
      const allowed: string[] = [];
      const commands = limitsOn({ ...machine, find: has }, (tried) => {
        if (allows(tried)) allowed.push(...tried);
        return allows(tried);
      });
      expect(commands).toEqual(allowed);
    }),
  );
});
