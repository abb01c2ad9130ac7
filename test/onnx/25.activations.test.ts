/** Activations that a graph rounds or scales by the whole batch: in the main graph, in subgraphs and in functions. */
import { describe, expect, test } from 'vitest';
import { activationsOf, type F, MS, type N } from './activation-nodes.js';

function use(nodes: readonly N[], functions: readonly F[] = []) {
  const { pooled, rounded, weightOnly } = activationsOf(nodes, functions);
  const names = (list: typeof pooled) => list.map(({ op, name }) => `${op} ${name}`);
  return { pooled: names(pooled), rounded: names(rounded), weightOnly: names(weightOnly) };
}

const NONE = { pooled: [], rounded: [], weightOnly: [] };
const dynamic = (input: string, name = 'dq'): N => ({
  op: 'DynamicQuantizeLinear',
  in: [input],
  out: [`${name}_q`, `${name}_s`, `${name}_z`],
  name,
});

describe('one scale for a whole batch', () => {
  test.each<[string, readonly N[], string]>([
    ['DynamicQuantizeLinear', [dynamic('x')], 'DynamicQuantizeLinear dq'],
    [
      'DynamicQuantizeMatMul, named by its output',
      [{ op: 'DynamicQuantizeMatMul', domain: MS, in: ['x', 'w'], out: ['y'] }],
      'DynamicQuantizeMatMul y',
    ],
    [
      'DynamicQuantizeLSTM',
      [{ op: 'DynamicQuantizeLSTM', domain: MS, in: ['x', 'w'], out: ['y'], name: 'lstm' }],
      'DynamicQuantizeLSTM lstm',
    ],
    [
      'its definition written out: the range over all axes',
      [
        { op: 'ReduceMax', in: ['x'], out: ['high'], attributes: { keepdims: { int: 0 } } },
        { op: 'ReduceMin', in: ['x'], out: ['low'], attributes: { keepdims: { int: 0 } } },
        { op: 'Sub', in: ['high', 'low'], out: ['range'] },
        { op: 'Div', in: ['range', 'w'], out: ['scale'] },
        { op: 'QuantizeLinear', in: ['x', 'scale'], out: ['q'], name: 'own' },
      ],
      'QuantizeLinear own',
    ],
    [
      'the same with its axes named',
      [
        { op: 'ReduceMax', in: ['x'], out: ['high'], attributes: { axes: { ints: [0, 1, 2] } } },
        { op: 'Div', in: ['high', 'w'], out: ['scale'] },
        { op: 'QuantizeLinear', in: ['x', 'scale'], out: ['q'], name: 'own' },
      ],
      'QuantizeLinear own',
    ],
    [
      'BatchNormalization in training mode',
      [
        {
          op: 'BatchNormalization',
          in: ['x', 'w', 'w', 'w', 'w'],
          out: ['y'],
          attributes: { training_mode: { int: 1 } },
          name: 'bn',
        },
      ],
      'BatchNormalization bn',
    ],
    [
      'MeanVarianceNormalization over the batch',
      [{ op: 'MeanVarianceNormalization', in: ['x'], out: ['y'], name: 'mvn' }],
      'MeanVarianceNormalization mvn',
    ],
    [
      'in a subgraph, of a value around it',
      [
        {
          op: 'If',
          in: ['w'],
          out: ['y'],
          body: { inputs: [], nodes: [dynamic('x')], outputs: ['dq_q'] },
        },
      ],
      'DynamicQuantizeLinear dq',
    ],
  ])('%s', (_, nodes, expected) => {
    expect(use(nodes).pooled).toEqual([expected]);
  });

  const quantizer: F = { name: 'quant', inputs: ['a'], nodes: [dynamic('a')], outputs: ['dq_q'] };
  const call = (input: string, out: string): N => ({
    op: 'quant',
    domain: 'local',
    in: [input],
    out: [out],
  });

  test('in a function, for what it is called with', () => {
    expect(use([call('x', 'y')], [quantizer]).pooled).toEqual(['DynamicQuantizeLinear dq']);
    expect(use([call('w', 'y')], [quantizer])).toEqual(NONE);
    expect(use([call('w', 'y'), call('x', 'z')], [quantizer]).pooled).toHaveLength(1);
  });

  test('with a scale over the whole batch that a function computes', () => {
    const range: F = {
      name: 'range',
      inputs: ['a'],
      nodes: [{ op: 'ReduceMax', in: ['a'], out: ['high'] }],
      outputs: ['high'],
    };
    const called = (input: string): N => ({
      op: 'range',
      domain: 'local',
      in: [input],
      out: ['s'],
    });
    const own: N = { op: 'QuantizeLinear', in: ['x', 's'], out: ['q'], name: 'own' };
    expect(use([called('x'), own], [range])).toEqual({ ...NONE, pooled: ['QuantizeLinear own'] });
    expect(use([called('w'), own], [range])).toEqual({ ...NONE, rounded: ['QuantizeLinear own'] });
  });

  test('after a function whose output varies, and not after one whose output does not', () => {
    const both: F = {
      name: 'both',
      inputs: ['a', 'b'],
      nodes: [
        { op: 'Identity', in: ['a'], out: ['c'] },
        { op: 'Shape', in: ['b'], out: ['d'] },
      ],
      outputs: ['c', 'd'],
    };
    const called: N = { op: 'both', domain: 'local', in: ['w', 'x'], out: ['c', 'd'] };
    expect(use([called, dynamic('c', 'of_c'), dynamic('d', 'of_d')], [both])).toEqual(NONE);
    const swapped: N = { ...called, in: ['x', 'x'] };
    expect(use([swapped, dynamic('c', 'of_c'), dynamic('d', 'of_d')], [both]).pooled).toEqual([
      'DynamicQuantizeLinear of_c',
    ]);
  });

  test.each<[string, readonly N[]]>([
    ['a constant', [dynamic('w')]],
    [
      'a table of positions, whose length alone the tokens decide',
      [
        { op: 'Shape', in: ['x'], out: ['shape'] },
        { op: 'Slice', in: ['w', 'shape'], out: ['positions'] },
        dynamic('positions'),
      ],
    ],
    [
      'BatchNormalization as it is evaluated',
      [{ op: 'BatchNormalization', in: ['x', 'w', 'w', 'w', 'w'], out: ['y'] }],
    ],
    [
      'MeanVarianceNormalization over the width',
      [
        {
          op: 'MeanVarianceNormalization',
          in: ['x'],
          out: ['y'],
          attributes: { axes: { ints: [2] } },
        },
      ],
    ],
  ])('not %s', (_, nodes) => {
    expect(use(nodes)).toEqual(NONE);
  });
});

describe('rounded activations', () => {
  test.each<[string, readonly N[], readonly string[]]>([
    [
      'MatMulNBits of accuracy_level 4',
      [
        {
          op: 'MatMulNBits',
          domain: MS,
          in: ['x', 'w', 'w'],
          out: ['y'],
          name: 'm',
          attributes: { accuracy_level: { int: 4 } },
        },
      ],
      ['MatMulNBits m'],
    ],
    [
      'QLinearMatMul and its QuantizeLinear',
      [
        { op: 'QuantizeLinear', in: ['x', 'w'], out: ['q'], name: 'q' },
        { op: 'QLinearMatMul', in: ['q', 'w', 'w'], out: ['y'], name: 'm' },
      ],
      ['QuantizeLinear q', 'QLinearMatMul m'],
    ],
    [
      'a scale for each token, its axis named',
      [
        { op: 'ReduceMax', in: ['x'], out: ['scale'], attributes: { axes: { ints: [2] } } },
        { op: 'QuantizeLinear', in: ['x', 'scale'], out: ['q'], name: 'token' },
      ],
      ['QuantizeLinear token'],
    ],
    [
      'a scale for each token',
      [
        { op: 'ReduceMax', in: ['x', 'w'], out: ['scale'] },
        { op: 'QuantizeLinear', in: ['x', 'scale'], out: ['q'], name: 'token' },
      ],
      ['QuantizeLinear token'],
    ],
  ])('%s', (_, nodes, expected) => {
    expect(use(nodes)).toEqual({ ...NONE, rounded: expected });
  });

  test('not of weights, nor by a MatMulNBits of another accuracy_level', () => {
    const nbits = (level: number): N => ({
      op: 'MatMulNBits',
      domain: MS,
      in: ['x', 'w', 'w'],
      out: [`y${level}`],
      attributes: { accuracy_level: { int: level } },
    });
    expect(use([nbits(0), nbits(1), { op: 'QuantizeLinear', in: ['w', 'w'], out: ['q'] }])).toEqual(
      NONE,
    );
  });
});

describe('quantized weights alone', () => {
  const weights: N = { op: 'DequantizeLinear', in: ['w', 'w'], out: ['v'] };

  test('a product of them', () => {
    const product: N = { op: 'MatMul', in: ['x', 'v'], out: ['y'], name: 'm' };
    expect(use([weights, product])).toEqual({ ...NONE, weightOnly: ['MatMul m'] });
  });

  test('not a look-up in them, and not one of rounded activations', () => {
    expect(use([weights, { op: 'Gather', in: ['v', 'x'], out: ['y'] }])).toEqual(NONE);
    const qdq = use([
      weights,
      { op: 'QuantizeLinear', in: ['x', 'w'], out: ['q'], name: 'q' },
      { op: 'DequantizeLinear', in: ['q', 'w'], out: ['d'] },
      { op: 'MatMul', in: ['d', 'v'], out: ['y'] },
    ]);
    expect(qdq).toEqual({ ...NONE, rounded: ['QuantizeLinear q'] });
  });
});
