import type { Views } from '../../core/platform.ts';
import type { Api } from './octokit.ts';

/** What every part of the platform works with. */
export interface Context {
  api: Api;
  /** `owner/name`. */
  repository: string;
  /** The same, as Octokit wants it. */
  repoParams: { owner: string; repo: string };
  /** Bots whose comments count, by exact login. */
  bots: readonly string[];
  views: Views;
  say: (text: string) => void;
  uploadArtifact: UploadArtifact | undefined;
  runUrl: string | undefined;
  clock: () => Date;
  signal: AbortSignal;
  msPerSecond: number;
  tokenActor: () => Promise<TokenActor>;
}

/** Who the token acts as. */
export interface TokenActor {
  login: string;
  id: number;
}

/** Keeps files with the workflow run; what comes back is where a person finds them, if they could be kept. */
export type UploadArtifact = (
  name: string,
  files: { name: string; content: string | Uint8Array }[],
) => Promise<string | undefined>;

/** `owner/name` in two. */
export function split(repository: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}
