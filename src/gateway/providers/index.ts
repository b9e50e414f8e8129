import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ModelAccess } from '../../core/access.ts';
import { connectAnthropic } from './anthropic.ts';
import type { IdentityToken, ModelConnection } from './client.ts';

type Connect = (access: ModelAccess, identityToken: IdentityToken) => Promise<ModelConnection>;

/**
 * The way to the model. Each provider but Anthropic has a bundle of its own in `dist`, which is read only
 * when it is chosen: they are large, and a run needs one of them at most.
 * @throws Fault when there is no credential
 */
export async function connect(
  access: ModelAccess,
  identityToken: IdentityToken,
  dist: string,
): Promise<ModelConnection> {
  if (access.provider === 'anthropic') return connectAnthropic(access, identityToken);
  const bundle: { connect: Connect } = await import(pathToFileURL(join(dist, `${access.provider}.js`)).href);
  return bundle.connect(access, identityToken);
}
