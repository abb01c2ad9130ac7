import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ratio, Sum } from '#bpb/submission/python/sums';
import { SIDECAR, type SmallSet, type Trial } from '#bpb/submission/simulation/types';
import { checks, judge, LONG, SHORT, said } from './judged.js';
import { AT, rows, scoreOf, terms, trialOf } from './trials.js';

describe('table', () => {
  const pieceOf = (set: SmallSet, p: number) => set.pieces[set.ids[p]!]!;
  const counting = (bytesOf: (set: SmallSet, p: number) => number) =>
    [SHORT, LONG].map((set) =>
      trialOf({ set, windows: rows(set), bytesOf: (p) => bytesOf(set, p) }),
    );
  const marked = (set: SmallSet, p: number) => pieceOf(set, p).piece.startsWith('▁');
  const afterText = (set: SmallSet, p: number) =>
    !['control', 'unknown', 'unused'].includes(pieceOf(set, p - 1).type);
  const noText = (set: SmallSet, p: number) =>
    ['control', 'unknown', 'unused'].includes(pieceOf(set, p).type);

  test.each<[string, (set: SmallSet, p: number) => number, string]>([
    [
      'space in the table and in the sum',
      (set, p) => set.bytes[p]! + (marked(set, p) ? 1 : 0),
      'leading-space-twice fail',
    ],
    [
      'mark kept',
      (set, p) => set.bytes[p]! + (marked(set, p) ? (afterText(set, p) ? 2 : 3) : 0),
      'kept-marker fail',
    ],
    [
      'mark kept and space added',
      (set, p) => set.bytes[p]! + (marked(set, p) ? 3 : 0),
      'kept-marker fail',
    ],
    [
      'space nowhere',
      (set, p) => set.bytes[p]! - (marked(set, p) && afterText(set, p) ? 1 : 0),
      'space-not-counted fail',
    ],
    [
      'no boundary',
      (set, p) => set.bytes[p]! + (marked(set, p) && !afterText(set, p) ? 1 : 0),
      'wrong-bytes warn',
    ],
    [
      'names of byte pieces',
      (set, p) => (pieceOf(set, p).type === 'byte' ? 6 : set.bytes[p]!),
      'byte-pieces fail',
    ],
    [
      'byte pieces decoded alone',
      (set, p) => (pieceOf(set, p).piece === '<0xE2>' ? 3 : set.bytes[p]!),
      'replacement-character fail',
    ],
    [
      'names of control pieces',
      (set, p) => (noText(set, p) ? pieceOf(set, p).piece.length : set.bytes[p]!),
      'control-pieces fail',
    ],
    [
      'the name of the unknown piece',
      (set, p) => (pieceOf(set, p).type === 'unknown' ? 5 : set.bytes[p]!),
      'control-pieces warn',
    ],
    [
      'characters',
      (set, p) =>
        pieceOf(set, p).type === 'normal'
          ? set.bytes[p]! -
            Buffer.byteLength(pieceOf(set, p).piece.replace(/^▁/, '')) +
            [...pieceOf(set, p).piece.replace(/^▁/, '')].length
          : set.bytes[p]!,
      'wrong-bytes fail',
    ],
  ])('%s', (_, bytesOf, check) => {
    const found = checks(counting(bytesOf));
    expect(found).toContain(check);
    expect(new Set(found.map((one) => one.split(' ')[0]))).toEqual(new Set([check.split(' ')[0]]));
    expect(said(counting(bytesOf))[0]).toMatch(/On the small set: [\d.]+ % too (?:many|few) bytes/);
  });

  test('any changed entry of the table is seen', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: SHORT.pieces.length - 1 }),
        fc.integer({ min: -3, max: 9 }),
        (id, by) => {
          const seen = SHORT.ids.slice(1).some((other) => other === id);
          fc.pre(by !== 0 && seen);
          const trials = counting((set, p) =>
            Math.max(0, set.bytes[p]! + (set.ids[p] === id ? by : 0)),
          );
          const changed = SHORT.ids.some(
            (other, p) =>
              p > 0 &&
              other === id &&
              SHORT.bytes[p]! + by !== 0 &&
              (by > 0 || SHORT.bytes[p]! > 0),
          );
          fc.pre(changed);
          expect(
            judge(trials)[0]!.findings.length + judge(trials)[3]!.findings.length,
          ).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('tables that were built alone', () => {
  const { pieces } = SHORT;
  const noText = pieces.map(({ type }) => Number(['control', 'unknown', 'unused'].includes(type)));
  const leading = pieces.map(({ piece, type }) =>
    Number(piece.startsWith('▁') && type === 'normal'),
  );
  const base = pieces.map(({ piece, type }, id) =>
    noText[id] === 1 ? 0 : type === 'byte' ? 1 : Buffer.byteLength(piece.replace(/^▁/, '')),
  );
  const built = (...arrays: number[][]) => [
    {
      ...trialOf({ set: SHORT, windows: [] }, []),
      tables: [{ at: AT, name: 'build_luts', arrays }],
    },
  ];

  test.each<[string, number[][], string[]]>([
    ['the three of the reference', [base, leading, noText], []],
    ['in another order', [noText, base, leading], []],
    [
      'padded for a larger vocabulary',
      [
        [...base, 0, 0],
        [...leading, 0, 0],
        [...noText, 1, 1],
      ],
      [],
    ],
    ['the space counted in the table, no flags', [base.map((b, id) => b + leading[id]!)], []],
    ['no space', [base], ['space-not-counted warn']],
    [
      'the space counted in the table, and flagged',
      [base.map((b, id) => b + leading[id]!), leading, noText],
      ['leading-space-twice warn'],
    ],
    [
      'names of byte pieces',
      [base.map((b, id) => (pieces[id]!.type === 'byte' ? 6 : b)), leading, noText],
      ['byte-pieces fail'],
    ],
    [
      'control pieces counted',
      [base.map((b, id) => (noText[id] === 1 ? pieces[id]!.piece.length : b)), leading, noText],
      ['control-pieces fail'],
    ],
  ])('%s', (_, arrays, found) => {
    expect(checks(built(...arrays))).toEqual(found);
    const table = judge(built(...arrays))[0]!;
    if (found.length === 0) expect(table.right).toMatch(/^the table that build_luts builds/);
    else expect(said(built(...arrays))[0]).toMatch(/On the small set/);
  });

  test('an evaluation says more than the table', () => {
    const [trial] = built(base);
    const scores = [scoreOf({ set: SHORT, windows: rows(SHORT) })];
    expect(checks([{ ...trial!, scores }])).toEqual([]);
  });
});

describe('constants', () => {
  test.each([3.5, 4.3, 2.436, 4])('%d bytes per token', (assumed) => {
    const windows = rows(SHORT);
    const score = {
      ...scoreOf({ set: SHORT, windows }),
      kind: 'loss' as const,
      value: new Ratio(
        new Sum(
          'loss',
          terms(windows, () => 1 / Math.LN2),
          0,
        ),
        64 * windows.length * assumed,
      ),
    };
    const trials = [trialOf({ set: SHORT, windows }, [score])];
    expect(checks(trials)).toEqual(['bytes-per-token fail']);
    expect(said(trials)[0]).toContain(`assumed to be ${assumed} per token`);
  });

  test('means in nats and in bits, and a share of a loss, are none', () => {
    const windows = rows(SHORT);
    for (const unit of [1, 1 / Math.LN2, 1 / 8]) {
      const score = {
        ...scoreOf({ set: SHORT, windows }),
        kind: 'loss' as const,
        value: new Ratio(
          new Sum(
            'loss',
            terms(windows, () => unit),
            0,
          ),
          64 * windows.length,
        ),
      };
      const parts = judge([trialOf({ set: SHORT, windows }, [score])]);
      expect(parts.flatMap((part) => part.findings)).toEqual([]);
      expect(parts.filter(({ right }) => right !== null).map(({ part }) => part)).toEqual([
        'aggregation',
        'coverage',
      ]);
    }
  });
});

describe('sidecar', () => {
  const operators = (set: SmallSet): SmallSet => ({
    ...set,
    sidecar: set.bytes.map((b) => (b > 2 ? b - 1 : b)),
  });
  const from = (set: SmallSet, shift: number, bytes: readonly number[]): Trial => {
    const windows = rows(set);
    const score = scoreOf({ set, windows });
    const { numerator } = score.value as Ratio;
    const entries = new Map<number, number>();
    for (const [a, b] of windows) {
      for (let p = a; p <= b; p++) entries.set(SIDECAR + p + shift, bytes[p + shift]!);
    }
    const value = new Ratio(numerator, new Sum('count', entries, 0));
    return trialOf({ set, windows }, [{ ...score, value }]);
  };

  test('entries of the targets', () => {
    const sets = [SHORT, LONG].map(operators);
    const parts = judge(sets.map((set) => from(set, 0, set.sidecar!)));
    expect(parts.flatMap((part) => part.findings)).toEqual([]);
    expect(parts[3]!.right).toMatch(/^the sidecar’s entries/);
    expect(parts[0]!.right).toMatch(/no table counts/);
  });

  test('entries of the inputs', () => {
    const sets = [SHORT, LONG].map(operators);
    expect(checks(sets.map((set) => from(set, -1, set.sidecar!)))).toContain('other-targets warn');
  });

  test('entries read as tokens', () => {
    const set = operators(SHORT);
    const score = scoreOf({ set, windows: rows(set), bytesOf: (p) => set.sidecar![p]! });
    const { numerator, denominator } = score.value as Ratio;
    const losses = new Map((numerator as Sum).terms);
    for (let p = 1; p < 500; p++) losses.set(SIDECAR + p, 1 / Math.LN2);
    const value = new Ratio(new Sum('loss', losses, 0), denominator);
    expect(checks([trialOf({ set, windows: [] }, [{ ...score, value }])])).toContain(
      'sidecar-glob fail',
    );
  });

  test('the table on case-operator data', () => {
    const pieces = SHORT.pieces.map((one, id) =>
      id === 6 ? { piece: '\ue001', type: 'user_defined' as const } : one,
    );
    const set = (of: SmallSet): SmallSet => {
      const sidecar = of.ids.map((id, p) => (id === 6 ? 0 : of.bytes[p]!));
      return { ...of, pieces, bytes: sidecar, sidecar };
    };
    const trials = [SHORT, LONG].map((of) =>
      trialOf({
        set: set(of),
        windows: rows(of),
        bytesOf: (p) => (of.ids[p] === 6 ? 3 : of.bytes[p]!),
      }),
    );
    expect(checks(trials)).toEqual(['lut-for-caseops fail']);
  });
});
