/**
 * The same model with its bf16 logits cast to fp32, which holds all of them: for a reader without bf16.
 */
import { TYPE } from './element-types.js';
import { makeNode, OnnxGraph } from './graph.js';

interface Widened {
  readonly model: Uint8Array;
  /** Name of the output that takes the place of the logits. */
  readonly logits: string;
}

/**
 * @returns null where the logits are not in bf16
 * @throws BPB_MODEL_NOT_ONNX
 */
export function withWidenedLogits(model: Uint8Array, path: string, logits: string): Widened | null {
  const graph = OnnxGraph.parse(model, path);
  const { items } = graph;
  const at = items.findIndex((item) => item.kind === 'output' && item.name === logits);
  const port = items[at];
  if (port?.kind !== 'output' || port.elementType !== TYPE.bfloat16) return null;
  // No name that the file has.
  const all = Buffer.from(model.buffer, model.byteOffset, model.byteLength);
  let name = `${logits}/fp32`;
  while (all.includes(name)) name += '_';
  items[at] = { ...port, name, elementType: TYPE.float32, raw: null };
  items.push(makeNode('Cast', [logits], [name], { to: { int: TYPE.float32 } }));
  return { model: graph.serialize(), logits: name };
}
