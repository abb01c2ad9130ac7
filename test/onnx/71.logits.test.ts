/** Logits straight from the head's product: the Reshape behind it moves before it, or stays. */
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import {
  GraphBuilder,
  largestDifference,
  runLogits,
  someIds,
  VOCAB,
} from '../helpers/graph-builder.js';
import { checked, TOLERANCE_LOGIT } from '../helpers/optimized.js';

const [T, D, ROWS] = [8, 16, 2];
type Head = (g: GraphBuilder, hidden: string) => string;

function model(head: Head, last: readonly number[] = [-1, T, VOCAB]): Uint8Array {
  const g = new GraphBuilder();
  const hidden = g.op('Tanh', [g.reshape(g.embed(D), [-1, D])]);
  g.op('Reshape', [head(g, hidden), g.ints(last)], {}, 'logits');
  return g.file();
}

const lastOf = (bytes: Uint8Array) => {
  const { nodes } = OnnxGraph.parse(bytes, 'm.onnx');
  return nodes.find(({ outputs }) => outputs.includes('logits'))!.op;
};

const gemm =
  (attributes: object, bias?: (g: GraphBuilder) => string): Head =>
  (g, x) => {
    const weights = g.weights('transB' in attributes ? [VOCAB, D] : [D, VOCAB]);
    return g.op('Gemm', [x, weights, ...(bias ? [bias(g)] : [])], { ...attributes });
  };

describe('comes before the product', () => {
  test.each<[string, Head, string]>([
    ['MatMul', (g, x) => g.op('MatMul', [x, g.weights([D, VOCAB])]), 'MatMul'],
    ['Gemm', gemm({}), 'MatMul'],
    ['Gemm by turned weights', gemm({ transB: { int: 1 } }), 'MatMul'],
    ['with a factor', gemm({ transB: { int: 1 }, alpha: { float: 0.25 } }), 'MatMul'],
    ['with a bias', gemm({ transB: { int: 1 } }, (g) => g.weights([VOCAB])), 'Add'],
    ['with one number as bias', gemm({}, (g) => g.scalar(2)), 'Add'],
    [
      'behind a softcap',
      (g, x) => {
        const z = gemm({ transB: { int: 1 } })(g, x);
        return g.op('Mul', [g.op('Tanh', [g.op('Div', [z, g.scalar(5)])]), g.scalar(5)]);
      },
      'Mul',
    ],
    [
      'behind a bias by channel',
      (g, x) => g.op('Add', [g.op('MatMul', [x, g.weights([D, VOCAB])]), g.weights([VOCAB])]),
      'Add',
    ],
  ])('%s', async (_, head, last) => {
    const bytes = model(head);
    for (const options of [{}, { batch: undefined }, { precision: 'fp16' }] as const) {
      const result = await checked(bytes, options);
      expect(result.counts['logits-from-product']).toBe(1);
      expect(lastOf(result.bytes)).toBe(last);
      expect(result.untouched).toEqual([]);
    }
    const lifted = await checked(bytes, { liftSoftcap: true });
    expect(lifted.counts['logits-from-product']).toBe(1);
  });

  test.each([ROWS, undefined])('of scored positions too, batch %s', async (batch) => {
    const bytes = model(gemm({ transB: { int: 1 } }));
    const options = { precision: 'fp32', seqLen: T, batch, scoredPositions: true } as const;
    const result = optimize(bytes, options);
    expect(lastOf(result.bytes)).toBe('MatMul');
    const ids = someIds(ROWS, T);
    const all = await runLogits(bytes, ids, ROWS);
    const scored = [3, 15, 3, 0];
    const some = await runLogits(result.bytes, ids, ROWS, scored);
    const wanted = scored.flatMap((p) => [...all.subarray(p * VOCAB, (p + 1) * VOCAB)]);
    expect(largestDifference(Float32Array.from(wanted), some)).toBeLessThan(TOLERANCE_LOGIT);
  });
});

describe('stays', () => {
  test.each<[string, Head, RegExp]>([
    [
      'a softmax between',
      (g, x) => g.op('LogSoftmax', [gemm({})(g, x)], { axis: { int: -1 } }),
      /LogSoftmax stands between/,
    ],
    [
      'a factor by position',
      (g, x) => g.op('Mul', [gemm({})(g, x), g.weights([ROWS * T, 1])]),
      /Mul stands between/,
    ],
    [
      'weights that depend on the tokens',
      (g, x) => {
        const square = g.op('MatMul', [g.transpose(x, [1, 0]), x]);
        return g.op('MatMul', [x, g.op('MatMul', [square, g.weights([D, VOCAB], 0.05)])]);
      },
      /not a plain product/,
    ],
    [
      'hidden states that the product turns',
      (g, x) => {
        const turned = g.transpose(x, [1, 0]);
        return g.op('Gemm', [turned, g.weights([D, VOCAB])], { transA: { int: 1 } });
      },
      /not a plain product/,
    ],
    [
      'a bias by position',
      (g, x) => g.op('Gemm', [x, g.weights([D, VOCAB]), g.weights([ROWS * T, VOCAB])]),
      /not a plain product/,
    ],
    [
      'a product that is read elsewhere',
      (g, x) => {
        const z = gemm({})(g, x);
        const mean = g.op('ReduceMean', [z, g.ints([0, 1])], { keepdims: { int: 0 } });
        return g.op('Sub', [z, g.op('Mul', [z, mean])]);
      },
      /stands between|used elsewhere/,
    ],
  ])('%s', async (_, head, reason) => {
    const result = await checked(model(head));
    expect(result.counts['logits-from-product']).toBeUndefined();
    expect(result.untouched.join()).toMatch(reason);
    expect(lastOf(result.bytes)).toBe('Reshape');
  });

  test('where there is no Reshape nothing is said', async () => {
    const g = new GraphBuilder();
    const result = await checked(g.model(g.embed(D), D));
    expect(result.untouched).toEqual([]);
    expect(result.counts['logits-from-product']).toBeUndefined();
  });
});
