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
    [
      'a missing attribute',
      oneNode('SquaredRelu', (_, x) => [x], {}),
      true,
      /bpb\.SquaredRelu: slope must be a finite number from 0 on, below 1: .*slope/,
    ],
    [
      'an attribute of another type',
      oneNode('SumNorm', (_, x) => [x], { ...SUM, first_terms: { float: 1 } }, ['', 'y']),
      true,
      /bpb\.SumNorm: first_terms must be a whole number from 0 to 4: /,
    ],
    [
      'a slope of 1',
      oneNode('SquaredRelu', (_, x) => [x], { slope: { float: 1 } }),
      true,
      /bpb\.SquaredRelu: slope must be a finite number from 0 on, below 1, and is 1/,
    ],
    [
      'first terms below 0',
      oneNode('SumNorm', (_, x) => [x], { ...SUM, first_terms: { int: -1 } }, ['', 'y']),
      true,
      /bpb\.SumNorm: first_terms must be a whole number from 0 to 4, and is -1/,
    ],
    [
      'an infinite epsilon',
      oneNode('SumNorm', (_, x) => [x], { ...SUM, epsilon: { float: Number.POSITIVE_INFINITY } }, [
        '',
        'y',
      ]),
      true,
      /bpb\.SumNorm: epsilon must be a finite number from 0 on, and is inf/,
    ],
    [
      'a flag that is none',
      oneNode('SplitNormRotary', split, { ...SPLIT, interleaved: { int: 2 } }, QKV),
      true,
      /bpb\.SplitNormRotary: interleaved must be a whole number from 0 to 1, and is 2/,
    ],
    [
      'a scale that is no number',
      oneNode('CausalAttention', (_, x) => [x, x, x], {
        ...ints({ q_heads: 1, kv_heads: 1 }),
        scale: { float: Number.NaN },
      }),
      true,
      /bpb\.CausalAttention: scale must be a finite number, and is -?nan/,
    ],
    [
      'query heads that the key heads do not divide',
      oneNode('CausalAttention', (_, x) => [x, x, x], {
        ...ints({ q_heads: 3, kv_heads: 2 }),
        scale: { float: 1 },
      }),
      true,
      /bpb\.CausalAttention: q_heads must be a multiple of kv_heads, 2, and is 3/,
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
      /rotary_size must be even and at most head_size, 8, and is 3/,
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
      /q_heads must be a whole number from 0 to 1048576, and is 1099511627776/,
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

  const attention = (inputs: (g: GraphBuilder, x: string) => readonly string[]) =>
    oneNode('CausalAttention', inputs, {
      ...ints({ q_heads: 3, kv_heads: 3 }),
      scale: { float: 1 },
    });

  test.each([
    ['terms with a gap', sum((_, x) => [x, '', x]), /SumNorm: terms must .* x2 and no x1/],
    [
      'a term of another shape',
      sum((g, x) => [x, g.slice(x, 1, 0, 2)]),
      /x1 must have the shape of x0, \[2, 4, 24\], and has \[2, 2, 24\]/,
    ],
    [
      'a short factor',
      sum((g, x) => [x, '', '', '', g.weights([3])]),
      /factor0 must have one number for each of 24 channels, and has the shape \[3\]/,
    ],
    [
      'the factor of a term that is not there',
      sum((g, x) => [x, '', '', '', '', g.weights([WIDTH])]),
      /factor1 needs x1/,
    ],
    ['a long gain', sum((g, x) => [x, ...Array(8).fill(''), g.weights([99])]), /gain must have/],
    ['more first terms than terms', sum((_, x) => [x], 2), /first_terms must .* 1, and is 2/],
    [
      'a first sum of no terms',
      oneNode('SumNorm', (_, x) => [x], SUM),
      /SumNorm: the output first needs first_terms of 1 or more/,
    ],
    [
      'an odd last axis',
      oneNode('SwiGlu', (g, x) => [g.slice(x, 2, 0, 7)], {}),
      /SwiGlu: the last axis must be two halves, got \[2, 4, 7\]/,
    ],
    [
      'a gate of another shape',
      oneNode('SwiGlu', (g, x) => [x, g.slice(x, 1, 0, 2)], {}),
      /one shape, and have \[2, 4, 24\] and \[2, 2, 24\]/,
    ],
    [
      'heads that do not fill a row',
      heads(split, { q_heads: 2 }),
      /SplitNormRotary: x must have rows of all heads, 32 elements, and has the shape \[2, 4, 24\]/,
    ],
    [
      'half of the heads in a row of its own',
      heads((g, x) => [g.reshape(x, [-1, WIDTH / 2]), table(g), table(g)]),
      /x must have rows of all heads/,
    ],
    ['no heads at all', heads(split, { q_heads: 0, k_heads: 0, v_heads: 0 }), /must be heads/],
    ['a time that does not divide the rows', heads(split, { time: 3 }), /time axis, 3, and has/],
    ['no tables', heads((_, x) => [x]), /cos must have a row for each of 4 .* got nothing/],
    ['short tables', heads((g, x) => [x, table(g), table(g, 2)]), /sin must .* got \[2, 2\]/],
    ['other tables', heads((g, x) => [x, table(g, 8, 1), table(g)]), /cos must .* got \[8, 1\]/],
    [
      'a short gain',
      heads((g, x) => [...split(g, x), g.weights([3])]),
      /q_gain must .* 8 channels/,
    ],
    ['a long gain of keys', heads((g, x) => [...split(g, x), '', g.weights([9])]), /k_gain must/],
    [
      'positions of other rows',
      heads((g, x) => [...split(g, x), '', '', g.ints([1])]),
      /one position for each of 8 rows is needed, got \[1\]/,
    ],
    [
      'a negative position',
      heads((g, x) => [...split(g, x), '', '', g.ints([0, 1, 2, 3, 2 ** 40, -1, 0, 0])]),
      /positions must be 0 or more, got -1/,
    ],
    ['keys that have no output', heads(split, {}, ['y', '', 'v']), /needs its output/],
    [
      'queries with rows and places the other way round',
      attention((g, x) => [g.transpose(x, [1, 0, 2]), x, x]),
      /CausalAttention: q and k .* got \[4, 2, 24\], \[2, 4, 24\] and \[2, 4, 24\]/,
    ],
    [
      'keys of other heads',
      attention((g, x) => [x, g.slice(x, 2, 0, 20), g.slice(x, 2, 0, 20)]),
      /heads of q, 3, and of k and v, 3, must have one size/,
    ],
    [
      'a position beyond all rows',
      attention((g, x) => [g.slice(x, 1, 0, 1), x, x, g.ints([0, 2 ** 40])]),
      /positions must be from 0 to below 8, got 1099511627776/,
    ],
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

const has = addon.operators('cpu').includes('Product');
const where = has ? '' : ' (skipped: this CPU or build has no AMX)';

describe.runIf(has)(`a Product on AMX${where}`, () => {
  const PRODUCT = {
    ...ints({ transposed: 0, norm: 0, squared_relu: 0 }),
    ...{ epsilon: { float: 0 }, slope: { float: 0 } },
  };
  const weights = (g: GraphBuilder) => g.weights([WIDTH, WIDTH]);
  const product = (inputs: (g: GraphBuilder, x: string) => readonly string[]) =>
    oneNode('Product', inputs, PRODUCT);

  test.each([
    [
      'weights that are computed',
      product((g, x) => [x, g.op('Abs', [weights(g)])]),
      /what is none/,
    ],
    ['weights of three axes', product((g, x) => [x, g.weights([1, 2, 2])]), /got \[1, 2, 2\]/],
  ])('%s: refused at opening', async (_, model, message) => {
    // Without the runtime's optimization: it would fold a constant's computation.
    await expect(open(model, { optimize: false })).rejects.toMatchObject({
      code: 'BPB_OPEN',
      message: expect.stringMatching(message),
    });
  });

  test.each([
    ['rows of another length', product((g, x) => [g.slice(x, 2, 0, 7), weights(g)]), /rows of 24/],
    ['a gain without a norm', product((g, x) => [x, weights(g), g.weights([WIDTH])]), /needs norm/],
    [
      'something else to add',
      product((g, x) => [x, weights(g), '', '', '', g.slice(x, 1, 0, 2)]),
      /added0 must have the shape of y, \[2, 4, 24\], and has \[2, 2, 24\]/,
    ],
    [
      'a factor of nothing',
      product((g, x) => [x, weights(g), ...Array(6).fill(''), g.weights([WIDTH])]),
      /the factor of added1 needs it/,
    ],
  ])('%s: refused in a run', async (_, model, message) => {
    const session = await open(model);
    await expect(session.score(batchOf(2))).rejects.toMatchObject({
      code: 'BPB_RUN',
      message: expect.stringMatching(new RegExp(`bpb\\.Product: .*${message.source}`)),
    });
    await session.close();
  });
});
