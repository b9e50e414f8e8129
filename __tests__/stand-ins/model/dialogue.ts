import { breaks, continues, type Past, repeats } from './history.ts';
import { idsOf } from './read.ts';
import type { Block, Body, Conversation, ModelRequest, Reply, Session } from './types.ts';

type Live = Session & { script: Conversation; past?: Past };

/** What answers a request: the script's next entry, or the reasons why nothing does. */
export type Pick =
  | { reply: Reply; remember: (said: Block[] | undefined, stopReason?: string) => void }
  | { problems: string[] };

/** Keeps track of which session of which script a request belongs to. */
export type Dialogue = {
  sessions: Session[];
  pick: (request: ModelRequest) => Pick;
  add: (...more: Conversation[]) => void;
  unused: () => string[];
};

/** Starts with these scripts; first requests are matched to them in order. */
export function startDialogue(scripts: Conversation[]): Dialogue {
  const all = [...scripts];
  const live: Live[] = [];
  return {
    sessions: live,
    add: (...more) => void all.push(...more),
    unused: () => all.flatMap((script, at) => unusedOf(script, at, live)),
    pick(request) {
      const found = ongoing(live, request.body) ?? begin(all, live, request);
      if (!found) return { problems: ['stand-in: no script expects this conversation'] };
      return next(found, live.indexOf(found), request);
    },
  };
}

function next(session: Live, at: number, request: ModelRequest): Pick {
  const { script, past } = session;
  const turn = session.requests.length;
  const label = { conversation: session.conversation, name: session.name, session: at, turn };
  Object.assign(request, label);
  session.requests.push(request);
  const problems = past && !script.historyMayChange ? breaks(past, request.body) : [];
  if (problems.length > 0) return { problems };
  const reply = script.turns?.[turn] ?? script.forever;
  if (!reply) return { problems: [`stand-in: "${session.name}" has no turn ${turn}`] };
  return {
    reply,
    remember(said, stopReason) {
      session.past = { body: request.body, ...(said && { reply: said }), ...(stopReason && { stopReason }) };
    },
  };
}

// A retry may only follow a fault: an equal request after a reply is another session that starts alike.
function ongoing(live: Live[], body: Body): Live | undefined {
  const known = live.filter((session) => session.past);
  const matching = known.filter(({ past }) =>
    past!.reply ? continues(past!, body) && !repeats(past!, body) : continues(past!, body),
  );
  const longestFirst = matching.sort((a, b) => b.past!.body.messages.length - a.past!.body.messages.length);
  const spoken = body.messages.flatMap((message) => idsOf(message, 'tool_use'));
  return (
    longestFirst.find(({ past }) => breaks(past!, body).length === 0) ??
    known.findLast(({ past }) => past!.reply?.some((block) => spoken.includes(String(block.id)))) ??
    longestFirst[0]
  );
}

function begin(all: Conversation[], live: Live[], request: ModelRequest): Live | undefined {
  const at = all.findIndex((script, index) => {
    const used = live.filter((session) => session.conversation === index).length;
    return used < (script.times ?? 1) && (script.when?.(request) ?? true);
  });
  const script = all[at];
  if (!script) return undefined;
  const session: Live = { conversation: at, name: script.name ?? `conversation ${at}`, requests: [], script };
  live.push(session);
  return session;
}

function unusedOf(script: Conversation, at: number, live: Live[]): string[] {
  const name = script.name ?? `conversation ${at}`;
  const own = live.filter((session) => session.conversation === at);
  if (own.length === 0) return [`${name} was never started`];
  const turns = script.turns?.length ?? 0;
  return own
    .filter((session) => session.requests.length < turns)
    .map((session) => `${name} answered ${session.requests.length} of ${turns} turns`);
}
