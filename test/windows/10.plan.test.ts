import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BpbError } from '#bpb/errors';
import { CoverageMap } from '#bpb/windows/coverage';
import type { WindowOptions } from '#bpb/windows/options';
import { planWindows, type WindowPlan } from '#bpb/windows/plan';
import { blankStream } from '../helpers/stream.js';

const options = (over: Partial<WindowOptions>): WindowOptions => ({
  mode: 'chunk',
  seqLen: 8,
  stride: null,
  tail: 'drop',
  compat: null,
  ...over,
});

/** `inputs [targets]` of every row, in the notation of docs/windows.md. */
function written(plan: WindowPlan): string[] {
  return Array.from({ length: plan.rowCount }, (_, i) => {
    const { start, length, firstScored } = plan.row(i);
    const range = (a: number, b: number): string => (a === b ? `${a}` : `${a}-${b}`);
    return `${range(start, start + length - 1)} [${range(start + firstScored + 1, start + length)}]`;
  });
}

function refusal(work: () => unknown): BpbError {
  try {
    work();
  } catch (error) {
    return error as BpbError;
  }
  throw new Error('nothing was refused');
}

describe('wrong options are refused, naming the flag', () => {
  const stream = blankStream(100);
  test.each([
    [{ seqLen: 0 }, '--seq-len'],
    [{ seqLen: 1.5 }, '--seq-len'],
    [{ seqLen: Number.NaN }, '--seq-len'],
    [{ stride: 4 }, '--stride'],
    [{ mode: 'sliding' }, '--stride'],
    [{ mode: 'sliding', stride: 9 }, '--stride'],
    [{ mode: 'sliding', stride: 0 }, '--stride'],
    [{ mode: 'document', stride: -1 }, '--stride'],
    [{ compat: 'sliding-2026-03-19' }, '--compat'],
    [{ mode: 'sliding', stride: 4, tail: 'score', compat: 'sliding-2026-03-19' }, '--compat'],
  ] as [Partial<WindowOptions>, string][])('%j', (over, flag) => {
    const error = refusal(() => planWindows(stream, options(over)));
    expect(error).toMatchObject({ kind: 'usage', path: flag, exitCode: 2 });
  });

  test('a stream shorter than a row is refused where it would score nothing', () => {
    for (const over of [{}, { mode: 'sliding', stride: 2 }] as Partial<WindowOptions>[]) {
      const error = refusal(() => planWindows(blankStream(8), options(over)));
      expect(error).toMatchObject({ kind: 'input', code: 'BPB_STREAM_TOO_SHORT' });
    }
    expect(planWindows(blankStream(8), options({ tail: 'score' })).scored).toBe(7);
    expect(planWindows(blankStream(8), options({ mode: 'document' })).scored).toBe(7);
  });

  test('a stream without a target is refused in every mode', () => {
    const error = refusal(() => planWindows(blankStream(1), options({ mode: 'document' })));
    expect(error.code).toBe('BPB_STREAM_TOO_SHORT');
  });
});

describe('the worked example of the definitions: n = 23, BOS at 0, 5, 14', () => {
  const stream = blankStream(23, [0, 5, 14]);
  test('chunk', () => {
    const plan = planWindows(stream, options({}));
    expect(written(plan)).toEqual(['0-7 [1-8]', '8-15 [9-16]']);
    expect(plan.skipped).toEqual([{ reason: 'tail', targets: 6 }]);
  });
  test('sliding, stride 3', () => {
    expect(written(planWindows(stream, options({ mode: 'sliding', stride: 3 })))).toEqual([
      '0-7 [1-8]',
      '3-10 [9-11]',
      '6-13 [12-14]',
      '9-15 [15-16]',
    ]);
  });
  test('document', () => {
    const plan = planWindows(stream, options({ mode: 'document' }));
    expect(written(plan)).toEqual(['0-4 [1-5]', '5-12 [6-13]', '13 [14]', '14-21 [15-22]']);
    expect(plan.skipped).toEqual([]);
  });
  test('document, stride 3', () => {
    expect(written(planWindows(stream, options({ mode: 'document', stride: 3 })))).toEqual([
      '0-4 [1-5]',
      '5-12 [6-13]',
      '8-13 [14]',
      '14-21 [15-22]',
    ]);
  });
});

describe('the challenge’s own counts', () => {
  test('chunk of the 1,024 vocabulary drops its tail to 62,021,632 targets', () => {
    // facts 2.6: 62,021,632 usable targets at seq 1024; the raw count here is the least that fits.
    const plan = planWindows(
      { ...blankStream(2), ids: { length: 62_021_846 } as never },
      {
        ...options({ seqLen: 1024 }),
      },
    );
    expect(plan.scored).toBe(62_021_632);
    expect(plan.rowCount).toBe(62_021_632 / 1024);
  });

  test('the historical sliding plan has 969,088 windows and 960 repeats; ours has 969,073', () => {
    const stream = { ...blankStream(2), ids: { length: 62_021_633 } as never };
    const base = options({ mode: 'sliding', seqLen: 1024, stride: 64 });
    const historical = planWindows(stream, { ...base, compat: 'sliding-2026-03-19' });
    expect(historical.rowCount).toBe(969_088);
    expect(historical.repeated).toBe(960);
    expect(planWindows(stream, base).rowCount).toBe(969_073);
  });

  test('sequence 2,048 repeats 1,984', () => {
    const stream = { ...blankStream(2), ids: { length: 2048 * 30_284 + 1 } as never };
    const plan = planWindows(stream, {
      ...options({ mode: 'sliding', seqLen: 2048, stride: 64 }),
      compat: 'sliding-2026-03-19',
    });
    expect(plan.repeated).toBe(1984);
  });
});

describe('every target once, whatever the options', () => {
  const cases = fc.record({
    tokens: fc.integer({ min: 2, max: 400 }),
    seqLen: fc.integer({ min: 1, max: 40 }),
    stride: fc.integer({ min: 1, max: 40 }),
    mode: fc.constantFrom('chunk', 'sliding', 'document', 'document-sliding'),
    tail: fc.constantFrom('drop', 'score'),
    starts: fc.uniqueArray(fc.integer({ min: 1, max: 399 }), { maxLength: 12 }),
  });

  test('scored and skipped make up n-1, rows stay in their segment, context is as long as it can be', () => {
    fc.assert(
      fc.property(cases, ({ tokens, seqLen, stride, mode, tail, starts }) => {
        const slides = mode === 'sliding' || mode === 'document-sliding';
        fc.pre(!slides || stride <= seqLen);
        fc.pre(mode.startsWith('document') || tail === 'score' || tokens - 1 >= seqLen);
        const documents = [0, ...starts.filter((s) => s < tokens).sort((a, b) => a - b)];
        const plan = planWindows(blankStream(tokens, documents), {
          mode: mode === 'document-sliding' ? 'document' : (mode as WindowOptions['mode']),
          seqLen,
          stride: slides ? stride : null,
          tail: tail as 'drop' | 'score',
          compat: null,
        });
        const ledger = new CoverageMap(tokens);
        for (let i = 0; i < plan.rowCount; i++) {
          const { start, length, firstScored } = plan.row(i);
          expect(length).toBeGreaterThan(0);
          expect(length).toBeLessThanOrEqual(seqLen);
          expect(firstScored).toBeLessThan(length);
          expect(start + length).toBeLessThanOrEqual(tokens - 1);
          ledger.mark(start + firstScored + 1, length - firstScored);
          if (mode.startsWith('document')) {
            // No row reads past the BOS of the document it began in.
            expect(documents.some((d) => d > start && d < start + length)).toBe(false);
          }
        }
        ledger.close(plan.skipped.reduce((sum, skip) => sum + skip.targets, 0));
        expect(ledger.scored).toBe(plan.scored);
        if (mode.startsWith('document') || tail === 'score') expect(plan.skipped).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('the historical plan, written as its evaluator’s own loop, gives the same scores', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        (rows, seqLen, stride) => {
          fc.pre(stride <= seqLen);
          const total = rows * seqLen;
          const scores = new Array<number>(total + 1).fill(0);
          // challenge-facts 3.2, train_gpt.py L837-931 of the 2026-03-19 record
          for (let ws = 0; ws < total; ws += stride) {
            const wlen = Math.min(ws + seqLen, total) - ws;
            const s = ws === 0 ? 0 : Math.max(wlen - stride, 0);
            for (let j = s; j < wlen; j++) scores[ws + j + 1]!++;
          }
          const plan = planWindows(
            blankStream(total + 1),
            options({ mode: 'sliding', seqLen, stride, compat: 'sliding-2026-03-19' }),
          );
          const ours = new Array<number>(total + 1).fill(0);
          for (let i = 0; i < plan.rowCount; i++) {
            const { start, length, firstScored } = plan.row(i);
            for (let j = firstScored; j < length; j++) ours[start + j + 1]!++;
          }
          expect(ours).toEqual(scores);
          expect(plan.repeated).toBe(scores.reduce((sum, n) => sum + Math.max(0, n - 1), 0));
        },
      ),
    );
  });
});
