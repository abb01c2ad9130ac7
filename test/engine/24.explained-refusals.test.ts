/** What ONNX Runtime refuses, with the cause and the way out: types without kernels, tables and masks of one length. */
import { describe, expect, test } from 'vitest';
import { plainText } from '#bpb/engine/runtime-text';
import { TYPE } from '#bpb/onnx/element-types';
import { type GraphSpec, onnxModel } from '#bpb/onnx/writer';
import { fullBatch, openEngine } from '../helpers/engines.js';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { tableGraph } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';

const engines = ['onnx-cpu', 'onnx-js'] as const;
const WIDTH = 40;
/** Tokens that the tables, caches and masks of these graphs are made for. */
const LENGTH = 16;

describe.each(engines)('a type without kernels, on %s', (engine) => {
  const half = (type: 'bfloat16' | 'float16', op: string): Uint8Array => {
    const spec: GraphSpec = tableGraph(new Float32Array(WIDTH * WIDTH), WIDTH);
    const data = new Uint16Array(WIDTH * WIDTH);
    return onnxModel({
      ...spec,
      initializers: [{ name: 'table', type, dims: [WIDTH, WIDTH], data }],
      nodes: [
        { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['x'] },
        { op, inputs: op === 'MatMul' ? ['x', 'table'] : ['x', 'x'], outputs: ['y'] },
        {
          op: 'Cast',
          inputs: ['y'],
          outputs: ['logits'],
          attributes: { to: { int: TYPE.float32 } },
        },
      ],
    });
  };

  test.each(['Add', 'MatMul'])('bf16 weights into %s', async (op) => {
    const error = await refusalOf(() => openEngine(engine, half('bfloat16', op)));
    expect(error).toMatchObject({ code: 'BPB_MODEL_LOAD', kind: 'input' });
    expect(error.message).toBe(`ONNX Runtime has no kernel of ${op} for bf16 on the CPU.`);
    expect(error.actual).toBe(`${op} of bf16, the node giving "y"`);
    expect(error.hint).toMatch(/--device cuda:0.*model\.float\(\)/);
  });

  test('another type, by its name', async () => {
    const g = new GraphBuilder();
    const x = g.embed(8);
    const whole = g.op('Cast', [x], { to: { int: TYPE.int16 } });
    const y = g.op('Cast', [g.op('Max', [whole, whole])], { to: { int: TYPE.float32 } });
    const error = await refusalOf(() => openEngine(engine, g.model(y, 8)));
    expect(error.message).toBe('ONNX Runtime has no kernel of Max for int16 on the CPU.');
    expect(error.hint).toMatch(/Cast the inputs of Max to fp32/);
  });
});

/** `embedding[ids]` of WIDTH features, and what a graph makes of it. */
function lengthBound(build: (g: GraphBuilder, x: string) => string): Uint8Array {
  const g = new GraphBuilder();
  return g.model(build(g, g.embed(WIDTH)), WIDTH);
}

/** The first positions of a table, as many as there are tokens, sliced as caches of rotary factors are. */
function sliced(g: GraphBuilder, table: string): string {
  const time = g.op('Slice', [g.op('Shape', ['input_ids']), g.ints([1]), g.ints([2])]);
  return g.op('Slice', [table, g.ints([0]), time, g.ints([0])]);
}

const GRAPHS: readonly [string, Uint8Array][] = [
  [
    'a Gather of a table of positions',
    lengthBound((g, x) => {
      const time = g.op('Squeeze', [
        g.op('Slice', [g.op('Shape', ['input_ids']), g.ints([1]), g.ints([2])]),
      ]);
      const positions = g.op('Range', [g.ints([0], []), time, g.ints([1], [])]);
      // Kept from being fused into a slice: its indices are computed.
      const shifted = g.op('Abs', [positions]);
      return g.op('Add', [x, g.op('Gather', [g.weights([LENGTH, WIDTH]), shifted])]);
    }),
  ],
  [
    'a cache of rotary factors that is not cut to the row',
    lengthBound((g, x) => g.op('Mul', [x, g.weights([LENGTH, WIDTH])])),
  ],
  [
    'a cache of rotary factors that is cut',
    lengthBound((g, x) => g.op('Mul', [x, sliced(g, g.weights([LENGTH, WIDTH]))])),
  ],
  [
    'a causal mask',
    lengthBound((g, x) => {
      const scores = g.op('MatMul', [x, g.op('Transpose', [x], { perm: { ints: [0, 2, 1] } })]);
      const masked = g.op('Add', [scores, g.weights([LENGTH, LENGTH])]);
      return g.op('MatMul', [g.op('Softmax', [masked], { axis: { int: -1 } }), x]);
    }),
  ],
];

describe.each(engines)('rows longer than a constant of the graph, on %s', (engine) => {
  const run = async (model: Uint8Array, time: number, id = 1) => {
    const opened = await openEngine(engine, model);
    try {
      const ids = [Array.from({ length: time }, () => id)];
      return await opened.score(fullBatch(ids, [Array.from({ length: time }, () => 0)]));
    } finally {
      await opened.close();
    }
  };

  test.each(GRAPHS)('%s', async (_, model) => {
    const error = await refusalOf(() => run(model, 2 * LENGTH));
    expect(error.code).toBe('BPB_MODEL_RUN');
    expect(error.message).toMatch(/position|mask/);
    expect(error.hint).toBe(`--seq-len ${LENGTH}`);
    expect((await run(model, LENGTH)).nats).toHaveLength(LENGTH);
  });

  test('shorter rows than a mask that is not cut: how the graph is to be exported', async () => {
    const error = await refusalOf(() => run(GRAPHS[3]![1], LENGTH - 4));
    expect(error.hint).toMatch(/--seq-len 16, or export the model with its time axis fixed to 16/);
  });

  test('an id beyond the embedding table is no matter of length', async () => {
    const error = await refusalOf(() => run(GRAPHS[1]![1], LENGTH, 1000));
    expect(error.message).toMatch(/The id 1000 is beyond the embedding table/);
    expect(error.hint).toMatch(/--tokenizer/);
  });

  test('an id that is also the number of the table’s rows does not mislead', async () => {
    const error = await refusalOf(() => run(GRAPHS[0]![1], 2 * LENGTH, LENGTH));
    expect(error.message).not.toMatch(/embedding/);
    expect(error.hint).toBe(`--seq-len ${LENGTH}`);
  });
});

describe('the text of the runtime', () => {
  test.each<[string, string]>([
    [
      '[ONNXRuntimeError] : 1 : FAIL : /onnxruntime_src/onnxruntime/core/graph/model.cc:202 ' +
        'onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const X*) ' +
        'Unsupported model IR version: 14, max supported IR version: 13\n',
      'Unsupported model IR version: 14, max supported IR version: 13',
    ],
    [
      "Non-zero status code returned while running Mul node. Name:'a' Status Message: " +
        '/onnxruntime_src/a/b.h:583 void onnxruntime::B::Append(ptrdiff_t, ptrdiff_t) axis == 1 ' +
        'was false. 16 by 32\n',
      "Non-zero status code returned while running Mul node. Name:'a' Status Message: axis == 1 was false. 16 by 32",
    ],
    ['/onnxruntime_src/a.cc:1 F::operator()(int) const [with T = float] b (c) d', 'b (c) d'],
    ['/onnxruntime_src/a.cc:1 no signature', 'no signature'],
    ['of (two\n\n lines)\t', 'of (two lines)'],
    ['', ''],
  ])('%j', (message, plain) => {
    expect(plainText(message)).toBe(plain);
  });
});
