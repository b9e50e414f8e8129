import type * as real from '../../../src/core/sanitize.ts';

export const sanitize: typeof real.sanitize = (text) => ({ text, hidden: 0 });
export const sanitizeText: typeof real.sanitizeText = (text) => text;
export const sanitizeLine: typeof real.sanitizeLine = (text) => text;
export const sanitizeLog: typeof real.sanitizeLog = (text) => text;
export const escapeCommands: typeof real.escapeCommands = (line) => line;
