import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Document, digestOf, documentKinds } from '../../src/core/document.ts';
import { append, type Ledger, taskOf, verify } from '../../src/core/ledger.ts';
import * as any from './arbitrary.ts';

const at = new Date(0);

describe('the chain', () => {
  test('holds for what append makes', () => {
    fc.assert(fc.property(any.ledger, (ledger) => expect(verify(ledger)).toEqual(ledger)));
  });

  test('an edit anywhere is detected, and one that is signed anew unless it is the last', () => {
    fc.assert(
      fc.property(
        any.ledger,
        fc.nat(),
        fc.constantFrom('body', 'at', 'by', 'seq', 'prev', 'kind'),
        (ledger, n, field) => {
          const i = n % ledger.length;
          const old = ledger[i]!;
          const changed: Record<string, unknown> = {
            body: `${old.body}x`,
            at: '2000-01-01T00:00:00.000Z',
            by: 'person:someone',
            seq: old.seq + 1,
            prev: 'f'.repeat(64),
            kind: 'question',
          };
          const edited = { ...old, [field]: changed[field] } as Document;
          expect(() => verify(ledger.with(i, edited))).toThrow();
          if (i < ledger.length - 1) {
            const signed = { ...edited, digest: digestOf(edited) } as Document;
            expect(() => verify(ledger.with(i, signed))).toThrow();
          }
        },
      ),
    );
  });

  test('swapping, removing from before the end, doubling and mixing are detected', () => {
    fc.assert(
      fc.property(any.ledger, any.ledger, fc.nat(), fc.nat(), (ledger, other, n, m) => {
        const [i, j] = [n % ledger.length, m % ledger.length];
        if (i !== j) expect(() => verify(ledger.with(i, ledger[j]!).with(j, ledger[i]!))).toThrow();
        if (i < ledger.length - 1) expect(() => verify(ledger.toSpliced(i, 1))).toThrow();
        expect(() => verify(ledger.toSpliced(i, 0, ledger[i]!))).toThrow();
        const stranger = other[m % other.length]!;
        if (stranger.digest !== ledger[i]!.digest && i < ledger.length - 1)
          expect(() => verify(ledger.with(i, stranger))).toThrow();
      }),
    );
  });

  test('append never changes what is there', () => {
    fc.assert(
      fc.property(any.ledger, any.usage, (ledger, draft) => {
        const before = structuredClone(ledger);
        const longer = append(ledger, draft, at);
        expect(longer.slice(0, -1)).toEqual(before);
        expect(ledger).toEqual(before);
      }),
    );
  });
});

describe('who may add what', () => {
  const may: Record<'generator' | 'reviewer', string[]> = {
    generator: ['findings', 'verdict', 'approval', 'answer', 'receipt'],
    reviewer: ['patch', 'verdict', 'approval', 'answer', 'receipt'],
  };

  test('a ledger starts with its one task', () => {
    fc.assert(
      fc.property(any.ledger, any.task, any.usage, (ledger, task, usage) => {
        expect(() => append(ledger, task, at)).toThrow('its one task');
        expect(() => append([], usage, at)).toThrow('its one task');
        expect(taskOf(ledger)).toBe(ledger[0]);
        expect(() => taskOf([])).toThrow('its one task');
      }),
    );
  });

  test('a session never adds what its class may not, neither by append nor in a ledger from a store', () => {
    const bodies: Record<string, object> = {
      findings: { findings: [], anchored: false, moved: 0, dropped: 0 },
      verdict: {
        verdict: 'pass',
        reasons: [],
        risk: { level: 'low', reasons: [] },
        effects: [],
      },
      approval: { of: 'a'.repeat(64) },
      answer: { to: 'a'.repeat(64) },
      receipt: { key: 'x', status: 'done' },
      patch: {
        title: '',
        summary: '',
        base: 'a'.repeat(40),
        tree: 'a'.repeat(40),
        files: [],
        encoding: 'utf8',
      },
    };
    fc.assert(
      fc.property(any.task, fc.constantFrom(...documentKinds), (task, kind) => {
        const ledger = append([], task, at);
        const fields = bodies[kind];
        if (!fields) return;
        const add = (by: string): Ledger => append(ledger, { kind, by, ...fields } as never, at);
        const forbidden = may[task.class].includes(kind);
        if (forbidden) expect(() => add('session:x')).toThrow('may not add');
        else expect(add('session:x')).toHaveLength(2);
        const trusted = add('policy');
        expect(trusted).toHaveLength(2);
        if (!forbidden) return;
        const forged = { ...trusted[1]!, by: 'session:x' } as Document;
        expect(() => verify([trusted[0]!, { ...forged, digest: digestOf(forged) }])).toThrow('may not add');
      }),
    );
  });
});
