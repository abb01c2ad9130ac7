/**
 * The operators as nodes of a session's graph: what they refuse, by their name and their input's.
 */
import { describe, expect, test } from 'vitest';
import { findRuntimeLibrary } from '#bpb/engine/library';
import { TYPE } from '#bpb/onnx/element-types';
import type { AttributeValue } from '#bpb/onnx/writer';
import { GraphBuilder, someIds, VOCAB } from '../helpers/graph-builder.js';
import { requireAddon } from '../helpers/native.js';

const addon = requireAddon();
const WIDTH = 24;
const TIME = 4;

type Attributes = Readonly<Record<string, AttributeValue>>;
const ints = (values: Readonly<Record<string, number>>): Attributes =>
  Object.fromEntries(Object.entries(values).map(([name, int]) => [name, { int }]));

const open = (model: Uint8Array, runtime: object = {}, rewritten = true) =>
  addon.open({
    graph: { model, tokens: 'input_ids', logits: 'logits', rewritten },
    runtime: { library: findRuntimeLibrary(), threads: 1, optimize: true, config: {}, ...runtime },
  });

const batchOf = (rows: number) => ({
  ...{ rows, time: TIME, ids: Int32Array.from(someIds(rows, TIME)) },
  scored: Uint32Array.from({ length: rows * TIME }, (_, k) => k),
  targets: Int32Array.from(someIds(rows, TIME).map((id) => (id + 1) % VOCAB)),
  spanEnds: Uint32Array.of(rows * TIME),
});

/** A graph with one node of ours on hidden states x; its inputs may be made on the way. */
function oneNode(
  op: string,
  inputs: (g: GraphBuilder, x: string) => readonly string[],
  attributes: Attributes,
  outputs: readonly string[] = ['y'],
): Uint8Array {
  const g = new GraphBuilder();
  const names = inputs(g, g.embed(WIDTH));
  g.nodes.push({ op, domain: 'bpb', inputs: names, outputs, attributes });
  const y = outputs.find((name) => name !== '')!;
  return g.model(g.op('Identity', [y]), WIDTH);
}

const SUM = { first_terms: { int: 0 }, epsilon: { float: 1e-5 } };
const HEADS = { time: TIME, q_heads: 1, k_heads: 1, v_heads: 1, head_size: 8, rotary_size: 4 };
const SPLIT = {
  ...ints({ ...HEADS, interleaved: 0, q_norm: 1, k_norm: 1 }),
  epsilon: { float: 1e-5 },
};
const QKV = ['y', 'k', 'v'];
const table = (g: GraphBuilder, rows = TIME, columns = 2) => g.weights([rows, columns]);
const split = (g: GraphBuilder, x: string) => [x, table(g), table(g)];

describe('refused when the session is opened', () => {
  test.each([
    ['a graph that was not rewritten', oneNode('SquaredRelu', (_, x) => [x], {}), false, /bpb/],
    ['an operator that there is not', oneNode('Cube', (_, x) => [x], {}), true, /Cube/],
    ['a missing attribute', oneNode('SquaredRelu', (_, x) => [x], {}), true, /slope/],
    [
      'a slope of 1',
      oneNode('SquaredRelu', (_, x) => [x], { slope: { float: 1 } }),
      true,
      /bpb\.SquaredRelu: slope/,
    ],
    [
      'an epsilon below 0',
      oneNode('SumNorm', (_, x) => [x], { ...SUM, epsilon: { float: -1 } }, ['', 'y']),
      true,
      /bpb\.SumNorm: epsilon/,
    ],
    [
      'an odd rotation',
      oneNode('SplitNormRotary', split, { ...SPLIT, rotary_size: { int: 3 } }, QKV),
      true,
      /rotary_size must be even/,
    ],
    [
      'a rotation beyond the head',
      oneNode('SplitNormRotary', split, { ...SPLIT, rotary_size: { int: 10 } }, QKV),
      true,
      /at most head_size/,
    ],
    [
      'heads beyond all sense',
      oneNode('SplitNormRotary', split, { ...SPLIT, q_heads: { int: 2 ** 40 } }, QKV),
      true,
      /q_heads is 1099511627776/,
    ],
    [
      'activations of another type',
      oneNode('SwiGlu', (g, x) => [g.op('Cast', [x], { to: { int: TYPE.float64 } })], {}),
      true,
      /./,
    ],
  ])('%s', async (_, model, rewritten, message) => {
    await expect(open(model, {}, rewritten)).rejects.toMatchObject({
      code: 'BPB_OPEN',
      message: expect.stringMatching(message),
    });
  });
});

describe('refused in a run, which the session outlives', () => {
  const sum = (inputs: (g: GraphBuilder, x: string) => readonly string[], first = 0) =>
    oneNode('SumNorm', inputs, { ...SUM, first_terms: { int: first } }, ['', 'y']);
  const heads = (
    inputs: (g: GraphBuilder, x: string) => readonly string[],
    change: Readonly<Record<string, number>> = {},
    outputs = QKV,
  ) => oneNode('SplitNormRotary', inputs, { ...SPLIT, ...ints(change) }, outputs);

  test.each([
    ['terms with a gap', sum((_, x) => [x, '', x]), /SumNorm: terms must/],
    ['a term of another shape', sum((g, x) => [x, g.slice(x, 1, 0, 2)]), /x1 must have the shape/],
    ['a short factor', sum((g, x) => [x, '', '', '', g.weights([3])]), /factor0 must have/],
    ['a long gain', sum((g, x) => [x, ...Array(8).fill(''), g.weights([99])]), /gain must have/],
    ['more first terms than terms', sum((_, x) => [x], 2), /first_terms/],
    ['first terms below 0', sum((_, x) => [x], -1), /first_terms/],
    [
      'an odd last axis',
      oneNode('SwiGlu', (g, x) => [g.slice(x, 2, 0, 7)], {}),
      /SwiGlu: the last/,
    ],
    [
      'a gate of another shape',
      oneNode('SwiGlu', (g, x) => [x, g.slice(x, 1, 0, 2)], {}),
      /one shape/,
    ],
    ['heads that do not fill a row', heads(split, { q_heads: 2 }), /SplitNormRotary: x must/],
    ['no heads at all', heads(split, { q_heads: 0, k_heads: 0, v_heads: 0 }), /x must/],
    ['a time that does not divide the rows', heads(split, { time: 3 }), /whole rows/],
    ['no tables', heads((_, x) => [x]), /cos and sin/],
    ['short tables', heads((g, x) => [x, table(g), table(g, 2)]), /sin is too short/],
    ['other tables', heads((g, x) => [x, table(g, 8, 1), table(g)]), /cos must have a column/],
    ['a short gain', heads((g, x) => [...split(g, x), g.weights([3])]), /q_gain is too short/],
    [
      'positions of other rows',
      heads((g, x) => [...split(g, x), '', '', g.ints([1])]),
      /one position/,
    ],
    ['keys that have no output', heads(split, {}, ['y', '', 'v']), /needs its output/],
  ])('%s', async (_, model, message) => {
    const session = await open(model);
    for (let again = 0; again < 2; again++) {
      await expect(session.score(batchOf(2))).rejects.toMatchObject({
        code: 'BPB_RUN',
        message: expect.stringMatching(message),
      });
    }
    await session.close();
  });
});
