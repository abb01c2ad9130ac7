/** Activations that a graph computes in 16 bits: in the main graph, in subgraphs and in functions. */
import { describe, expect, test } from 'vitest';
import { activationsOf, type F, type N } from './activation-nodes.js';

describe('activations in 16 bits', () => {
  const HALF = 10;
  const BRAIN = 16;
  const cast = (from: string, out: string, to = HALF): N => ({
    op: 'Cast',
    in: [from],
    out: [out],
    name: `to_${out}`,
    attributes: { to: { int: to } },
  });
  const product = (of: string, out = 'y'): N => ({
    op: 'MatMul',
    in: [of, of],
    out: [out],
    name: out,
  });
  const halved = (nodes: readonly N[], functions: readonly F[] = []) =>
    activationsOf(nodes, functions).halved.map(({ op, name, type }) => `${op} ${name} ${type}`);

  test('casts to them, and what computes in them', () => {
    const nodes = [cast('x', 'h'), product('h'), cast('y', 'back', 1), product('back', 'wide')];
    expect(halved(nodes)).toEqual(['Cast to_h fp16', 'MatMul y fp16']);
    expect(halved([cast('x', 'h', BRAIN), product('h')])).toEqual([
      'Cast to_h bf16',
      'MatMul y bf16',
    ]);
  });

  test('of activations and weights the type that has them', () => {
    const mixed: N = { op: 'Mul', in: ['x', 'v'], out: ['y'], name: 'm' };
    expect(halved([cast('w', 'v'), mixed])).toEqual(['Mul m fp16']);
    const decoded: N = { op: 'DequantizeLinear', in: ['x', 'v'], out: ['y'], name: 'd' };
    expect(halved([cast('w', 'v'), decoded])).toEqual(['DequantizeLinear d fp16']);
    const like: N = { op: 'CastLike', in: ['x', 'v'], out: ['y'], name: 'c' };
    expect(halved([cast('w', 'v'), like])).toEqual(['CastLike c fp16']);
  });

  test('casts from one to the other', () => {
    const row: N = { op: 'Gather', in: ['v', 'x'], out: ['row'] };
    expect(halved([cast('w', 'v'), row, cast('row', 'short', BRAIN)])).toEqual([
      'Cast to_short bf16',
    ]);
  });

  test('in a function and in a subgraph', () => {
    const body: F = { name: 'twice', inputs: ['a'], nodes: [product('a', 'b')], outputs: ['b'] };
    const call = (of: string): N => ({ op: 'twice', domain: 'local', in: [of], out: ['z'] });
    const after: N = { op: 'Relu', in: ['z'], out: ['r'], name: 'r' };
    expect(halved([cast('x', 'h'), call('h'), after], [body])).toEqual([
      'Cast to_h fp16',
      'MatMul b fp16',
      'Relu r fp16',
    ]);
    expect(halved([call('x'), after], [body])).toEqual([]);
    const inner = { inputs: [], nodes: [cast('x', 'h')], outputs: ['h'] };
    const branch: N = { op: 'If', in: ['w'], out: ['z'], body: inner };
    expect(halved([branch, after])).toEqual(['Cast to_h fp16', 'Relu r fp16']);
  });

  test('in a function whose caller names the type', () => {
    const inner: N = { op: 'Cast', in: ['a'], out: ['b'], refers: { to: 'type' } };
    const body: F = { name: 'to', inputs: ['a'], nodes: [inner], outputs: ['b'] };
    const outer: F = {
      name: 'onTo',
      inputs: ['a'],
      nodes: [{ op: 'to', domain: 'local', in: ['a'], out: ['b'], refers: { type: 'own' } }],
      outputs: ['b'],
    };
    const call = (type: number, op = 'to', name = 'type'): N => ({
      ...{ op, domain: 'local', in: ['x'], out: [`z${type}`] },
      attributes: { [name]: { int: type } },
    });
    const later = (type: number) => product(`z${type}`, `y${type}`);
    expect(halved([call(1), later(1), call(HALF), later(HALF)], [body])).toEqual([
      'Cast b fp16',
      'MatMul y10 fp16',
    ]);
    expect(halved([call(HALF, 'onTo', 'own'), later(HALF)], [body, outer])).toEqual([
      'Cast b fp16',
      'MatMul y10 fp16',
    ]);
    expect(halved([call(HALF, 'to', 'other'), later(HALF)], [body])).toEqual([]);
  });

  test.each<[string, readonly N[]]>([
    ['a constant cast to them', [cast('w', 'v'), product('v')]],
    [
      'a table that is stored in them and looked up',
      [
        cast('w', 'v'),
        { op: 'Gather', in: ['v', 'x'], out: ['row'] },
        { op: 'Reshape', in: ['row', 'w'], out: ['moved'] },
        cast('moved', 'wide', 1),
        product('wide'),
      ],
    ],
    [
      'comparisons, shapes and positions of them',
      [
        cast('w', 'v'),
        { op: 'Gather', in: ['v', 'x'], out: ['row'] },
        { op: 'Greater', in: ['row', 'v'], out: ['above'] },
        { op: 'Where', in: ['above', 'x', 'w'], out: ['chosen'] },
        { op: 'ArgMax', in: ['row'], out: ['at'] },
        product('at'),
      ],
    ],
    ['64-bit floating point', [cast('x', 'd', 11), product('d')]],
    [
      'a norm of them with a gain that is wider, and the places of the largest',
      [
        cast('w', 'v'),
        { op: 'Gather', in: ['v', 'x'], out: ['row'] },
        { op: 'SimplifiedLayerNormalization', in: ['row', 'w'], out: ['wide'] },
        product('wide', 'made'),
        { op: 'TopK', in: ['row', 'w'], out: ['most', 'at'] },
        { op: 'Gather', in: ['w', 'at'], out: ['chosen'] },
        product('chosen'),
      ],
    ],
  ])('not %s', (_, nodes) => {
    expect(halved(nodes)).toEqual([]);
  });
});
