import type { TokenActor } from './context.ts';
import { attempt } from './fault.ts';
import type { Api } from './octokit.ts';

/**
 * Who the token acts as, asked at most once. GET /user is closed to a workflow's own token and to every
 * other installation token; the GraphQL viewer isn't.
 */
export function tokenActorOf(api: Api, graphqlUrl: string | undefined): () => Promise<TokenActor> {
  let asked: Promise<TokenActor> | undefined;
  return () => {
    asked ??= attempt({ to: 'learn who the token acts as', needs: 'metadata: read' }, async () => {
      const { viewer } = await api.graphql<{ viewer: { login: string; databaseId: number } }>(
        'query Viewer { viewer { login databaseId } }',
        graphqlUrl ? { baseUrl: graphqlUrl.replace(/\/graphql\/?$/, '') } : {},
      );
      return { login: viewer.login, id: viewer.databaseId };
    });
    return asked;
  };
}
