/** Operators that run over time by their definition are named, with what they run over. */
import { describe, expect, test } from 'vitest';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import {
  axis,
  found,
  length,
  lstm,
  scores,
  TIME,
  text,
  turned,
  WIDTH,
} from '../helpers/over-time.js';

describe('by definition', () => {
  test.each<[string, string, RegExp, Parameters<typeof found>[0]]>([
    ['a mean', 'ReduceMean', /^axis 1$/, (g, x) => g.op('ReduceMean', [x, g.ints([TIME])])],
    [
      'its axis from the end',
      'ReduceMean',
      /^axis -2$/,
      (g, x) => g.op('ReduceMean', [x, g.ints([-2])]),
    ],
    ['a norm', 'ReduceL2', /^axis 1$/, (g, x) => g.op('ReduceL2', [x, g.ints([TIME])])],
    ['over all axes', 'ReduceMax', /^axis 1, with all others$/, (g, x) => g.op('ReduceMax', [x])],
    [
      'batch and time as one axis',
      'ReduceSum',
      /^axis 0$/,
      (g, x) => g.op('ReduceSum', [g.reshape(x, [-1, WIDTH]), g.ints([0])]),
    ],
    [
      'the place of the largest',
      'ArgMax',
      /^axis 1$/,
      (g, x) => g.op('Cast', [g.op('ArgMax', [x], axis(TIME))], { to: { int: 1 } }),
    ],
    ['the largest two', 'TopK', /^axis 1$/, (g, x) => g.op('TopK', [x, g.ints([2])], axis(TIME))],
    [
      'a softmax without a mask',
      'Softmax',
      /^axis -1 without a mask$/,
      (g, x) => g.op('Softmax', [scores(g, x)], axis(-1)),
    ],
    [
      'a softmax over positions',
      'Softmax',
      /^axis 1 without a mask$/,
      (g, x) => g.op('Softmax', [x], axis(TIME)),
    ],
    [
      'keys by values, not masked',
      'MatMul',
      /^its inner axis$/,
      (g, x) => g.op('MatMul', [turned(g, x), x]),
    ],
    [
      'the same by an equation',
      'Einsum',
      /^its index t$/,
      (g, x) => g.op('Einsum', [x, x], { equation: text('btd,bte->bde') }),
    ],
    [
      'a norm over time and width',
      'LayerNormalization',
      /^axis 1$/,
      (g, x) => g.op('LayerNormalization', [x, g.weights([WIDTH])], axis(TIME)),
    ],
    [
      'an instance norm',
      'InstanceNormalization',
      /^axis 2$/,
      (g, x) =>
        g.op('InstanceNormalization', [turned(g, x), g.weights([WIDTH]), g.weights([WIDTH])]),
    ],
    [
      'a pool over all positions',
      'GlobalAveragePool',
      /^axis 2$/,
      (g, x) => g.op('GlobalAveragePool', [turned(g, x)]),
    ],
    [
      'a pool that looks ahead',
      'MaxPool',
      /^axis 2, 1 places ahead$/,
      (g, x) =>
        g.op('MaxPool', [turned(g, x)], { kernel_shape: { ints: [3] }, pads: { ints: [1, 1] } }),
    ],
    [
      'a convolution that looks ahead',
      'Conv',
      /^axis 2, 4 places ahead$/,
      (g, x) =>
        g.op('Conv', [turned(g, x), g.weights([4, WIDTH, 5])], {
          pads: { ints: [4, 4] },
          dilations: { ints: [2] },
        }),
    ],
    [
      'a sum from the end',
      'CumSum',
      /^axis 1 from its end on$/,
      (g, x) => g.op('CumSum', [x, g.ints([TIME], [])], { reverse: { int: 1 } }),
    ],
    [
      'turned around',
      'Slice',
      /^axis 1 backwards$/,
      (g, x) => g.slice(x, TIME, -1, -(2 ** 31), -1),
    ],
    [
      'a transform',
      'DFT',
      /^axis 1$/,
      (g, x) => g.op('DFT', [g.op('Unsqueeze', [x, g.ints([3])]), '', g.ints([1], [])]),
    ],
    [
      'a transform, padded to twice the length',
      'DFT',
      /^axis 1$/,
      (g, x) => {
        const twice = g.op('Mul', [length(g), g.ints([2])]);
        const padded = g.op('DFT', [
          g.op('Unsqueeze', [x, g.ints([3])]),
          g.op('Squeeze', [twice]),
          g.ints([-3], []),
        ]);
        return g.op('DFT', [padded, '', g.ints([1], [])], { inverse: { int: 1 } });
      },
    ],
    [
      'a transform of rows that are filled up to one length',
      'DFT',
      /^axis 1$/,
      (g, x) => {
        const none = g.ints([0, 0, 0, 0]);
        const missing = g.op('Sub', [g.ints([256]), length(g)]);
        const pads = g.op('Concat', [none, missing, g.ints([0])], axis(0));
        const padded = g.op('Pad', [x, pads]);
        const all = g.op('DFT', [g.op('Unsqueeze', [padded, g.ints([3])]), '', g.ints([1], [])]);
        const back = { inverse: { int: 1 } };
        return g.op('DFT', [g.op('Mul', [all, all]), '', g.ints([1], [])], back);
      },
    ],
    [
      'one scale for all',
      'DynamicQuantizeLinear',
      /^axis 1, by one scale$/,
      (g, x) => g.op('Cast', [g.op('DynamicQuantizeLinear', [x])], { to: { int: 1 } }),
    ],
    ['a recurrence backwards', 'LSTM', /^axis 0, reverse$/, (g, x) => lstm(g, x, 'reverse')],
    ['one both ways', 'LSTM', /^axis 0, bidirectional$/, (g, x) => lstm(g, x, 'bidirectional', 2)],
    [
      'attention to all',
      'Attention',
      /^axis 1 without a mask$/,
      (g, x) => g.op('Attention', [x, x, x], { q_num_heads: { int: 2 }, kv_num_heads: { int: 2 } }),
    ],
  ])('%s: %s', (_, op, how, build) => {
    const own = found(build).filter((each) => each.op === op);
    expect(own.length).toBeGreaterThan(0);
    for (const each of own) expect(each.known).toBe('yes');
    expect(own.some((each) => how.test(each.how))).toBe(true);
  });

  test('the last state of a recurrence where it is read, and only there', () => {
    const last = (g: GraphBuilder, x: string) => {
      lstm(g, x, 'forward', 1, ['last']);
      return 'last';
    };
    expect(found(last)).toEqual([{ op: 'LSTM', how: 'axis 0, its last state', known: 'yes' }]);
  });
});
