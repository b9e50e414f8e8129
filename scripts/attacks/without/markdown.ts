import type * as real from '../../../src/views/markdown.ts';

export const prose: typeof real.prose = (text) => text;
export const sentence: typeof real.sentence = (text) => text;
export const code: typeof real.code = (text) => text;
export const fence: typeof real.fence = (text, language) => `\`\`\`${language}\n${text}\n\`\`\``;
export const holdsComment: typeof real.holdsComment = () => false;
