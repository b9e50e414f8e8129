import type * as real from '../../../src/core/text.ts';

export * from '../../../src/core/text.ts';

/** Whatever a session is shown as data is fenced by this one; what is published has marks of its own. */
export const fence: typeof real.fence = (text, language = 'text') => `\`\`\`${language}\n${text}\n\`\`\``;
