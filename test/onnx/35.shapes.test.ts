/** What the pass takes for the shape of a value is its shape: else what depends on it computes something else. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { GraphBuilder, someIds, VOCAB } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';
import { refusalOf } from '../helpers/refusal.js';

const [D, T] = [16, 8];
type Step = (g: GraphBuilder, x: string) => string;

/** One element of the shape of a value, as a vector. */
const axisOf = (g: GraphBuilder, x: string, axis: number) =>
  g.slice(g.op('Shape', [x]), 0, axis, axis + 1);
/** A constant that a run computes: Mod is not computed ahead. */
const later = (g: GraphBuilder, value: number) =>
  g.op('Mod', [g.ints([value]), g.ints([value < 0 ? 3 : 100])]);

async function same(step: Step, opset = 18): Promise<void> {
  const g = new GraphBuilder();
  const model = g.model(step(g, g.embed(D)), D, { opset });
  await checked(model);
  await checked(model, { batch: undefined });
}

describe('rows of an open batch', () => {
  test.each<[string, Step]>([
    ['the first row added to all', (g, x) => g.op('Add', [x, g.slice(x, 0, 0, 1)])],
    [
      'the first row, expanded',
      (g, x) => {
        return g.op('Add', [x, g.op('Expand', [g.slice(x, 0, 0, 1), g.op('Shape', [x])])]);
      },
    ],
    [
      'one number, expanded to a row each',
      (g, x) => {
        const each = g.op('Expand', [g.scalar(0.5), axisOf(g, x, 0)]);
        return g.op('Add', [x, g.op('Unsqueeze', [each, g.ints([1, 2])])]);
      },
    ],
    ['rows backwards', (g, x) => g.op('Add', [x, g.slice(x, 0, -1, -(2 ** 31), -1)])],
    [
      'rows side by side, then the second half of them',
      (g, x) => {
        const both = g.op('Concat', [g.op('Neg', [x]), x], { axis: { int: 0 } });
        const half = g.op('Slice', [both, axisOf(g, x, 0), g.ints([2 ** 31]), g.ints([0])]);
        return g.op('Add', [x, half]);
      },
    ],
    [
      'rows repeated, then from the second on',
      (g, x) => {
        const twice = g.op('Tile', [x, g.ints([2, 1, 1])]);
        const end = g.op('Add', [axisOf(g, x, 0), g.ints([1])]);
        return g.op('Add', [x, g.op('Slice', [twice, g.ints([1]), end, g.ints([0])])]);
      },
    ],
    [
      'all of them, by a slice without an end',
      (g, x) => g.op('Tanh', [g.slice(x, 0, 0, 2 ** 31 - 1)]),
    ],
  ])('%s', (_, step) => same(step));
});

describe('rows times positions', () => {
  test.each<[string, Step]>([
    [
      'apart again by a −1 beside the rows',
      (g, x) => {
        const flat = g.op('Tanh', [g.reshape(x, [-1, D])]);
        const target = [axisOf(g, x, 0), g.ints([-1]), g.ints([D])];
        return g.op('Reshape', [flat, g.op('Concat', target, { axis: { int: 0 } })]);
      },
    ],
    [
      'kept by a zero, then by their own shape',
      (g, x) => {
        const flat = g.reshape(g.reshape(g.reshape(x, [-1, D]), [0, 2, 8]), [0, -1]);
        const target = [axisOf(g, flat, 0), g.ints([-1])];
        const again = g.op('Reshape', [x, g.op('Concat', target, { axis: { int: 0 } })]);
        return g.op('Reshape', [g.op('Mul', [flat, again]), g.op('Shape', [x])]);
      },
    ],
  ])('%s', (_, step) => same(step));

  test('the logits keep their shape', async () => {
    const g = new GraphBuilder();
    const x = g.embed(D);
    const flat = g.op('MatMul', [g.reshape(x, [-1, D]), g.weights([D, VOCAB])]);
    const target = [axisOf(g, x, 0), g.ints([-1]), g.ints([VOCAB])];
    g.op('Reshape', [flat, g.op('Concat', target, { axis: { int: 0 } })], {}, 'logits');
    const { bytes, rewrites } = optimize(g.file(), { precision: 'fp32', seqLen: T });
    expect(rewrites.map(({ name }) => name)).toContain('logits-from-product');
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
    const ids = BigInt64Array.from(someIds(2, T), BigInt);
    const { logits } = await session.run({ input_ids: new Tensor('int64', ids, [2, T]) });
    await session.release();
    expect(logits?.dims).toEqual([2, T, VOCAB]);
  });
});

describe('operands that only a run shows', () => {
  test.each<[string, Step]>([
    [
      'sizes of a Split',
      (g, x) => {
        const sizes = g.op('Concat', [later(g, 4), later(g, 12)], { axis: { int: 0 } });
        const inputs = [g.op('MatMul', [x, g.weights([D, D])]), sizes];
        g.nodes.push({
          op: 'Split',
          inputs,
          outputs: ['p', 'q'],
          attributes: { axis: { int: -1 } },
        });
        return g.op('Concat', ['q', 'p'], { axis: { int: -1 } });
      },
    ],
    [
      'axes of a Slice',
      (g, x) => {
        const y = g.op('MatMul', [x, g.weights([D, D])]);
        const part = (from: number) =>
          g.op('Slice', [y, g.ints([from]), g.ints([from + 8]), later(g, 2)]);
        return g.op('Concat', [part(8), part(0)], { axis: { int: -1 } });
      },
    ],
    [
      'steps of a Slice',
      (g, x) => {
        const y = g.op('MatMul', [x, g.weights([D, D])]);
        const part = (from: number) =>
          g.op('Slice', [y, g.ints([from]), g.ints([D]), g.ints([2]), later(g, 2)]);
        return g.op('Concat', [part(1), part(0)], { axis: { int: -1 } });
      },
    ],
    [
      'axes of a Squeeze',
      (g, x) => {
        const wide = g.reshape(x, [0, 0, 1, 1, D]);
        return g.op('Squeeze', [g.op('Squeeze', [wide, later(g, 2)]), g.ints([2])]);
      },
    ],
  ])('%s', (_, step) => same(step));
});

describe('limits of the format', () => {
  test.each<[string, Step]>([
    [
      'a mean over an empty list of axes is over all',
      (g, x) => {
        const mean = g.op('ReduceMean', [x, g.ints([])], { keepdims: { int: 1 } });
        const sum = g.op('Add', [x, g.op('Tanh', [mean])]);
        return g.op('SimplifiedLayerNormalization', [sum, g.weights([D])]);
      },
    ],
    [
      'a Shape from before the first axis',
      (g, x) => {
        const shape = g.op('Shape', [x], { start: { int: -4 } });
        const rows = g.op('Cast', [g.slice(shape, 0, 0, 1)], { to: { int: 1 } });
        return g.op('Mul', [x, rows]);
      },
    ],
    [
      'a shape as booleans is ones',
      (g, x) => {
        const flags = g.op('Cast', [g.op('Shape', [x])], { to: { int: 9 } });
        const ones = g.op('Cast', [flags], { to: { int: 7 } });
        return g.op('Add', [x, g.op('Expand', [g.weights([1, 1, 1]), ones])]);
      },
    ],
    ['channels backwards', (g, x) => g.slice(x, 2, -1, -(2 ** 31), -1)],
  ])('%s', (_, step) => same(step));

  test('an optional input that is left out does not hide one that is made later', async () => {
    const g = new GraphBuilder();
    g.op('Clip', ['late', '', g.scalar(1)], {}, 'early');
    g.op('Neg', [g.embed(D)], {}, 'late');
    g.nodes.push({ op: 'Dropout', inputs: ['early'], outputs: ['hidden', ''], attributes: {} });
    const bytes = g.model('hidden', D);
    const options = { precision: 'fp32', seqLen: T } as const;
    expect(await refusalOf(() => optimize(bytes, options))).toMatchObject({
      code: 'BPB_OPTIMIZE',
      actual: '"late" used before it is made',
    });
  });
});
