/**
 * Names, shapes and types of the ids and the logits, and graphs that read a bound input in other ways.
 */
import { describe, expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { readSummary } from '#bpb/onnx/summary';
import { onnxModel, valueInfo } from '#bpb/onnx/writer';
import { bytes, int, join } from '#bpb/protobuf/encode';
import { asked, bound } from '../../helpers/bound.js';
import {
  type DecoderOptions,
  decoder,
  decoderGraph,
  type ExtraInput,
  runFed,
} from '../../helpers/decoder-graphs.js';
import { largestDifference, runLogits, someIds, VOCAB } from '../../helpers/graph-builder.js';

const B = 'batch';
const T = 'time';
const MASK: ExtraInput = {
  name: 'attention_mask',
  type: 'int64',
  dims: [B, T],
  sizes: [B, T],
  value: 1,
};
const POSITIONS: ExtraInput = { ...MASK, name: 'position_ids', value: 'positions' };
const ids = someIds(2, 6);
const plain = decoder();
const PLAIN = await runLogits(plain, ids, 2);

const flat: DecoderOptions['end'] = (g, x) => g.reshape(x, [-1, VOCAB]);

/** Logits of a bound model under the names of its own ports. */
function run(made: ReturnType<typeof bound>, rows = 2, time = 6) {
  const ports = { ids: { name: made.tokens }, logits: { name: made.logits } };
  return runFed(made.model, someIds(rows, time), rows, ports);
}

const portsOf = (model: Uint8Array) => readSummary(model, 'model.onnx');

/** Nothing in the sizes says that its time is not before its batch. */
const square = decoder({ ids: { dims: [6, 6] }, logits: { dims: [6, 6, VOCAB] } });

describe('a model that has the canonical form', () => {
  test.each([
    ['of open axes', plain],
    ['with outputs beside the logits', decoder({ outputs: ['present.0', 'hidden_states'] })],
    ['of fixed axes', decoder({ ids: { dims: [2, 6] } })],
    ['of as many rows as positions', square],
  ])('%s is the file itself', (_, model) => {
    const made = bound(model);
    expect(made.model).toBe(model);
    expect(made).toMatchObject({ tokens: 'input_ids', logits: 'logits', inputs: [], notes: [] });
  });

  test('its log-probabilities are logits', () => {
    expect(bound(plain, { logitsAre: 'log-probabilities' }).model).toBe(plain);
  });
});

describe('names', () => {
  test.each([
    ['input', '341'],
    ['input.1', 'mul_26'],
    ['0', 'output_0'],
  ])('%s and %s are recognised and said', async (name, output) => {
    const made = bound(
      decoder({ ids: { name }, logits: { name: output }, outputs: ['present.0.key'] }),
    );
    expect(made).toMatchObject({ tokensInput: name, logitsOutput: output });
    expect(made.notes).toEqual([
      `the input \`${name}\` was taken for the token ids`,
      `the output \`${output}\` was taken for the logits`,
    ]);
    expect(largestDifference(await run(made), PLAIN)).toBe(0);
  });

  test('what a caller names is taken', async () => {
    const model = decoder({ ids: { name: 'x' }, logits: { name: 'y' }, outputs: ['z'] });
    const made = bound(model, { tokens: 'x', logits: 'y' });
    expect(made.notes).toEqual([]);
    expect(largestDifference(await run(made), PLAIN)).toBe(0);
  });

  test('names that new nodes would have are left to the graph', async () => {
    const graph = decoderGraph({ extra: [POSITIONS] });
    const taken = ['bpb_in_0_Shape', '_bpb_in_0_Shape', 'bpb_logits'];
    const nodes = taken.map((name) => ({ op: 'Identity', inputs: ['input_ids'], outputs: [name] }));
    const made = bound(onnxModel({ ...graph, nodes: [...nodes, ...graph.nodes] }));
    const expected = await runFed(decoder({ extra: [POSITIONS] }), ids, 2, { extra: [POSITIONS] });
    expect(largestDifference(await run(made), expected)).toBe(0);
  });
});

describe('shapes', () => {
  test.each([
    ['of logits [1, time, vocabulary]', [1, T, VOCAB], undefined],
    ['of logits [time, vocabulary]', [T, VOCAB], flat],
  ] as const)('a vector of ids is one row, %s', async (_, dims, end) => {
    const options: DecoderOptions = { ids: { dims: [T] }, logits: { dims }, end };
    const model = decoder(options);
    const made = bound(model);
    const expected = await runFed(model, someIds(1, 6), 1, options);
    expect(largestDifference(await run(made, 1, 6), expected)).toBe(0);
    const { inputs, outputs } = portsOf(made.model);
    expect(inputs).toMatchObject([{ dims: [1, 'bpb_ids_axis1'] }]);
    expect(outputs[0]!.dims!.length).toBe(3);
    expect(outputs[0]!.dims![0]).toBe(1);
  });

  test.each([
    ['batch*time', [B, T], null],
    ['tokens', [B, T], 1],
    [12, [2, 6], null],
  ] as const)('flat logits [%s, vocabulary]', async (rows, dims, oneRow) => {
    const made = bound(
      decoder({
        ids: { dims },
        logits: { dims: [rows, VOCAB] },
        end: flat,
      }),
    );
    expect(
      largestDifference(
        await run(made, oneRow ?? 2, 6),
        await runLogits(plain, someIds(oneRow ?? 2, 6), oneRow ?? 2),
      ),
    ).toBe(0);
    expect(portsOf(made.model).inputs[0]!.dims![0]).toBe(oneRow ?? (dims[0] === 2 ? 2 : B));
    expect(made.notes.length).toBe(oneRow === null ? 0 : 1);
  });

  test('flat logits of the last position keep their shape, for an engine to refuse', async () => {
    const model = decoder({
      logits: { dims: ['batch*time', VOCAB] },
      end: (g, x) => g.reshape(g.slice(x, 1, -1, 2 ** 31), [-1, VOCAB]),
    });
    const made = bound(model);
    expect((await run(made)).length).toBe(2 * VOCAB);
  });

  test.each<[string, readonly (number | string)[], readonly (number | string)[]]>([
    ['a time axis', [B, 6], ['', 6]],
    ['a batch axis and a time axis', [2, 6], [2, 6]],
    ['one row for all', [1, T], [B, T]],
  ])('%s that only the mask fixes', (_, dims, expected) => {
    const made = bound(decoder({ extra: [{ ...MASK, dims }] }));
    const [tokens] = portsOf(made.model).inputs;
    expect(tokens!.dims!.map((dim, k) => (typeof dim === 'number' ? dim : expected[k]))).toEqual(
      expected,
    );
  });

  test('a past of one row fixes the batch', () => {
    const past = { ...MASK, name: 'past_key_values.0.key', type: 'float32', value: 0 } as const;
    const made = bound(
      decoder({ extra: [{ ...past, dims: [1, 2, 'past', 4], sizes: [1, 2, 0, 4] }] }),
    );
    expect(portsOf(made.model).inputs[0]!.dims![0]).toBe(1);
  });
});

describe('types', () => {
  const cast =
    (to: number): NonNullable<DecoderOptions['end']> =>
    (g, x) =>
      g.op('Cast', [x], { to: { int: to } });

  test('fp64 is cast to fp32', async () => {
    const graph = decoderGraph({ end: cast(TYPE.float64) });
    const [output] = graph.outputs;
    const model = onnxModel({ ...graph, outputs: [{ ...output!, type: 'float64' }] });
    const made = bound(model);
    expect(portsOf(made.model).outputs[0]).toMatchObject({ elementType: TYPE.float32 });
    expect(largestDifference(await run(made), PLAIN)).toBe(0);
  });

  test.each(['float32', 'float16', 'float64'] as const)('probabilities of %s', async (type) => {
    const graph = decoderGraph({
      end: (g, x) => cast(TYPE[type])(g, g.op('Softmax', [x], { axis: { int: -1 } }), ''),
    });
    const [output] = graph.outputs;
    const model = onnxModel({ ...graph, outputs: [{ ...output!, type }] });
    const logs = await run(bound(model, { logitsAre: 'probabilities' }));
    for (let at = 0; at < logs.length; at += VOCAB) {
      const [a, b] = [logs, PLAIN].map((values) => {
        const row = values.subarray(at, at + VOCAB);
        const most = Math.max(...row);
        const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
        return row.map((value) => value - most - Math.log(sum));
      });
      expect(largestDifference(Float32Array.from(a!), Float32Array.from(b!))).toBeLessThan(
        type === 'float16' ? 0.1 : 1e-4,
      );
    }
  });
});

describe('what a caller or a manifest says', () => {
  const odd: ExtraInput[] = [
    { ...MASK, name: 'keep', type: 'bool' },
    { ...MASK, name: 'offset', dims: [], sizes: [], value: 3 },
    { ...MASK, name: 'where', type: 'int32', dims: [T], sizes: [T], value: 'positions' },
    { ...MASK, name: 'length', dims: [1], sizes: [1], value: 'time' },
    {
      ...MASK,
      name: 'k.0',
      type: 'float32',
      dims: [B, 2, 'before', 4],
      sizes: [B, 2, 0, 4],
      value: 0,
    },
    {
      ...MASK,
      name: 'k.1',
      type: 'float32',
      dims: [B, 2, 'before', 4],
      sizes: [B, 2, 0, 4],
      value: 0,
    },
    {
      ...MASK,
      name: 'bias',
      type: 'float32',
      dims: [B, 1, T, T],
      sizes: [B, 1, 'time', 'time'],
      value: 0,
    },
  ];
  const kinds = {
    keep: 'ones',
    offset: { constant: 3 },
    where: 'positions',
    length: 'length',
    'k.*': 'empty',
    bias: 'zeros',
  } as const;

  test('each kind gives what it says', async () => {
    const model = decoder({ extra: odd });
    const made = bound(model, asked(kinds));
    expect(largestDifference(await run(made), await runFed(model, ids, 2, { extra: odd }))).toBe(0);
    expect(made.inputs.map(({ by }) => by)).toEqual(odd.map(() => 'caller'));
  });

  test.each([
    ['cache', true],
    ['*', true],
    ['ca*', true],
    ['*he', true],
    ['c*c*e', true],
    ['cache*', true],
    ['*c*c*', true],
    ['c*c*he', true],
    ['cac*che', false],
    ['*c*c*c*', false],
    ['cach', false],
    ['ache', false],
    ['c.*', false],
    // Of a backtracking matcher this would take more than the age of the universe.
    [`${'*c'.repeat(64)}*x`, false],
  ])('the pattern %s', (pattern, fits) => {
    const name = pattern.length > 64 ? 'c'.repeat(256) : 'cache';
    const model = decoder({ extra: [{ ...MASK, name }] });
    const make = () => bound(model, asked({ [pattern]: 'ones' }));
    if (fits) expect(make().inputs).toEqual([{ name, kind: 'ones', by: 'caller' }]);
    else expect(make).toThrow(/no input|does not know/);
  });

  test('goes before names, and the caller before the manifest', async () => {
    const extra = [{ ...MASK, value: 0 }];
    const model = decoder({ extra });
    const rules = [
      { name: 'attention_mask', kind: 'zeros', by: 'caller' },
      { name: '*', kind: 'ones', by: 'manifest' },
    ] as const;
    const made = bound(model, { rules });
    expect(made.inputs).toEqual([{ name: 'attention_mask', kind: 'zeros', by: 'caller' }]);
    expect(largestDifference(await run(made), await runFed(model, ids, 2, { extra }))).toBe(0);
  });

  test('an input with a default keeps it, unless it is named', async () => {
    const graph = decoderGraph({
      extra: [{ ...MASK, name: 'scale', dims: [1], sizes: [1], value: 5 }],
    });
    const data = BigInt64Array.of(5n);
    const preset = { name: 'scale', type: 'int64', dims: [1], data } as const;
    const model = onnxModel({ ...graph, initializers: [...graph.initializers!, preset] });
    expect(bound(model).model).toBe(model);
    const given = await run(bound(model, asked({ scale: { constant: 7 } })));
    const seven = [{ ...MASK, name: 'scale', dims: [1], sizes: [1], value: 7 }] as const;
    const expected = await runFed(decoder({ extra: seven }), ids, 2, { extra: seven });
    expect(largestDifference(given, expected)).toBe(0);
  });
});

describe('graphs', () => {
  /** A subgraph that gives `x`, a value of the graph around it. */
  const branch = (name: string, x: string) =>
    join([
      bytes(1, name),
      bytes(6, [
        bytes(1, [bytes(1, x), bytes(2, `${name}_out`), bytes(4, 'Identity')]),
        bytes(2, name),
        bytes(12, [bytes(1, `${name}_out`), bytes(2, [bytes(1, [int(1, 1)])])]),
      ]),
      int(20, 5),
    ]);

  test('a branch that reads a bound input by name, chosen by a bound flag', async () => {
    const { name } = MASK;
    const port = (
      of: string,
      type: 'int64' | 'float32' | 'bool',
      dims: readonly (number | string)[],
    ) => join(valueInfo({ name: of, type, dims }));
    const to = join([bytes(1, 'to'), int(3, 1), int(20, 2)]);
    const graph = [
      bytes(1, [bytes(1, 'input_ids'), bytes(2, 'a'), bytes(4, 'Cast'), bytes(5, to)]),
      bytes(1, [
        bytes(1, 'use_cache_branch'),
        bytes(2, 'b'),
        bytes(4, 'If'),
        bytes(5, branch('then_branch', 'a')),
        bytes(5, branch('else_branch', name)),
      ]),
      bytes(1, [bytes(1, 'a'), bytes(1, 'b'), bytes(2, 'c'), bytes(4, 'Add')]),
      bytes(1, [bytes(1, 'c'), bytes(1, 'w'), bytes(2, 'd'), bytes(4, 'Mul')]),
      bytes(1, [bytes(1, 'd'), bytes(1, 'axis'), bytes(2, 'logits'), bytes(4, 'Unsqueeze')]),
      bytes(2, 'g'),
      bytes(5, [int(2, 1), bytes(8, 'w'), bytes(9, new Uint8Array(Float32Array.of(2).buffer))]),
      bytes(5, [
        int(1, 1),
        int(2, 7),
        bytes(8, 'axis'),
        bytes(9, new Uint8Array(BigInt64Array.of(2n).buffer)),
      ]),
      bytes(11, port('input_ids', 'int64', [B, T])),
      bytes(11, port(name, 'float32', [B, T])),
      bytes(11, port('use_cache_branch', 'bool', [1])),
      bytes(12, port('logits', 'float32', [B, T, 1])),
    ];
    const model = join([int(1, 10), bytes(7, graph), bytes(8, [bytes(1, ''), int(2, 18)])]);
    const made = bound(model);
    expect([...(await run(made))]).toEqual(ids.map((id) => 2 * (id + 1)));
  });

  test('outputs beside the logits are dropped, and no number changes', async () => {
    const extra = [MASK];
    const model = decoder({ extra, outputs: ['present.0.key', 'hidden_states'] });
    const made = bound(model);
    expect(portsOf(made.model).outputs.map(({ name }) => name)).toEqual(['logits']);
    expect(largestDifference(await run(made), await runFed(model, ids, 2, { extra }))).toBe(0);
  });

  test('ports of state stay as they are', () => {
    const state = {
      ...MASK,
      name: 'state_in',
      type: 'float32',
      dims: [B, 4],
      sizes: [B, 4],
    } as const;
    const model = decoder({ extra: [state, MASK], outputs: ['state_out', 'other'] });
    const given = { inputs: new Set(['state_in']), outputs: new Set(['state_out']) };
    const { inputs, outputs } = portsOf(bound(model, { given }).model);
    expect(inputs.map(({ name }) => name)).toEqual(['input_ids', 'state_in']);
    expect(outputs.map(({ name }) => name)).toEqual(['logits', 'state_out']);
  });
});
