import type { IncomingHttpHeaders } from 'node:http';

/** A content block, a tool definition or any other tagged object of the Messages API. */
export type Block = { type?: string; cache_control?: unknown; [key: string]: unknown };

/** One message of a request. */
export type Message = { role: string; content: string | Block[] };

/** The body of `POST /v1/messages`, as far as the stand-in looks at it. */
export type Body = {
  model: string;
  max_tokens: number;
  messages: Message[];
  system?: string | Block[];
  tools?: Block[];
  stream?: boolean;
  cache_control?: unknown;
  thinking?: Block;
  tool_choice?: Block;
  [key: string]: unknown;
};

/** Token counts, in the words of the API. */
export type Usage = {
  input_tokens: number;
  output_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
};

/** A tool call that the scripted model makes. */
export type ToolCall = {
  name: string;
  input: unknown;
  /** Made up, and unique, when absent. */
  id?: string;
  /** The model calls a tool nobody offered; without this such a call is a violation. */
  undeclared?: boolean;
};

/** What the model says in one turn. */
export type Turn = {
  thinking?: string;
  text?: string;
  tools?: ToolCall[];
  /** `tool_use` with tools and `end_turn` without, unless given. */
  stop_reason?:
    | 'end_turn'
    | 'max_tokens'
    | 'stop_sequence'
    | 'tool_use'
    | 'pause_turn'
    | 'refusal'
    | 'model_context_window_exceeded';
  /** Overrides single counts; the others are computed from the request's size. */
  usage?: Partial<Usage>;
  /** The last tool call's input is no JSON. */
  malformed?: 'tool-json';
  /** The socket is destroyed after so many events (half way through the body when not streaming). */
  cutAfter?: number;
  /** The socket is destroyed before anything is answered, though all of it is billed. */
  lost?: true;
  /** After so many events comes an `error` event instead of the rest. */
  errorAfter?: number;
  /** What that event says; `overloaded_error` by default. */
  error?: { type?: string; message?: string };
  /** `true`: the stream starts and then only pings. `silent`: not even headers. Both until the client goes away. */
  hang?: true | 'silent';
};

/** An HTTP error in place of a reply. */
export type Fault = {
  status: number;
  headers?: Record<string, string>;
  error?: { type?: string; message?: string };
};

/** One entry of a script: a turn, a fault, or a function of the request giving either. */
export type Reply = Turn | Fault | ((request: ModelRequest) => Turn | Fault | Promise<Turn | Fault>);

/** A scripted conversation. */
export type Conversation = {
  /** Shown in violations and in `ModelRequest.name`. */
  name?: string;
  /** Whether a first request is this conversation's; any is, when absent. The first unused match wins. */
  when?: (request: ModelRequest) => boolean;
  /** Answers in order, one per request; a fault uses up one entry. */
  turns?: Reply[];
  /** Answers every request once `turns` is used up. */
  forever?: Reply;
  /** How many sessions may be held by this script; 1 by default, `Infinity` for any number. */
  times?: number;
  /** Switches off the append-only and prefix checks, for a client that edits its history on purpose. */
  historyMayChange?: boolean;
};

/** A request that reached the stand-in, whatever became of it. */
export type ModelRequest = {
  index: number;
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The body's text as it came. */
  raw: string;
  /** The parsed body; an empty object when it was no JSON. */
  body: Body;
  /** Index of the script, of the session (one use of a script), and of the turn within the session. */
  conversation?: number;
  session?: number;
  turn?: number;
  name?: string;
  /** What was answered. */
  status?: number;
  reply?: Block[];
  stop_reason?: string;
  usage?: Usage;
};

/** One use of a scripted conversation. */
export type Session = {
  conversation: number;
  name: string;
  requests: ModelRequest[];
};

/** A jwt-bearer exchange that was tried. */
export type Exchange = {
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
  status: number;
  token?: string;
};

/** Who may exchange an identity token, and for how long. */
export type Federation = {
  ruleId?: string;
  organizationId?: string;
  serviceAccountId?: string;
  workspaceId?: string;
  /** Whether the assertion is good; any non-empty one is by default. */
  verify?: (assertion: string) => boolean;
  /** Lifetime of the access token in seconds; 3600 by default. */
  expiresIn?: number;
};

/** What `startModel` takes. */
export type ModelOptions = {
  conversations?: Conversation[];
  /** The only key that is let in; `sk-ant-stand-in` by default. */
  apiKey?: string;
  federation?: Federation;
  /** `true`: a request without `stream: true` is a violation. `false`: one with it is. */
  stream?: boolean;
  /** 32 MB by default, as the real API. */
  maxBodyBytes?: number;
};
