import type { Probe } from '../core/probe.ts';
import { anchorFindings } from './anchor.ts';
import { diff } from './diff.ts';
import { prove } from './prove.ts';
import { tests } from './tests.ts';

/** Every probe there is, by the name that an agent's stage gives in `by: probe NAME`. */
export const probes: Readonly<Record<string, Probe>> = { tests, prove, diff, anchor: anchorFindings };
