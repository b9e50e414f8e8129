import { builtinAgents } from '../agents/index.ts';
import { type Agent, parseAgent } from '../core/agent.ts';
import type { RepositoryConfig } from '../core/config.ts';
import { readRepositoryConfig } from '../core/config.ts';
import type { Git } from '../core/git.ts';
import { Fault } from '../core/outcome.ts';
import { probes } from '../probes/index.ts';

/** No rule or agent is longer; a larger file is somebody's mistake. */
const largestFile = 256 * 1024;

/** All that comes from the base ref and steers a run: law 6. */
export interface BaseFiles {
  agent: Agent;
  repository: RepositoryConfig;
  /** The repository's own CLAUDE.md, or empty. */
  conventions: string;
}

/** Reads what steers the run from the commit at the tip of the base branch, never from the head. */
export async function readBaseFiles(
  git: Git,
  base: string,
  agentName: string,
  configFile: string,
): Promise<BaseFiles> {
  const read = async (path: string): Promise<string | undefined> => {
    const asked = await git(['cat-file', '--batch-check', '--follow-symlinks'], {
      input: `${base}:${path}\n`,
    });
    const answer = asked.toString('utf8');
    if (/ missing\n$/.test(answer)) return undefined;
    const [, oid, type, size] = /^([0-9a-f]+) (\w+) (\d+)\n$/.exec(answer) ?? [];
    if (!oid || type !== 'blob')
      throw new Fault(`${path} on the base ref is no file, and no link to a file that is there.`);
    if (Number(size) > largestFile)
      throw new Fault(`${path} on the base ref is larger than ${largestFile / 1024} KB.`);
    return (await git(['cat-file', 'blob', oid])).toString('utf8');
  };
  return {
    agent: await readAgent(agentName, read),
    repository: readRepositoryConfig(await read(configFile), configFile),
    conventions: (await read('CLAUDE.md')) ?? '',
  };
}

async function readAgent(name: string, read: (path: string) => Promise<string | undefined>): Promise<Agent> {
  const builtin = builtinAgents[name];
  if (builtin) return parseAgent(builtin, `${name}.agent.md`, Object.keys(probes));
  const path = `.github/agents/${name}.agent.md`;
  const text = await read(path);
  if (text === undefined) {
    const known = Object.keys(builtinAgents).join(', ');
    throw new Fault(
      `Input agent: "${name}" is not allowed; it must be one of ${known}, or the name of an agent in ${path}, which is not on the base ref.`,
    );
  }
  const agent = parseAgent(text, path, Object.keys(probes));
  if (agent.name !== name)
    throw new Fault(`The agent file ${path} is invalid: name: it must be ${name}, like the file.`);
  return agent;
}
