import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ratio, Sum } from '#bpb/submission/python/sums';
import { judgeTrials } from '#bpb/submission/simulation/judge';
import { judgeProgram } from '#bpb/submission/simulation/judge-program';
import { SIDECAR, type SmallSet, type Trial } from '#bpb/submission/simulation/types';
import { readProgram } from '#bpb/submission/source/program';
import { AT, rows, scoreOf, setOf, terms, trialOf, type Window } from './trials.js';

const SHORT = setOf(2_001);
const LONG = setOf(3_537);

const judge = (trials: readonly Trial[]) => judgeTrials(trials, () => null);
const findings = (trials: readonly Trial[]) => judge(trials).flatMap((part) => part.findings);
const checks = (trials: readonly Trial[]) =>
  findings(trials).map(({ check, severity }) => `${check} ${severity}`);
const both = (windows: (set: SmallSet) => readonly Window[]) =>
  [SHORT, LONG].map((set) => trialOf({ set, windows: windows(set) }));
const said = (trials: readonly Trial[]) => findings(trials).map((one) => one.explanation);
const last = (set: SmallSet) => set.ids.length - 1;

describe('right evaluations', () => {
  test('whole rows: all five parts, each with what was compared', () => {
    const parts = judge([
      ...both((set) => rows(set)),
      trialOf({ set: SHORT, ranks: 8, windows: rows(SHORT) }),
    ]);
    expect(parts.map(({ part, right }) => [part, right])).toEqual([
      ['table', expect.stringMatching(/^the bytes of 1,984 targets, .* are those of the rule$/)],
      ['aggregation', expect.stringMatching(/1,984 targets .* same weight \(1 and 8 ranks/)],
      ['coverage', expect.stringMatching(/last incomplete row \(16\) is dropped/)],
      ['sidecar', expect.stringMatching(/^no sidecar is read/)],
      ['constants', expect.stringMatching(/counted/)],
    ]);
  });

  test('any plan that scores each target once raises nothing', () => {
    const plan = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(
        plan,
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0.1, max: 9, noNaN: true }),
        (lengths, scale, factor) => {
          const windows = (set: SmallSet) => {
            const made: Window[] = [];
            let from = 1;
            for (let i = 0; from <= last(set); i++) {
              const to = Math.min(from + lengths[i % lengths.length]! - 1, last(set));
              made.push([from, to, scale * factor]);
              from = to + 1;
            }
            return made;
          };
          // Sums of a mean are scaled, both alike.
          const trials = [SHORT, LONG].map((set) =>
            trialOf({ set, windows: windows(set), bytesOf: (p) => scale * factor * set.bytes[p]! }),
          );
          expect(checks(trials)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('no evaluation, nothing judged', () => {
    const nothing = judge([trialOf({ set: SHORT, windows: [] }, [])]);
    expect(nothing.map(({ right, findings: found }) => [right, found.length])).toEqual(
      Array(5).fill([null, 0]),
    );
  });
});

describe('coverage', () => {
  test.each<[string, (set: SmallSet) => readonly Window[], string, RegExp]>([
    ['a head', (set) => [[31, last(set)]], 'head-not-scored warn', /^Targets 1 to 30 of 3,536/],
    [
      'a tail beyond the row',
      (set) => [[1, last(set) - 70]],
      'tail-not-scored warn',
      /^The last 70 of 3,536 targets/,
    ],
    [
      'the first 1,000',
      () => [[1, 1_000]],
      'truncated-set fail',
      /^Targets up to 1,000 .* 2,000 and of 3,536/,
    ],
    ['the first half', (set) => [[1, last(set) >> 1]], 'truncated-set fail', /share that grows/],
    [
      'the second half',
      (set) => [[last(set) >> 1, last(set)]],
      'head-not-scored fail',
      /share that grows/,
    ],
    [
      'every other row',
      (set) => rows(set).filter((_, i) => i % 2 === 0),
      'truncated-set fail',
      /64 of every 128/,
    ],
    [
      'a gap',
      (set) => [
        [1, 500],
        [513, last(set)],
      ],
      'head-not-scored warn',
      /^12 of 3,536 .*501 to 512/,
    ],
    [
      'a repeated stride',
      (set) => [
        [1, last(set)],
        [last(set) - 3, last(set)],
        [last(set) - 3, last(set)],
      ],
      'scored-twice warn',
      /^Each of the last 4 targets that are scored is scored 3 times/,
    ],
    [
      'whole windows that overlap',
      (set) =>
        rows(set, 64).flatMap(
          ([from]) =>
            [
              [from, from + 63],
              [from, from + 31],
            ] as Window[],
        ),
      'scored-twice fail',
      /scored twice, a share that grows/,
    ],
  ])('%s', (_, windows, check, words) => {
    expect(checks(both(windows))).toEqual([check]);
    expect(said(both(windows))[0]).toMatch(words);
  });

  test('first tokens of documents left out', () => {
    const windows = (set: SmallSet) =>
      set.starts.map((start, k): Window => [start + 1, (set.starts[k + 1] ?? set.ids.length) - 1]);
    expect(checks(both(windows))).toEqual(['head-not-scored warn']);
    expect(said(both(windows))[0]).toMatch(/the first token of each document/);
  });

  test('one removed or repeated stretch of a right plan is found', () => {
    const place = fc.tuple(fc.integer({ min: 1, max: 1_900 }), fc.integer({ min: 1, max: 90 }));
    fc.assert(
      fc.property(place, fc.integer({ min: 2, max: 5 }), ([from, length], times) => {
        const to = Math.min(from + length - 1, last(SHORT) - 64);
        fc.pre(from <= to);
        const without = both((set) => [
          [1, from - 1],
          [to + 1, last(set)],
        ]);
        expect(checks(without).join()).toMatch(/^head-not-scored warn$/);
        const again = both((set) => [[1, last(set)], ...Array(times - 1).fill([from, to])]);
        expect(checks(again)).toEqual(['scored-twice warn']);
      }),
      { numRuns: 60 },
    );
  });

  test('remainders over ranks', () => {
    const windows = rows(SHORT);
    const kept = windows.filter((_, i) => i % 4 !== 3);
    const trials = [...both((set) => rows(set)), trialOf({ set: SHORT, ranks: 8, windows: kept })];
    expect(checks(trials)).toEqual(['rank-remainder warn']);
    expect(said(trials)[0]).toMatch(/^With 8 ranks 448 of 2,000 targets .*number of ranks/);
  });

  test.each<[string, (set: SmallSet) => readonly Window[], string, RegExp]>([
    [
      'bytes of the dropped tail',
      (set) => [[1, last(set)]],
      'other-targets warn',
      /the bytes of targets 1,985 to 2,000 are counted, their losses are not|3,521 to 3,536/,
    ],
    [
      'bytes of the first half',
      (set) => [[1, last(set) >> 1]],
      'other-targets fail',
      /the losses of targets .* are counted, their bytes are not/,
    ],
    [
      'bytes of inputs',
      (set) => rows(set).map(([a, b]) => [a - 1, b - 1]),
      'other-targets warn',
      /the losses of target 1,984 are counted, their bytes are not/,
    ],
    [
      'bytes of each window twice',
      (set) => [...rows(set), ...rows(set)],
      'other-targets fail',
      /2 times as often/,
    ],
    [
      'bytes of a stretch twice',
      (set) => [...rows(set), [100, 120]],
      'other-targets warn',
      /bytes of targets 100 to 120 are not counted as often/,
    ],
  ])('%s', (_, counted, check, words) => {
    const trials = [SHORT, LONG].map((set) =>
      trialOf({ set, windows: rows(set), counted: counted(set) }),
    );
    expect(checks(trials)).toEqual([check]);
    expect(said(trials)[0]).toMatch(words);
  });

  test('a limit that cuts only a full-size set', () => {
    const [trial] = both((set) => rows(set));
    const limited = (limit: number, unit: 'tokens' | 'rows' | 'documents' | 'unknown') => [
      { ...trial!, limits: [{ at: AT, limit, actual: 31, unit }] },
    ];
    expect(checks(limited(10_000, 'documents'))).toEqual(['truncated-set fail']);
    expect(checks(limited(50_000, 'documents'))).toEqual([]);
    expect(checks(limited(3_000_000, 'tokens'))).toEqual(['truncated-set fail']);
    expect(checks(limited(62_021_846, 'tokens'))).toEqual([]);
    expect(checks(limited(500, 'rows'))).toEqual(['truncated-set fail']);
    expect(checks(limited(500, 'unknown'))).toEqual(['truncated-set warn']);
    expect(said(limited(500, 'rows'))[0]).toMatch(/500 rows of 2,048 tokens .*1,024,000 tokens/);
  });
});

describe('aggregation', () => {
  const means = (windows: readonly Window[]): Window[] =>
    windows.map(([from, to]) => [from, to, 1 / (to - from + 1)]);

  test('means of documents', () => {
    const uneven = (set: SmallSet) => {
      const made: Window[] = [];
      for (let k = 0; k + 1 < set.starts.length; k += 1 + (k % 3)) {
        const end = set.starts[k + 1 + (k % 3)] ?? set.ids.length;
        made.push([set.starts[k]! + 1, end]);
      }
      return means(made.filter(([, to]) => to <= last(set)));
    };
    expect(checks(both(uneven))).toContain('mean-of-means fail');
    expect(said(both(uneven))[0]).toMatch(/^Means of documents .*2 times as much/);
  });

  test.each([7, 32])('means of batches of which the last is shorter (by %i)', (short) => {
    const windows = (set: SmallSet): Window[] => {
      const end = 64 * Math.floor(last(set) / 64);
      return means([...rows(set).slice(0, -1), [end - 63, end - short]]);
    };
    expect(checks(both(windows))).toContain('mean-of-means warn');
    expect(checks(both(windows)).join()).not.toMatch(/scored-twice/);
  });

  test('sums of one rank alone', () => {
    const windows = rows(SHORT).slice(0, 4);
    const trials = [...both((set) => rows(set)), trialOf({ set: SHORT, ranks: 8, windows })];
    expect(checks(trials)).toEqual(['not-reduced fail']);
    const bytes = trialOf({ set: SHORT, ranks: 8, windows: rows(SHORT), counted: windows });
    expect(checks([...both((set) => rows(set)), bytes])).toContain('not-reduced fail');
  });
});

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
      'leading-space-twice fail',
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

describe('several evaluations', () => {
  const sliding = (set: SmallSet) =>
    scoreOf({ set, windows: rows(set), name: 'eval_sliding', line: 90 });
  const quick = (set: SmallSet, final = true) =>
    scoreOf({ set, windows: [[1, 640]], name: 'quick', line: 20, final });

  test('the last is the score, the others are worth a warning', () => {
    const order = (scores: (set: SmallSet) => ReturnType<typeof scoreOf>[]) =>
      checks([SHORT, LONG].map((set) => trialOf({ set, windows: [] }, scores(set))));
    expect(order((set) => [quick(set), sliding(set)])).toEqual(['truncated-set warn']);
    expect(order((set) => [sliding(set), quick(set)])).toEqual(['truncated-set fail']);
    expect(order((set) => [quick(set, false), sliding(set)])).toEqual([]);
  });
});

describe('a program', () => {
  const read = (text: string) =>
    readProgram('train_gpt.py', { folder: null, scripts: [{ file: null, text }] });
  const TEXT =
    'import torch\n\ndef eval_val(x):\n    loss = f(x)\n    return loss / n\n\nprint(1)\n';
  const trial = trialOf({ set: SHORT, windows: [] }, []);
  const stop = (line: number, reason: string) => ({ ...AT, line, reason });

  test('findings stand at the line of the score', async () => {
    const score = scoreOf({ set: SHORT, windows: [[31, 2_000]], line: 5 });
    const program = await read(TEXT);
    const { parts, findings: found } = judgeProgram(program, [
      trialOf({ set: SHORT, windows: [] }, [score]),
    ]);
    expect(found.map(({ node }) => TEXT.slice(node.from, node.to))).toEqual(['return loss / n']);
    expect(parts.map(({ verdict, line }) => [verdict, line])).toEqual([
      ['pass', null],
      ['pass', null],
      ['warn', 5],
      ['pass', null],
      ['pass', null],
    ]);
  });

  test('what was not followed is not judged, with the stop in the evaluation', async () => {
    const stops = [stop(4, 'f is not known'), stop(7, 'print')];
    const { parts } = judgeProgram(await read(TEXT), [{ ...trial, stops }]);
    expect(parts.map(({ verdict }) => verdict)).toEqual(Array(5).fill('not_judged'));
    expect(parts[2]).toMatchObject({
      line: 4,
      reason: 'not followed beyond line 4: f is not known',
    });
  });

  test('nothing run, nothing judged', async () => {
    const { parts } = judgeProgram(await read('x = 1\n'), [trial]);
    expect(parts[0]).toMatchObject({
      verdict: 'not_judged',
      line: null,
      reason: expect.stringMatching(/no run of the script/),
    });
  });

  test('a stop beyond the text, or of another file, is no crash', async () => {
    for (const at of [
      stop(900, 'x'),
      { ...stop(1, 'x'), path: 'other.py' },
      { ...stop(1, 'x'), layer: 3 },
    ]) {
      const { parts } = judgeProgram(await read(TEXT), [{ ...trial, stops: [at] }]);
      expect(parts[0]!.verdict).toBe('not_judged');
    }
  });
});
