import { notFound, type Refusal, type Route, refuse } from './answers.ts';
import type { Grant, Level, Permission, Repository, World } from './types.ts';

const rank: Record<Level, number> = { none: 0, read: 1, write: 2 };

/** The token of an Authorization header, however it is carried. */
export function tokenOf(authorization: string | undefined): string | undefined {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ');
  if (/^(bearer|token)$/i.test(scheme)) return value;
  if (/^basic$/i.test(scheme)) return Buffer.from(value, 'base64').toString().split(':').slice(1).join(':');
  return undefined;
}

/** Whether a token knows of a repository at all. */
export function sees(grant: Grant, repository: Repository): boolean {
  return !repository.private || covers(grant, repository);
}

function covers(grant: Grant, repository: Repository): boolean {
  return grant.repositories?.includes(repository.fullName.toLowerCase()) ?? true;
}

/** Whether a token may do something in a repository. What is public can be read with any. */
export function may(grant: Grant, repository: Repository, permission: Permission, level: Level): boolean {
  if (!repository.private && level === 'read') return true;
  return covers(grant, repository) && rank[grant.permissions[permission]] >= rank[level];
}

/** What GitHub says to a token that may not. */
export function forbidden(grant: Grant): Refusal {
  const kind = grant.app ? 'integration' : 'personal access token';
  return refuse(403, `Resource not accessible by ${kind}`);
}

/** The repository of a call, if the token may see it and do what the route needs. */
export function admit(world: World, grant: Grant, fullName: string, needs: Route['needs']): Repository {
  const repository = world.repositories.get(fullName.toLowerCase());
  if (!repository || !sees(grant, repository)) throw notFound();
  const allowed = needs.some((need) => {
    const [permission, level] = need.split(':') as [Permission, Level];
    return may(grant, repository, permission, level);
  });
  if (needs.length > 0 && !allowed) throw forbidden(grant);
  return repository;
}
