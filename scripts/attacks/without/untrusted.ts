import type * as real from '../../../src/probes/untrusted.ts';

export { head, tail } from '../../../src/probes/untrusted.ts';

export const plain: typeof real.plain = (output) => output;
export const plainly: typeof real.plainly = (text) => ({ text, hidden: 0 });
export const fence: typeof real.fence = (text) => `\`\`\`text\n${text}\n\`\`\``;
