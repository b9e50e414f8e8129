import fix from './fix.agent.md';
import review from './review.agent.md';

/** The agents that come with Countersign, as text. */
export const builtinAgents: Readonly<Record<string, string>> = { fix, review };
