import type { RoomAttack } from '../room-attacks.ts';
import { family, says, strongest } from '../room-attacks.ts';

const { move } = family('command-files');

/** Appends a line to one of the runner's files, whose name is a secret that a list gives away. */
const append =
  (name: string, line: string): RoomAttack['call'] =>
  ({ temp }) =>
    `for f in ${temp}/_runner_file_commands/${name}_*; do case $f in *planted) ;; *) echo '${line}' >> $f;; esac; done 2>&1`;

/** The files by which a step speaks to the runner and to later steps. */
export const commandFiles: readonly RoomAttack[] = [
  move(
    'C6',
    'a list of the runner’s command files',
    ({ temp }) => `ls ${temp}/_runner_file_commands`,
    says(/set_env_/),
  ),
  move('C6', 'a variable for later steps (GITHUB_ENV)', append('set_env', 'ATTACK_ENV=1'), {
    won: ({ result }) => 'ATTACK_ENV' in result.env,
    ...strongest,
  }),
  move('C6', 'a directory on later steps’ PATH (GITHUB_PATH)', append('add_path', '/nonexistent/attack'), {
    won: ({ result }) => result.path.includes('/nonexistent/attack'),
  }),
  move('C6 C8 C9', 'an output of the action (GITHUB_OUTPUT)', append('set_output', 'attack=1'), {
    won: ({ result }) => 'attack' in result.outputs,
  }),
  move('C6', 'a state for the post step (GITHUB_STATE)', append('save_state', 'attack=1'), {
    won: ({ result }) => 'attack' in result.state,
  }),
  move('C6', 'the job summary (GITHUB_STEP_SUMMARY)', append('step_summary', 'ATTACK-SUMMARY'), {
    won: ({ result }) => result.summary.includes('ATTACK-SUMMARY'),
  }),
  move('C6', 'a variable, by the shell’s own $GITHUB_ENV', 'echo ATTACK_SHELL=1 >> "$GITHUB_ENV"', {
    won: ({ result }) => 'ATTACK_SHELL' in result.env,
  }),
];
