import { beside, paint, print } from './terminal.ts';

/** Prints a job's log as it comes, without the lines that only the runner reads. */
export function startLog(): (log: string) => void {
  let told = 0;
  let name = 'log';
  return (log) => {
    const lines = log === '' ? [] : log.split('\n');
    for (const line of lines.slice(told)) {
      if (line.trim() === '' || line.startsWith('::')) continue;
      print(beside(name, paint(styleOf(line), line)));
      name = '';
    }
    told = Math.max(told, lines.length);
  };
}

function styleOf(line: string): 'red' | 'yellow' | 'dim' {
  if (line.startsWith('##[error]')) return 'red';
  return line.startsWith('##[warning]') ? 'yellow' : 'dim';
}
