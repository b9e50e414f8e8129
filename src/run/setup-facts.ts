import type { Draft, RequestedHost } from '../core/document.ts';
import { escapeOutput } from '../core/invisible.ts';
import { Fault } from '../core/outcome.ts';
import type { RoomResult } from '../core/room.ts';
import { fence, truncate, truncateStart } from '../core/text.ts';

/** A run of the setup command, as far as it is told of. */
export interface SetupRun {
  command: string;
  result: Pick<RoomResult, 'exitCode' | 'timedOut' | 'seconds' | 'output'>;
  /** Hosts that it asked the proxy for; undefined where there was no sandbox, and so no proxy to ask. */
  asked?: readonly RequestedHost[];
}

const maxTail = 20_000;

/** What the ledger keeps of a setup command: how long it took, how it ended, and which hosts it reached or asked for. */
export function setupFacts({ command, result, asked }: SetupRun): Draft<'facts'> {
  const { exitCode, timedOut, seconds, output } = result;
  return {
    kind: 'facts',
    by: 'run',
    probe: 'setup',
    command: truncate(command, 4000),
    exitCode,
    timedOut,
    seconds,
    watched: asked !== undefined,
    hosts: [...(asked ?? [])],
    body: output.trim() === '' ? '' : `${fence(truncateStart(escapeOutput(output).text, maxTail))}\n`,
  };
}

/**
 * Why a run can't go on after this setup command, with what to do about it; undefined when it ended well.
 * @param allowed the hosts it was allowed
 */
export function setupFault(
  { command, result, asked }: SetupRun,
  allowed: readonly string[],
): Fault | undefined {
  const { exitCode, timedOut, output } = result;
  if (exitCode === 0 && !timedOut) return undefined;
  const how = timedOut
    ? 'did not end within the limit timeout-minutes'
    : exitCode === null
      ? 'was ended by a signal'
      : `failed with exit code ${exitCode}`;
  const why = asked ? refusedHosts(asked) : [];
  if (asked && why.length === 0 && allowed.length === 0)
    why.push('It has no network, because the input allow-hosts is empty.');
  return new Fault(
    [
      `The setup-command \`${command}\` ${how}.`,
      ...why,
      `Its last words:\n${truncateStart(escapeOutput(output).text, 2000)}`,
    ].join(' '),
    timedOut ? 'budget' : 'incomplete',
  );
}

/** The hosts that were asked for and not reached, in a sentence for each reason there is, and what can be done. */
export function refusedHosts(asked: readonly RequestedHost[]): string[] {
  const sentences: Record<
    Exclude<RequestedHost['came'], 'reached'>,
    (hosts: string, many: boolean) => string
  > = {
    'not-allowed': (hosts, many) =>
      `It asked for ${hosts}, which ${many ? 'are' : 'is'} not in allow-hosts: add ${many ? 'them' : 'it'} there if it may reach ${many ? 'them' : 'it'}.`,
    'not-443': (hosts) => `It asked for ${hosts}, but only https at port 443 is let through.`,
    'not-public': (hosts, many) =>
      `It asked for ${hosts}, which ${many ? 'lead' : 'leads'} to no address on the public internet.`,
    'not-its-name': (hosts) =>
      `It used a connection for ${hosts}, where TLS for the very host in allow-hosts has to be.`,
    unreachable: (hosts) => `It asked for ${hosts}, which could not be reached.`,
    'too-much': (hosts) => `It was stopped at ${hosts}, having transferred more than may be.`,
  };
  return Object.entries(sentences).flatMap(([came, sentence]) => {
    const hosts = asked.filter((each) => each.came === came).map(({ host }) => host);
    return hosts.length === 0 ? [] : [sentence(listed(hosts), hosts.length > 1)];
  });
}

/** More would make the sentence useless; the ledger has them all. */
const maxListed = 8;

function listed(hosts: readonly string[]): string {
  const shown = hosts.slice(0, maxListed);
  const more = hosts.length - shown.length;
  const all = more > 0 ? [...shown, `${more} more`] : shown;
  return all.length === 1 ? all[0]! : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}
