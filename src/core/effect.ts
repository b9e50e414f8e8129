import * as z from 'zod';

const key = z.string().regex(/^[0-9a-f]{20}\/[a-z-]+$/);

/**
 * What a run may do to the world, each with a key that is the same whenever the same task wants the same
 * thing, so that a platform can be asked whether it has been done already.
 */
export const effect = z.discriminatedUnion('type', [
  z.object({ type: z.literal('push'), key }),
  z.object({ type: z.literal('review'), key }),
  z.object({ type: z.literal('check'), key, conclusion: z.enum(['success', 'failure', 'neutral']) }),
  z.object({ type: z.literal('comment'), key }),
]);

export type Effect = z.infer<typeof effect>;
export type EffectType = Effect['type'];
export const effectTypes = effect.options.map((option) => option.shape.type.value) as EffectType[];

/** The idempotency key of one task's effect of one type. */
export function effectKey(taskId: string, type: EffectType): string {
  return `${taskId}/${type}`;
}

/** The type of the effect that a key is of; undefined when it is no key. */
export function effectTypeOf(key: string): EffectType | undefined {
  return effectTypes.find((type) => key.endsWith(`/${type}`));
}
