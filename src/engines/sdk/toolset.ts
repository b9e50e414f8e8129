import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import {
  type AgentToolContext,
  betaBashTool,
  betaEditTool,
  betaGlobTool,
  betaGrepTool,
  betaReadTool,
  betaWriteTool,
} from '@anthropic-ai/sdk/tools/agent-toolset/node';
import type { Agent } from '../../core/agent.ts';

/** What a session of a class is made of; each has a bundle of its own, which holds no other's tools. */
export interface Toolset {
  class: Agent['class'];
  tools: readonly ((context: AgentToolContext) => BetaRunnableTool)[];
}

export const generatorToolset: Toolset = {
  class: 'generator',
  tools: [betaBashTool, betaReadTool, betaWriteTool, betaEditTool, betaGlobTool, betaGrepTool],
};

/** Nothing in it writes, and nothing runs what the model names. */
export const reviewerToolset: Toolset = {
  class: 'reviewer',
  tools: [betaReadTool, betaGlobTool, betaGrepTool],
};
