import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from './lab.ts';

/**
 * The action under attack with a generator whose own process is the attacker's: more than any model can do with
 * its tools. It runs where the real one does, in its room.
 * @param program a file beside this one: a CommonJS module that finds `input` defined
 * @returns where the action is
 */
export function withHostileGenerator(lab: Lab, program: string, input: unknown): string {
  const directory = lab.directory('hostile');
  cpSync(join(lab.actionDir, 'action.yml'), join(directory, 'action.yml'));
  cpSync(join(lab.actionDir, 'dist'), join(directory, 'dist'), { recursive: true });
  const code = readFileSync(join(import.meta.dirname, 'hostile', program), 'utf8');
  writeFileSync(join(directory, 'dist/generator.js'), `const input = ${JSON.stringify(input)};\n${code}`);
  return directory;
}
