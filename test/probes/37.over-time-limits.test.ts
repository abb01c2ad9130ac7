/** Of operators over time no more is named than is known: causal ones, unknown axes, whole models, the note. */
import { describe, expect, test } from 'vitest';
import { type OverTime, overTime } from '#bpb/probes/graph/over-time';
import { operatorsNote } from '#bpb/probes/graph/over-time-note';
import { attention, byteModel, causalMean, lookAhead, table } from '../helpers/byte-models.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import {
  axis,
  found,
  length,
  lstm,
  PORTS,
  scores,
  TIME,
  turned,
  WIDTH,
} from '../helpers/over-time.js';

describe('nothing is said of what is causal by definition', () => {
  test.each<[string, Parameters<typeof found>[0]]>([
    [
      'a norm of the width',
      (g, x) => g.op('LayerNormalization', [x, g.weights([WIDTH])], axis(-1)),
    ],
    ['a mean of the width', (g, x) => g.op('ReduceMean', [x, g.ints([-1])])],
    ['a mean of the batch', (g, x) => g.op('ReduceMean', [x, g.ints([0])])],
    ['a softmax of the width', (g, x) => g.op('Softmax', [x], axis(-1))],
    ['a sum from the beginning', (g, x) => g.op('CumSum', [x, g.ints([TIME], [])])],
    ['a recurrence', (g, x) => lstm(g, x, 'forward')],
    [
      'causal attention',
      (g, x) =>
        g.op('Attention', [x, x, x], {
          q_num_heads: { int: 2 },
          kv_num_heads: { int: 2 },
          is_causal: { int: 1 },
        }),
    ],
    [
      'a convolution with all of its padding before',
      (g, x) => g.op('Conv', [turned(g, x), g.weights([4, WIDTH, 5])], { pads: { ints: [4, 0] } }),
    ],
    [
      'one whose end is cut off',
      (g, x) =>
        g.slice(
          g.op('Conv', [turned(g, x), g.weights([4, WIDTH, 5])], { pads: { ints: [4, 4] } }),
          2,
          0,
          -4,
        ),
    ],
    [
      'statistics of positions, which no token changes',
      (g) => {
        const places = g.op('Range', [
          g.ints([0], []),
          g.op('Squeeze', [length(g)]),
          g.ints([1], []),
        ]);
        return g.op('ReduceMean', [g.op('Cast', [places], { to: { int: 1 } }), g.ints([0])]);
      },
    ],
    [
      'sums of blocks of a fixed size',
      (g, x) => g.op('ReduceSum', [g.reshape(x, [0, -1, 16, WIDTH]), g.ints([2])]),
    ],
  ])('%s', (_, build) => {
    expect(found(build)).toEqual([]);
  });

  test('what nothing reads', () => {
    const unread = (g: GraphBuilder, x: string) => {
      g.op('ReduceMean', [x, g.ints([TIME])]);
      return g.op('Relu', [x]);
    };
    expect(found(unread)).toEqual([]);
  });
});

describe('no more is claimed than is known', () => {
  test.each<[string, Parameters<typeof found>[0]]>([
    [
      'a mask that is added',
      (g, x) => {
        const low = g.op('ConstantOfShape', [g.op('Concat', [length(g), length(g)], axis(0))]);
        const mask = g.op('Trilu', [g.op('Sub', [low, g.scalar(1e9)]), g.ints([1], [])]);
        return g.op('MatMul', [g.op('Softmax', [g.op('Add', [scores(g, x), mask])]), x]);
      },
    ],
    [
      'a comparison of positions that chooses',
      (g, x) => {
        const places = g.op('Range', [
          g.ints([0], []),
          g.op('Squeeze', [length(g)]),
          g.ints([1], []),
        ]);
        const before = g.op('LessOrEqual', [places, g.op('Unsqueeze', [places, g.ints([1])])]);
        const chosen = g.op('Where', [before, scores(g, x), g.scalar(-1e4)]);
        return g.op('MatMul', [g.op('Softmax', [chosen]), x]);
      },
    ],
    [
      'positions that tokens decide',
      (g, x) => {
        const places = g.op('CumSum', [
          g.op('Cast', ['input_ids'], { to: { int: 1 } }),
          g.ints([1], []),
        ]);
        const [rows, columns] = [2, 1].map((k) => g.op('Unsqueeze', [places, g.ints([k])]));
        const chosen = g.op('Where', [
          g.op('GreaterOrEqual', [rows!, columns!]),
          scores(g, x),
          g.scalar(-1e4),
        ]);
        return g.op('MatMul', [g.op('Softmax', [chosen]), x]);
      },
    ],
    [
      'a triangle of weights',
      (g, x) => {
        const ends = g.op('Concat', [length(g), length(g)], axis(0));
        const triangle = g.op('Slice', [g.weights([64, 64]), g.ints([0, 0]), ends]);
        return g.op('MatMul', [triangle, x]);
      },
    ],
  ])('behind a mask: %s', (_, build) => {
    const uses = found(build);
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.map(({ known }) => known)).toEqual(uses.map(() => 'masked'));
  });

  test('an axis that only a run shows', () => {
    const uses = found((g, x) => {
      const kept = g.op(
        'Compress',
        [x, g.bools(new Array<boolean>(4).fill(true), [4])],
        axis(TIME),
      );
      return g.op('ReduceMean', [kept, g.ints([TIME])]);
    });
    expect(uses).toEqual([{ op: 'ReduceMean', how: 'axis 1', known: 'unknown' }]);
  });

  test.each<[string, string, Parameters<typeof found>[0]]>([
    [
      'the last place',
      'axis 1 at place -1',
      (g, x) => g.op('Gather', [x, g.ints([-1], [])], axis(TIME)),
    ],
    ['the last places', 'axis 1 from place -2 on', (g, x) => g.slice(x, TIME, -2, 2 ** 31)],
    ['the next place', 'axis 1 from place 1 on', (g, x) => g.slice(x, TIME, 1, 2 ** 31)],
  ])('%s may be read by all', (_, how, build) => {
    expect(found(build)).toEqual([{ op: expect.any(String), how, known: 'unknown' }]);
  });

  test('axes that are computed', () => {
    const uses = found((g, x) => {
      const which = g.op(
        'Cast',
        [g.op('Min', [g.op('Cast', ['input_ids'], { to: { int: 1 } }), g.scalar(1)])],
        { to: { int: 7 } },
      );
      return g.op('ReduceMean', [
        x,
        g.op('Reshape', [g.slice(g.op('Reshape', [which, g.ints([-1])]), 0, 0, 1), g.ints([1])]),
      ]);
    });
    expect(uses).toEqual([
      { op: 'ReduceMean', how: 'axes that only a run shows', known: 'unknown' },
    ]);
  });

  test('a graph that fixes its length: another axis may be as long by chance', () => {
    const mean = (g: GraphBuilder, x: string) => g.op('ReduceMean', [x, g.ints([TIME])]);
    expect(found(mean, { dims: ['batch', 32] })).toEqual([
      { op: 'ReduceMean', how: 'axis 1', known: 'unknown' },
    ]);
    const width = (g: GraphBuilder, x: string) => g.op('ReduceMean', [x, g.ints([-1])]);
    expect(found(width, { dims: [1, 32] })).toEqual([]);
  });

  test.each([[1], [2], [3], [5], [64], [1000], [65536]])('rows of %i', (inputs) => {
    const mean = (g: GraphBuilder, x: string) => g.op('ReduceMean', [x, g.ints([TIME])]);
    expect(found(mean, { inputs })).toEqual([{ op: 'ReduceMean', how: 'axis 1', known: 'yes' }]);
    const width = (g: GraphBuilder, x: string) => g.op('ReduceMean', [x, g.ints([-1])]);
    expect(found(width, { inputs })).toEqual([]);
  });

  test('a softmax of old is over all axes from its own on', () => {
    const build = (g: GraphBuilder, x: string) => g.op('Softmax', [x], axis(1));
    expect(found(build, { opset: 11 })).toEqual([
      { op: 'Softmax', how: 'axis 1 without a mask', known: 'yes' },
    ]);
  });
});

describe('whole models', () => {
  const uses = (model: Uint8Array) => overTime(model, 'model.onnx', PORTS, 128);

  test('honest ones have nothing, or what a mask may bar', () => {
    expect(uses(byteModel(table))).toEqual([]);
    expect(uses(byteModel(causalMean))).toEqual([]);
    expect(uses(byteModel(attention)).map(({ op, known }) => `${op} ${known}`)).toEqual([
      'Softmax masked',
      'MatMul masked',
    ]);
  });

  test('a place that is read ahead may be one', () => {
    const ahead = uses(byteModel(lookAhead(3, 1)));
    expect(ahead).toEqual([
      { op: 'Slice', name: expect.any(String), how: 'axis 1 from place 3 on', known: 'unknown' },
    ]);
  });
});

describe('the note', () => {
  const use = (op: string, known: OverTime['known']): OverTime => ({
    op,
    name: `/${op}`,
    how: 'axis 1',
    known,
  });

  test('what is known comes before what may be', () => {
    expect(
      operatorsNote([use('Softmax', 'masked'), use('Slice', 'unknown'), use('DFT', 'yes')]),
    ).toBe('runs over time: DFT (/DFT, axis 1)');
    expect(operatorsNote([use('Softmax', 'masked'), use('Slice', 'unknown')])).toBe(
      'may run over time: Slice (/Slice, axis 1)',
    );
    expect(operatorsNote([use('Softmax', 'masked')])).toMatch(/behind what may be a mask: Softmax/);
    expect(operatorsNote([])).toBe('no operator of the graph is known to run over time');
  });

  test('four are named', () => {
    const many = Array.from({ length: 6 }, (_, k) => use(`Op${k}`, 'yes'));
    expect(operatorsNote(many)).toMatch(
      /^runs over time: (Op\d \(\/Op\d, axis 1\), ){3}Op3 \(\/Op3, axis 1\) and 2 more$/,
    );
  });
});
