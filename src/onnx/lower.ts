/**
 * Versions of a model lowered to those that ONNX Runtime 1.30 loads, where nothing newer is used.
 *
 * onnxruntime 1.30.0 loads IR versions up to 13 and ai.onnx up to version 26 (both found by trying).
 * `onnx.helper.make_model` of onnx 1.23 writes 14 and 28, whatever the graph is made of. What changed
 * between, by onnx.proto and `onnx.defs.get_all_schemas_with_history()` of onnx 1.23.2:
 * - IR version 14 adds the element types 27 and 28 (FLOAT6E2M3, FLOAT6E3M2) and nothing else.
 * - ai.onnx 27 and 28 add the three operators of `NEW`, redefine Mod for fractions, and give Range and
 *   SpaceToDepth an attribute. BitShift, Cast, Celu, Compress, DequantizeLinear, Einsum, OneHot,
 *   Optional, OptionalGetElement, OptionalHasElement, QuantizeLinear, Range, ReverseSequence and Unique
 *   take more element types, ReduceLogSum and ReduceLogSumExp fewer, DepthToSpace is as it was: for the
 *   types that both versions have they compute the same, and the runtime refuses the others.
 */
import { inputError } from '../errors.js';
import { bytes, type Chunk, int } from '../protobuf/encode.js';
import type { Message } from '../protobuf/message.js';
import { domainOf } from './check-names.js';
import { nodesBelow, readModel } from './reader.js';
import { ATTRIBUTE, FUNCTION, MODEL, NODE, OPSET, TENSOR_TYPE } from './schema.js';
import type { OnnxSummary } from './summary.js';

/** Of onnxruntime 1.30.0. */
const RUNTIME = { ir: 13, opset: 26 } as const;
/** Of onnx 1.23.2: what changed in later ones is not known here. */
const KNOWN = { ir: 14, opset: 28 } as const;

const NEW = new Set(['CausalConvWithState', 'LinearAttention', 'SwiGLU']);
const REDEFINED = new Set(['Mod']);
/** Attributes that versions 27 and 28 gave to older operators. */
const NEW_ATTRIBUTES: Readonly<Record<string, string>> = {
  Range: 'stash_type',
  SpaceToDepth: 'mode',
};
const NEW_TYPES = [27, 28];
/** Attributes that hold an element type. */
const TYPE_ATTRIBUTES = new Set(['to', 'dtype', 'output_dtype']);

interface Lowered {
  readonly model: Uint8Array;
  /** What was lowered, for the result; empty where nothing had to be. */
  readonly remarks: readonly string[];
}

/**
 * The model with versions that the runtime has; as it is where they are low enough.
 *
 * @param summary of the model
 * @throws BPB_MODEL_LOAD, naming what needs the newer version
 */
export function lowerVersions(file: Uint8Array, path: string, summary: OnnxSummary): Lowered {
  const { irVersion: ir, opsets, functions } = summary;
  const low = ir <= RUNTIME.ir && (opsets.get('') ?? 0) <= RUNTIME.opset;
  if (low && functions.length === 0) return { model: file, remarks: [] };
  const model = readModel(file, path);
  const imports = importsOf(model);
  const opset = Math.max(0, ...imports.map((each) => each.integer(OPSET.version)));
  if (ir <= RUNTIME.ir && opset <= RUNTIME.opset) return { model: file, remarks: [] };
  const inTheWay = [
    ...(ir > RUNTIME.ir ? newInFormat(model, ir) : []),
    ...(opset > RUNTIME.opset ? newInOperators(model, opset) : []),
  ];
  if (inTheWay.length > 0) throw tooNew(path, ir, opset, inTheWay);
  const remarks = [
    ...(ir > RUNTIME.ir ? [`IR version ${ir} was lowered to ${RUNTIME.ir}`] : []),
    ...(opset > RUNTIME.opset ? [`ai.onnx ${opset} was lowered to ${RUNTIME.opset}`] : []),
  ];
  const said = `the model's ${remarks.join(', ')}: nothing in it needs the newer version`;
  return { model: new Uint8Array(Buffer.concat(rewrite(model))), remarks: [said] };
}

/** Imports of ai.onnx, of the model and its functions. */
function importsOf(model: Message): Message[] {
  const functions = model.children(MODEL.functions);
  const all = [
    ...model.children(MODEL.opset_import),
    ...functions.flatMap((body) => body.children(FUNCTION.opset_import)),
  ];
  return all.filter((each) => domainOf(each, OPSET.domain) === '');
}

function newInFormat(model: Message, ir: number): string[] {
  if (ir > KNOWN.ir) return [`IR version ${ir}`];
  for (const message of model.walk()) {
    const isType = message.type.name === 'TypeProto.Tensor';
    const type = isType ? message.number(TENSOR_TYPE.elem_type) : typeAttribute(message);
    if (NEW_TYPES.includes(type)) return [`the element type ${type}`];
  }
  return [];
}

/** The element type that an attribute holds, else 0. */
function typeAttribute(message: Message): number {
  if (message.type.name !== 'AttributeProto') return 0;
  return TYPE_ATTRIBUTES.has(message.string(ATTRIBUTE.name)) ? message.number(ATTRIBUTE.i) : 0;
}

function newInOperators(model: Message, opset: number): string[] {
  if (opset > KNOWN.opset) return [`ai.onnx ${opset}`];
  const bodies = [model.child(MODEL.graph)!, ...model.children(MODEL.functions)];
  const found = new Set<string>();
  for (const node of bodies.flatMap((body) => [...nodesBelow(body)])) {
    if (domainOf(node, NODE.domain) !== '') continue;
    const op = node.string(NODE.op_type);
    if (NEW.has(op)) found.add(`${op}, which older versions do not have`);
    if (REDEFINED.has(op)) found.add(`${op}, which older versions define otherwise`);
    const added = NEW_ATTRIBUTES[op];
    const names = node.children(NODE.attribute).map((each) => each.string(ATTRIBUTE.name));
    if (added !== undefined && names.includes(added)) found.add(`${op} with \`${added}\``);
  }
  return [...found];
}

function rewrite(model: Message): Chunk[] {
  return model.rewritten(({ type, message }) => {
    if (type === MODEL.ir_version) {
      const version = Math.min(model.integer(MODEL.ir_version), RUNTIME.ir);
      return [int(type.number, version)];
    }
    if (type === MODEL.opset_import) return lowerImport(type.number, message!);
    if (type !== MODEL.functions) return null;
    const body = message!.rewritten((field) =>
      field.type === FUNCTION.opset_import ? lowerImport(field.type.number, field.message!) : null,
    );
    return [bytes(type.number, body)];
  });
}

function lowerImport(field: number, opset: Message): Chunk[] | null {
  const version = opset.integer(OPSET.version);
  if (domainOf(opset, OPSET.domain) !== '' || version <= RUNTIME.opset) return null;
  const rest = opset.rewritten(({ type }) =>
    type === OPSET.version ? [int(type.number, RUNTIME.opset)] : null,
  );
  return [bytes(field, rest)];
}

function tooNew(path: string, ir: number, opset: number, inTheWay: readonly string[]) {
  return inputError('BPB_MODEL_LOAD', {
    message: 'The model is of a newer version than ONNX Runtime loads.',
    path,
    expected: `IR version ${RUNTIME.ir} or older, ai.onnx ${RUNTIME.opset} or older`,
    actual: `IR version ${ir}, ai.onnx ${opset}; it cannot be lowered for ${inTheWay.join('; ')}`,
    hint:
      `set ir_version to ${RUNTIME.ir} and opset <= ${RUNTIME.opset}: onnx.helper.make_model(graph, ` +
      `ir_version=${RUNTIME.ir}, opset_imports=[onnx.helper.make_opsetid('', ${RUNTIME.opset})]), or ` +
      `torch.onnx.export(..., opset_version=${RUNTIME.opset})`,
  });
}
