import type { Views } from '../core/platform.ts';
import { check } from './check.ts';
import { sticky } from './comment.ts';
import { commitMessage } from './commit.ts';
import { inline, review } from './review.ts';

/** Documents -> Markdown that is safe to publish. */
export const views: Views = { sticky, review, inline, check, commitMessage };
