import type { Grant, Permission, Repository, World } from './types.ts';

export interface Answer {
  status: number;
  /** An object becomes JSON; text and bytes are sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** One checked call of a REST operation. */
export interface Call {
  world: World;
  method: string;
  grant: Grant;
  repository: Repository;
  parameters: Record<string, string>;
  query: Record<string, string>;
  body: unknown;
  accept: string;
  url: URL;
}

export interface Route {
  /** Any one of these is enough; with none, a valid token is. */
  needs: readonly `${Permission}:${'read' | 'write'}`[];
  handle: (call: Call) => Promise<Answer> | Answer;
}

/** What is not JSON: a diff, a file as it is, a SHA. */
export function media(body: Buffer | string, kind: 'diff' | 'raw' | 'sha'): Answer {
  return {
    status: 200,
    body,
    headers: { 'content-type': `application/vnd.github.v3.${kind}; charset=utf-8` },
  };
}

export type Routes = Record<string, Route>;

/** An answer that says no. Thrown, so that a handler reads as what happens when all is well. */
export interface Refusal extends Error {
  answer: Answer;
}

const documentation = 'https://docs.github.com/rest';

/** GitHub's basic error: `refuse(404, 'Not Found')`. */
export function refuse(status: number, message: string, more: Record<string, unknown> = {}): Refusal {
  const body = { message, ...more, documentation_url: documentation, status: String(status) };
  return Object.assign(new Error(message), { answer: { status, body } });
}

/** GitHub's 422 "Validation Failed". */
export function invalid(
  ...errors: { resource: string; field: string; code: string; message?: string }[]
): Refusal {
  return refuse(422, 'Validation Failed', { errors });
}

export const notFound = (): Refusal => refuse(404, 'Not Found');

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'answer' in error;
}

export interface Page {
  perPage: number;
  page: number;
}

/** per_page and page as GitHub reads them: at most 100 (or `most`), 30 by default. */
export function pageOf(call: Call, standard = 30, most = 100): Page {
  const read = (name: string, otherwise: number) => {
    const value = Number(call.query[name] ?? otherwise);
    return Number.isInteger(value) && value > 0 ? value : otherwise;
  };
  return { perPage: Math.min(read('per_page', standard), most), page: read('page', 1) };
}

/** One page of a list. */
export function slice<T>(items: readonly T[], { perPage, page }: Page): T[] {
  return items.slice((page - 1) * perPage, page * perPage);
}

/** The Link header for one page of `total` items. */
export function link(call: Call, total: number, { perPage, page }: Page): Record<string, string> {
  const last = Math.max(1, Math.ceil(total / perPage));
  const to = (number: number, rel: string) => {
    const url = new URL(call.url);
    url.searchParams.set('page', String(number));
    return `<${url.href}>; rel="${rel}"`;
  };
  const links: string[] = [];
  if (page > 1) links.push(to(page - 1, 'prev'));
  if (page < last) links.push(to(page + 1, 'next'), to(last, 'last'));
  if (page > 1) links.push(to(1, 'first'));
  return links.length > 0 ? { link: links.join(', ') } : {};
}

/** A paginated list. */
export function list(call: Call, items: readonly unknown[]): Answer {
  const page = pageOf(call);
  return { status: 200, body: slice(items, page), headers: link(call, items.length, page) };
}
