/** Versions beyond the runtime's: lowered where nothing newer is used, else refused with what is. */
import { spawnSync } from 'node:child_process';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { lowerVersions } from '#bpb/onnx/lower';
import { readModel } from '#bpb/onnx/reader';
import { FUNCTION, MODEL, NODE, OPSET } from '#bpb/onnx/schema';
import { readSummary } from '#bpb/onnx/summary';
import { type NodeSpec, onnxModel } from '#bpb/onnx/writer';
import { bytes, int } from '#bpb/protobuf/encode';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { normals, tableGraph } from '../helpers/models.js';
import { pythonWith } from '../helpers/python.js';
import { refusalOf } from '../helpers/refusal.js';

const lower = (model: Uint8Array) => lowerVersions(model, 'm.onnx', readSummary(model, 'm.onnx'));

/** The model with another IR version and other versions of ai.onnx. */
function versioned(model: Uint8Array, ir: number, opset: number): Uint8Array {
  const root = readModel(model, 'm');
  const fields = root.rewritten(({ type }) => {
    if (type === MODEL.ir_version) return [int(type.number, ir)];
    if (type !== MODEL.opset_import) return null;
    return [bytes(type.number, [int(OPSET.version.number, opset)])];
  });
  return new Uint8Array(Buffer.concat(fields));
}

const graph = tableGraph(normals(49, 1), 7);
const table = onnxModel(graph);
const withNode = (node: NodeSpec) => onnxModel({ ...graph, nodes: [...graph.nodes, node] });

describe('what needs the newer version is named', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['an unknown IR version', versioned(table, 15, 21), /IR version 15$/],
    ['IR version 999', versioned(table, 999, 21), /IR version 999$/],
    ['an unknown operator set', versioned(table, 10, 29), /ai\.onnx 29$/],
    ['operator set 999', versioned(table, 10, 999), /ai\.onnx 999$/],
    [
      'a new element type in a cast',
      versioned(
        withNode({ op: 'Cast', inputs: ['wide'], outputs: ['y'], attributes: { to: { int: 27 } } }),
        14,
        28,
      ),
      /the element type 27$/,
    ],
    ...['CausalConvWithState', 'LinearAttention', 'SwiGLU', 'Mod'].map(
      (op): [string, Uint8Array, RegExp] => [
        op,
        versioned(withNode({ op, inputs: ['wide', 'wide'], outputs: ['y'] }), 13, 28),
        new RegExp(`for ${op}, which older`),
      ],
    ),
    [
      'an attribute that is new',
      versioned(
        withNode({
          op: 'Range',
          inputs: ['a', 'b', 'c'],
          outputs: ['y'],
          attributes: { stash_type: { int: 1 } },
        }),
        13,
        27,
      ),
      /Range with `stash_type`$/,
    ],
  ])('%s', async (_, model, actual) => {
    const error = await refusalOf(() => lower(model));
    expect(error).toMatchObject({ code: 'BPB_MODEL_LOAD', kind: 'input' });
    expect(error.actual).toMatch(actual);
    expect(error.hint).toMatch(/set ir_version to 13 and opset <= 26/);
  });

  test('in a local function too', async () => {
    const body = bytes(MODEL.functions.number, [
      bytes(FUNCTION.name.number, 'f'),
      bytes(FUNCTION.domain.number, 'local'),
      bytes(FUNCTION.node.number, [bytes(NODE.op_type.number, 'SwiGLU')]),
      bytes(FUNCTION.opset_import.number, [int(OPSET.version.number, 28)]),
    ]);
    const error = await refusalOf(() => lower(Buffer.concat([table, body])));
    expect(error.actual).toMatch(/SwiGLU/);
  });

  test('an operator of that name in another domain is none of ai.onnx', () => {
    const node = { op: 'SwiGLU', inputs: ['wide'], outputs: ['y'], domain: 'com.microsoft' };
    expect(lower(versioned(withNode(node), 14, 28)).remarks).toHaveLength(1);
  });
});

describe('what onnx.helper.make_model of onnx 1.23 writes', () => {
  /** Operators that changed in 27 and 28 only in the types that they take, as exporters use them. */
  function exported(): Uint8Array {
    const g = new GraphBuilder();
    const x = g.embed(8);
    const time = g.op('Squeeze', [
      g.op('Slice', [g.op('Shape', ['input_ids']), g.ints([1]), g.ints([2])]),
    ]);
    const positions = g.op('Range', [g.ints([0], []), time, g.ints([1], [])]);
    const shift = g.op('Unsqueeze', [g.op('Cast', [positions], { to: { int: 1 } }), g.ints([1])]);
    const sum = g.op('Add', [x, shift]);
    return g.model(g.op('ReduceLogSumExp', [sum, g.ints([1])], { keepdims: { int: 1 } }), 8);
  }

  test.each([
    [14, 26, /IR version 14 was lowered to 13:/],
    [13, 27, /ai\.onnx 27 was lowered to 26:/],
    [14, 28, /IR version 14 was lowered to 13, ai\.onnx 28 was lowered to 26:/],
  ])('IR version %i with ai.onnx %i', async (ir, opset, said) => {
    const model = versioned(exported(), ir, opset);
    await expect(InferenceSession.create(model)).rejects.toThrow(/IR version|opset/i);
    const { model: lowered, remarks } = lower(model);
    expect(remarks).toEqual([expect.stringMatching(said)]);
    await expect(InferenceSession.create(lowered)).resolves.toBeDefined();
    expect(lowered).toEqual(versioned(exported(), Math.min(ir, 13), 26));
  });

  test('a model that the runtime loads stays as it is, byte for byte', () => {
    const { model, remarks } = lower(table);
    expect(model).toBe(table);
    expect(remarks).toEqual([]);
  });

  test('functions import their own versions', () => {
    const body = bytes(MODEL.functions.number, [
      bytes(FUNCTION.name.number, 'f'),
      bytes(FUNCTION.domain.number, 'local'),
      bytes(FUNCTION.opset_import.number, [int(OPSET.version.number, 28)]),
    ]);
    const { model } = lower(Buffer.concat([table, body]));
    const found = readModel(model, 'm').children(MODEL.functions)[0]!;
    expect(found.child(FUNCTION.opset_import)!.number(OPSET.version)).toBe(26);
  });
});

const python = pythonWith('onnx');
const CHANGED = `
import json, onnx, onnx.defs as d
names = sorted({s.name for s in d.get_all_schemas_with_history() if s.domain == '' and s.since_version > 26})
print(json.dumps([onnx.__version__, onnx.defs.onnx_opset_version(), names]))
`;

/** Operators that changed after version 26, as the header of lower.ts lists them. */
const LISTED = [
  ...['BitShift', 'Cast', 'CausalConvWithState', 'Celu', 'Compress', 'DepthToSpace'],
  ...['DequantizeLinear', 'Einsum', 'LinearAttention', 'Mod', 'OneHot', 'Optional'],
  ...['OptionalGetElement', 'OptionalHasElement', 'QuantizeLinear', 'Range', 'ReduceLogSum'],
  ...['ReduceLogSumExp', 'ReverseSequence', 'SpaceToDepth', 'SwiGLU', 'Unique'],
];

test.runIf(python)('the operators that an installed onnx changed after 26 are those listed', () => {
  const { stdout } = spawnSync(python!, ['-c', CHANGED], { encoding: 'utf8' });
  const [, newest, names] = JSON.parse(stdout) as [string, number, string[]];
  const known = names.filter((name) => !LISTED.includes(name));
  // A later onnx knows later versions, which are refused.
  expect(newest > 28 ? [] : known).toEqual([]);
  if (newest === 28) expect(names).toEqual(LISTED);
});
