import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { limitsOn } from '../../src/room/limits.ts';

const everything = (program: string): string => `/usr/bin/${program}`;
const systemd = '/';

test('with systemd each room gets a cgroup, and bubblewrap still an empty environment', () => {
  const commands = limitsOn(everything, true, () => true, systemd);
  expect(commands.join(' ')).toMatch(
    /^\/usr\/bin\/systemd-run --scope .*--expand-environment=no .*MemoryMax=75% .*MemorySwapMax=0 .*TasksMax=4096 .*-- \/usr\/bin\/env -i \/usr\/bin\/choom -n 1000 -- \/usr\/bin\/prlimit --nproc=4096 .*--$/,
  );
});

test('an ordinary user’s is made by the user’s own systemd', () => {
  const commands = limitsOn(everything, false, () => true, systemd);
  expect(commands.slice(0, 4)).toEqual([
    '/usr/bin/env',
    `XDG_RUNTIME_DIR=/run/user/${process.getuid?.()}`,
    '/usr/bin/systemd-run',
    '--user',
  ]);
});

test('a systemd that does not know the newer options is asked without them', () => {
  const isOld = (commands: readonly string[]): boolean => !commands.includes('--expand-environment=no');
  const commands = limitsOn(everything, true, isOld, systemd);
  expect(commands[0]).toBe('/usr/bin/systemd-run');
  expect(commands.join(' ')).not.toMatch(/expand|OOMPolicy/);
});

test('where systemd does not run the machine it is not asked, though its programs are there', () => {
  const commands = limitsOn(everything, true, () => true, '/nonexistent');
  expect(commands[0]).toBe('/usr/bin/choom');
});

test('what the machine has not, or does not allow, is left out, and the rest stays', () => {
  const programs = ['systemd-run', 'env', 'choom', 'prlimit'];
  fc.assert(
    fc.property(fc.subarray(programs), fc.func(fc.boolean()), (there, allows) => {
      const find = (program: string) => (there.includes(program) ? everything(program) : undefined);
      const tried: string[] = [];
      const works = (commands: readonly string[]): boolean => {
        const works = allows(commands);
        if (works) tried.push(...commands);
        return works;
      };
      for (const word of limitsOn(find, true, works, systemd)) expect(tried).toContain(word);
    }),
  );
});
