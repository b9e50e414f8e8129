import { help, readOptions } from './demo/options.ts';
import { judgeRepository } from './demo/repository.ts';
import { tour } from './demo/tour.ts';

// `npm run demo | head` closes the pipe early; the runs still end in order and clean up.
process.stdout.on('error', () => undefined);
process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  const options = readOptions(argv, process.env);
  if ('misuse' in options) {
    process.stderr.write(`demo: ${options.misuse}\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  try {
    return await (options.repository ? judgeRepository(options, options.repository) : tour(options));
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\n`);
    return 1;
  }
}
