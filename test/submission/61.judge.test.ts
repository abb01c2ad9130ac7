import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeTrials } from '#bpb/submission/simulation/judge';
import type { Limit, SmallSet, Trial } from '#bpb/submission/simulation/types';
import { both, checks, judge, LONG, last, SHORT, said } from './judged.js';
import { AT, rows, scoreOf, trialOf, type Window } from './trials.js';

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
      'all but the first 30 of every 500 after the first 500',
      (set) =>
        Array.from({ length: Math.ceil(last(set) / 500) }, (_, i): Window => {
          const from = 500 * i + 1;
          return [i === 0 ? from : from + 30, Math.min(from + 499, last(set))];
        }),
      'truncated-set fail',
      /30 of every 500/,
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
      'gap-not-scored warn',
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
    expect(checks(both(windows))).toEqual(['truncated-set warn']);
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
        expect(checks(without).join()).toMatch(/^(?:head|gap)-not-scored warn$/);
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

  test.each<[number, Limit['unit'], number, string[]]>([
    [10_000, 'documents', 33, ['truncated-set warn']],
    [50_000, 'documents', 33, []],
    [3_000_000, 'tokens', 2_001, ['truncated-set fail']],
    [62_021_846, 'tokens', 2_001, []],
    // 31 rows of 64 tokens are 2,048 each on a full set.
    [500, 'rows', 31, ['truncated-set fail']],
    [20_000, 'rows', 31, []],
    // By how many there are: documents, tokens, rows.
    [10_000, 'unknown', 33, ['truncated-set warn']],
    [60_000, 'unknown', 33, []],
    [8_000_000, 'unknown', 2_000, ['truncated-set fail']],
    [500, 'unknown', 31, ['truncated-set fail']],
    [200_000, 'unknown', 31, []],
  ])('a limit of %i (%s, of %i) that cuts only a full-size set', (limit, unit, actual, found) => {
    const [trial] = both((set) => rows(set));
    expect(checks([{ ...trial!, limits: [{ at: AT, limit, actual, unit }] }])).toEqual(found);
  });

  test('a limit of documents is grave where it was seen to cut', () => {
    const [trial] = both((set) => rows(set));
    const limits: Limit[] = [{ at: AT, limit: 10_000, actual: 33, unit: 'documents', cuts: true }];
    expect(checks([{ ...trial!, limits }])).toEqual(['truncated-set fail']);
  });

  test('a limit in a function that the final score does not use', () => {
    const limits = [{ at: AT, limit: 500, actual: 31, unit: 'rows' as const }];
    const scores = (set: SmallSet) => [
      scoreOf({ set, windows: rows(set), name: 'quick', line: 20 }),
      scoreOf({ set, windows: rows(set), line: 90 }),
    ];
    const trials = [{ ...trialOf({ set: SHORT, windows: [] }, scores(SHORT)), limits }];
    const severities = (name: string | null) =>
      judgeTrials(trials, {
        functionOf: () => name,
        namesOperators: false,
        namesBits: false,
        namesSidecar: false,
      }).flatMap(({ findings }) => findings.map((one) => one.severity));
    expect(severities('quick')).toEqual(['warn']);
    expect(severities('eval_val')).toEqual(['fail']);
    expect(severities('load_tokens')).toEqual(['fail']);
    expect(severities(null)).toEqual(['fail']);
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

  test('a running figure shows the table alone', () => {
    const trials = [SHORT, LONG].map((set) => {
      return trialOf({ set, windows: [] }, [{ ...sliding(set), final: false }]);
    });
    expect(judge(trials).map(({ right }) => right !== null)).toEqual([
      true,
      ...Array(4).fill(false),
    ]);
    expect(
      checks([SHORT, LONG].map((set) => trialOf({ set, windows: [] }, [quick(set, false)]))),
    ).toEqual(['truncated-set warn']);
  });

  test('what was printed is the score, and what was printed last and is not known is none', () => {
    const printed = { ...sliding(SHORT), printed: true };
    const right = [trialOf({ set: SHORT, windows: [] }, [printed, quick(SHORT)])];
    expect(checks(right)).toEqual(['tail-not-scored warn']);
    const lost = [{ ...trialOf({ set: SHORT, windows: [] }, [printed]), lost: AT }];
    expect(judge(lost).map((part) => [part.right, part.findings.length, part.lost])).toEqual(
      Array(5).fill([null, 0, AT]),
    );
  });

  test.each([
    [7, [], []],
    // The stream is cut to whole rows, of 64 or of 32 tokens, before the windows are laid.
    [16, [], []],
    [12, [], ['tail-not-scored warn']],
    // Rows of 28 leave as much of the first stream, of the second 8.
    [12, [28], ['tail-not-scored warn']],
  ])('windows that advance by 8 and leave out %i at the end', (left, widths, found) => {
    const trials = [SHORT, LONG].map((set): Trial => {
      const trial = trialOf({ set, windows: [[1, last(set) - left]] });
      return { ...trial, stride: 8, rows: [64, ...widths] };
    });
    expect(checks(trials)).toEqual(found);
  });

  test('each script of a folder has a score of its own', () => {
    const trials = [
      { ...trialOf({ set: SHORT, windows: [] }, [quick(SHORT)]), entry: 'a.py' },
      { ...trialOf({ set: SHORT, windows: [] }, [sliding(SHORT)]), entry: 'b.py' },
    ];
    // One length does not tell a fixed number from a share.
    expect(checks(trials)).toEqual(['tail-not-scored warn']);
    expect(judge(trials).map(({ right }) => right !== null)).toEqual([
      true,
      true,
      false,
      true,
      true,
    ]);
  });

  test('a sidecar of which no run shows anything is not judged', () => {
    const runs = both((set) => rows(set));
    const sidecar = SHORT.bytes;
    const without: SmallSet = { ...SHORT, sidecar };
    const none = trialOf({ set: without, windows: [] }, []);
    const rights = (all: Parameters<typeof judgeTrials>[0]) =>
      judgeTrials(all, {
        functionOf: () => null,
        namesOperators: false,
        namesBits: false,
        namesSidecar: false,
      }).map(({ right }) => right !== null);
    expect(rights(runs)).toEqual([true, true, true, true, true]);
    expect(rights([...runs, none])).toEqual([true, true, true, false, true]);
  });
});
