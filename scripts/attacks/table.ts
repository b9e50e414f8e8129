import { type Attack, layerNames } from '../../__tests__/attacks/attack.ts';
import { layers } from './layers.ts';
import type { Result } from './suite.ts';

/** Which layer stopped what, and which rows of the catalogue were tried; its last line sums up. */
export function table({ tries }: Pick<Result, 'tries'>, others: number): string {
  const lines = layerNames.flatMap((layer) => {
    const own = tries.filter(({ attack }) => attack.layer === layer);
    const won = own.filter((each) => each.won !== undefined).length;
    return own.length === 0
      ? []
      : [[layer, String(own.length), String(own.length - won), String(won), layers[layer].what]];
  });
  const head = ['layer', 'tried', 'stopped', 'won', 'what it does'];
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]!.length)));
  const print = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 || column === cells.length - 1
          ? cell.padEnd(widths[column]!)
          : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  const rows = rowsOf(tries.map(({ attack }) => attack));
  return [
    print(head),
    ...lines.map(print),
    '',
    `rows of the catalogue: ${rows.join(' ')} (${rows.length})`,
    '',
    sum({ tries }, others),
  ].join('\n');
}

/** What went wrong beside any single attack counts as one more that won. */
export function sum({ tries }: Pick<Result, 'tries'>, others: number): string {
  const won = tries.filter((each) => each.won !== undefined).length;
  return `attacks: tried ${tries.length + others}, stopped ${tries.length - won}, won ${won + others}`;
}

/** What there is to try, one a line. */
export function listing(attacks: readonly Attack[]): string {
  return attacks
    .map(({ id, rows, layer, also = [], strongest, name }) =>
      [
        id.padEnd(18),
        rows.join(' ').padEnd(10),
        [layer, ...also].join('+').padEnd(16),
        `${name}${strongest ? ' *' : ''}`,
      ].join(' '),
    )
    .join('\n');
}

/** The rows of the catalogue that some attacks belong to, in its order. */
export function rowsOf(attacks: readonly Attack[]): string[] {
  const place = (row: string): number => row.charCodeAt(0) * 1000 + Number(row.slice(1));
  return [...new Set(attacks.flatMap(({ rows }) => rows))].sort((a, b) => place(a) - place(b));
}
