/**
 * A signal that is given when someone asks the process to stop. GitHub allows 7.5 s from the first signal to
 * the last: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation.
 */
export function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => stop.abort(new Error(`The run was cancelled (${name}).`)));
  }
  return stop.signal;
}

/**
 * Ends the process once all that it has written is taken. What still runs is not waited for: a cancelled run may have
 * begun an installation as root, which it can't end.
 */
export function exitWith(code: number): void {
  process.stderr.write('', () => process.stdout.write('', () => process.exit(code)));
}
