import * as z from 'zod';
import * as real from '../../../src/core/proposal.ts';

export const { parseHostileJson } = real;

const anything = z.looseObject({});

export const resultTools = {
  generator: { ...real.resultTools.generator, schema: anything },
  reviewer: { ...real.resultTools.reviewer, schema: anything },
};

export const readProposal: typeof real.readProposal = (agentClass, content) => ({
  class: agentClass,
  value: JSON.parse(content.toString('utf8')),
});
