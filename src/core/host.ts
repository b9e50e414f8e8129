import * as z from 'zod';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** Never all digits, or a hexadecimal number, so that no spelling of an address is a name. */
const top = '(?:[a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])';
const name = new RegExp(`^(?:${label}\\.)+${top}$`);

/** Names that mean the machine itself: RFC 6761. */
const local = /(?:^|\.)localhost(?:\.localdomain)?$/;

/** True for the full name of a host in small letters: no address, no single name, no dot at its end. */
export function isHostName(host: string): boolean {
  return host.length <= 253 && name.test(host) && !local.test(host);
}

const allowed =
  'names of hosts such as registry.npmjs.org, or *.example.com for every name below it, one a line or with commas between them, without scheme, port or path';

/** More is no list that somebody has read. */
const most = 100;

/** The input `allow-hosts`: hosts by name, and `*.NAME` for all below one. */
export const hostPatterns = z
  .string()
  .transform((value) => [
    ...new Set(
      value
        .toLowerCase()
        .split(/[\s,]+/)
        .filter(Boolean),
    ),
  ])
  .pipe(
    z
      .array(
        z.string().refine((value) => isHostName(value.replace(/^\*\./, '')), {
          error: ({ input }) => `${allowed}, which ${JSON.stringify(String(input).slice(0, 100))} is not`,
        }),
      )
      .max(most, `at most ${most} ${allowed}`),
  );

/** Whether `host`, a name in small letters, is one of `patterns`; `*.a.example` is every name below, and not itself. */
export function isAllowed(host: string, patterns: readonly string[]): boolean {
  return (
    isHostName(host) &&
    patterns.some((pattern) =>
      pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern,
    )
  );
}
