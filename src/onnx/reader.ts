/**
 * The one reader of ONNX files: a tree of every message, refused where it has two readings.
 *
 * The summary, the editable graph, the constants and the rewrites are all made from this tree, so what
 * is checked is what is scored. Weights are views of the file, never copied.
 */
import { type Message, readMessage } from '../protobuf/message.js';
import { ambiguous } from './ambiguous.js';
import { checkAttribute, checkAttributeNames, checkConstant } from './check-attribute.js';
import { checkFunctionNames, checkFunctions, checkGraphNames, checkOpsets } from './check-names.js';
import { checkTensor } from './check-tensor.js';
import { readPort } from './port.js';
import { FUNCTION, MODEL, NODE, SCHEMA } from './schema.js';

/** Subgraphs inside subgraphs beyond this are refused: runtimes recurse on them. */
const MAX_DEPTH = 32;

/** Identifier of ONNX Runtime's flatbuffers: a file that has it is run as one, whatever else it is. */
const ORT_FORMAT = 'ORTM';

/** What each message is checked for before it is known to have one reading. */
const CHECKS: Readonly<Record<string, (message: Message) => unknown>> = {
  TensorProto: checkTensor,
  AttributeProto: checkAttribute,
  NodeProto: (node) => {
    checkAttributeNames(node, NODE.attribute);
    checkConstant(node);
    // Decoded here too, so that a name of invalid UTF-8 is refused before anything depends on it.
    for (const field of [NODE.input, NODE.name, NODE.op_type, NODE.domain]) node.strings(field);
  },
  ValueInfoProto: readPort,
  GraphProto: (graph) => {
    checkDepth(graph);
    checkGraphNames(graph);
  },
  FunctionProto: (body) => {
    checkAttributeNames(body, FUNCTION.attribute_proto);
    checkOpsets(body, FUNCTION.opset_import);
    checkFunctionNames(body);
  },
};

/** Trees by the bytes that they view, which nothing changes: one load asks for the same tree many times. */
const READ = new WeakMap<Uint8Array, Message>();

/**
 * Gives the ModelProto of a file; `schema.ts` names its fields.
 *
 * @throws BPB_MODEL_NOT_ONNX, naming the field's path and the byte at which it stops being one
 */
export function readModel(bytes: Uint8Array, path: string): Message {
  const known = READ.get(bytes);
  if (known !== undefined) return known;
  const source = { path, code: 'BPB_MODEL_NOT_ONNX', what: 'an ONNX model' } as const;
  const model = readMessage(bytes, SCHEMA.get('ModelProto')!, SCHEMA, source);
  if (String.fromCharCode(...bytes.subarray(4, 8)) === ORT_FORMAT) {
    throw ambiguous(
      model,
      `\`${ORT_FORMAT}\`, which marks ONNX Runtime's own format, in bytes 4 to 7`,
    );
  }
  if (!model.has(MODEL.graph)) throw model.refuse('no graph');
  checkFields(model);
  checkOpsets(model, MODEL.opset_import);
  checkFunctions(model);
  for (const message of model.walk()) CHECKS[message.type.name]?.(message);
  READ.set(bytes, model);
  return model;
}

/**
 * A newer runtime may read what is a field without a name here. None of the releases 1.10 to 1.23 of onnx has
 * a field that the schema lacks.
 */
function checkFields(model: Message): void {
  const [unknown] = model.unknown();
  if (unknown === undefined) return;
  throw model.refuse(
    `the field ${unknown}, which onnx.proto up to IR version 14 does not have,`,
    "Remove it: import onnx; m = onnx.load('model.onnx'); m.DiscardUnknownFields(); onnx.save(m, 'known.onnx')",
  );
}

function checkDepth(graph: Message): void {
  let depth = 0;
  for (let at = graph.holder; at !== null; at = at.holder) {
    if (at.type.fields === graph.type.fields) depth++;
  }
  if (depth > MAX_DEPTH) throw graph.refuse(`subgraphs nested deeper than ${MAX_DEPTH}`);
}

/** The nodes of a graph or a function, subgraphs in their attributes included, in file order. */
export function* nodesBelow(body: Message): Generator<Message> {
  for (const message of body.walk()) {
    if (message.type === SCHEMA.get('NodeProto')) yield message;
  }
}
