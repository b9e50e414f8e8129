import type { Options, Repository } from './options.ts';

export async function judgeRepository(_options: Options, _repository: Repository): Promise<number> {
  throw new Error('not yet');
}
