/** The proof of `--optimize`: what it accepts, what it does not, and that a run can be made of it. */
import { describe, expect, test } from 'vitest';
import { checkFindings } from '#bpb/score/findings';
import { optimizedEngine, proveOptimization, rowScorer } from '#bpb/score/optimize-check';
import type { Optimization } from '#bpb/score/optimize-run';
import type { Verification } from '#bpb/score/verify';
import { planWindows } from '#bpb/windows/plan';
import { engineOptions, openEngine } from '../helpers/engines.js';
import { GraphBuilder, someIds, VOCAB } from '../helpers/graph-builder.js';
import { refusalOf } from '../helpers/refusal.js';

const constant = (nats: number[]) => async () => Float32Array.from(nats);

describe('what proves nothing', () => {
  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    'a tolerance of %s',
    async (tolerance) => {
      const scorers = { original: constant([1]), optimized: constant([1]) };
      const error = await refusalOf(() => proveOptimization({ ...scorers, rows: [0], tolerance }));
      expect(error).toMatchObject({ kind: 'usage', code: 'BPB_OPTIMIZE_TOLERANCE' });
    },
  );

  test.each<[string, number[], number[]]>([
    ['a difference beyond the tolerance', [1, 2], [1.001, 2.001]],
    ['one below it', [1, 2], [0.999, 1.999]],
    ['large differences that cancel', [1, 2], [1.5, 1.5]],
    ['a NaN', [1, 2], [1, Number.NaN]],
    ['an infinity', [1, 2], [1, Number.POSITIVE_INFINITY]],
    ['no targets', [], []],
  ])('fails: %s', async (_, before, after) => {
    const scorers = { original: constant(before), optimized: constant(after) };
    const proof = await proveOptimization({ ...scorers, rows: [0, 1] });
    expect(proof.verdict).toBe('fail');
    expect(proof.note).not.toBeNull();
  });

  test('fails: no rows', async () => {
    const scorers = { original: constant([1]), optimized: constant([1]) };
    expect((await proveOptimization({ ...scorers, rows: [] })).verdict).toBe('fail');
  });

  test('an interrupted one', async () => {
    const scorers = { original: constant([1]), optimized: constant([1]) };
    const signal = AbortSignal.abort();
    const error = await refusalOf(() => proveOptimization({ ...scorers, rows: [0], signal }));
    expect(error.kind).toBe('interrupted');
  });
});

describe('what a result says of its proof', () => {
  const proved = async (difference: number, tolerance?: number) => {
    const scorers = { original: constant([1, 2]), optimized: constant([1 + difference, 2]) };
    return proveOptimization({ ...scorers, rows: [0], tolerance });
  };
  const found = (optimization: object) =>
    checkFindings(
      {
        verification: { verdict: 'pass' } as Verification,
        optimization: { rewrites: [], ...optimization } as unknown as Optimization,
        probes: null,
      },
      false,
    );

  test('nothing of a pass within the default tolerance, whatever the caller gave', async () => {
    expect(found(await proved(1e-5))).toEqual([]);
    expect(found(await proved(1e-5, 1e9))).toEqual([]);
  });

  test('a warning where only the tolerance of the caller lets it pass', async () => {
    const proof = await proved(0.5, 1e9);
    expect(proof.verdict).toBe('pass');
    const [finding] = found(proof);
    expect(finding).toMatchObject({ id: 'optimization-tolerated', severity: 'warn' });
    expect(finding!.message).toContain('--optimize-tolerance 1000000000');
  });

  test.each([
    ['a verdict that its own differences do not give', { mean_nats_difference: 0.5 }],
    ['no differences at all', { mean_nats_difference: null, mean_abs_nats: null }],
    ['differences of no target', { targets: 0 }],
    ['large differences that cancel', { mean_abs_nats: 0.5 }],
  ])('a failure: %s', async (_, edited) => {
    const [finding] = found({ ...(await proved(1e-5)), ...edited });
    expect(finding).toMatchObject({ id: 'optimization-failed', severity: 'fail' });
  });
});

describe('what proves it', () => {
  test('small differences that cancel, infinities that agree', async () => {
    const infinite = Number.POSITIVE_INFINITY;
    const scorers = {
      original: constant([1, 2, infinite]),
      optimized: constant([1.001, 1.999, infinite]),
    };
    const proof = await proveOptimization({ ...scorers, rows: [3, 4] });
    expect(proof).toMatchObject({ rows: 2, targets: 6, verdict: 'pass', tolerance_nats: 1e-4 });
    expect(proof.mean_nats_difference).toBeCloseTo(0, 6);
    expect(proof.max_abs_nats).toBeCloseTo(1e-3, 6);
    // Two at +1e-3, two at -1e-3, two at 0: variance 4e-6 / 5, of six of them.
    expect(proof.standard_error_nats).toBeCloseTo(Math.sqrt(4e-6 / 5 / 6), 6);
  });

  test.each(['fp32', 'fp16'] as const)(
    'an engine of its own, %s, short last row too',
    async (precision) => {
      const g = new GraphBuilder();
      const norm = g.op('RMSNormalization', [g.embed(16), g.weights([16])], { axis: { int: -1 } });
      const z = g.op('MatMul', [norm, g.weights([16, VOCAB])]);
      const tanh = g.op('Tanh', [g.op('Div', [z, g.scalar(5)])]);
      g.op('Mul', [tanh, g.scalar(5)], {}, 'logits');
      const model = g.file({ opset: 23 });
      const before = engineOptions(model);
      const request = { precision, seqLen: 8 };
      const { options, optimized } = optimizedEngine(before, request);
      expect(options.graph.softcap).toBe(5);
      expect(optimized.rewrites.map(({ name }) => name)).toContain('rms-norm');

      const ids = Uint16Array.from(someIds(1, 37));
      const stream = { ids, documentStarts: Uint32Array.of(0), startId: null };
      const window = {
        mode: 'sliding',
        seqLen: 8,
        stride: 3,
        tail: 'score',
        compat: null,
      } as const;
      const plan = planWindows(stream as never, window);
      const first = await openEngine('onnx-js', model);
      const second = await openEngine('onnx-js', options.graph.model.slice(), {
        softcap: options.graph.softcap,
      });
      const rows = Array.from({ length: plan.rowCount }, (_, k) => k);
      const proof = await proveOptimization({
        original: rowScorer(first, stream as never, plan),
        optimized: rowScorer(second, stream as never, plan),
        rows,
        tolerance: precision === 'fp32' ? 1e-6 : 1e-3,
      });
      expect(proof).toMatchObject({ rows: plan.rowCount, targets: 36, verdict: 'pass' });
      await Promise.all([first.close(), second.close()]);
    },
  );

  test('a softcap that the scorer has already is not lifted out of the graph as well', () => {
    const g = new GraphBuilder();
    const z = g.op('MatMul', [g.embed(16), g.weights([16, VOCAB])]);
    const tanh = g.op('Tanh', [g.op('Div', [z, g.scalar(5)])]);
    g.op('Mul', [tanh, g.scalar(5)], {}, 'logits');
    const before = engineOptions(g.file(), { softcap: 30 });
    const { options, optimized } = optimizedEngine(before, { precision: 'fp32', seqLen: 8 });
    expect(options.graph.softcap).toBe(30);
    expect(optimized.softcap).toBeNull();
  });
});
