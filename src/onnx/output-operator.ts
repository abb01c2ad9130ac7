/**
 * The operator whose result an output of a graph is, behind what moves or casts it.
 */
import { OnnxGraph } from './graph.js';

const MOVES = /^(Identity|Cast|CastLike|Reshape|Squeeze|Unsqueeze|Flatten|Transpose)$/;

/** Its type, such as `Softmax`; null where the output is an input or a constant. */
export function outputOperator(model: Uint8Array, path: string, output: string): string | null {
  const makers = new Map(
    OnnxGraph.parse(model, path).nodes.flatMap((node) =>
      node.outputs.map((name) => [name, node] as const),
    ),
  );
  let maker = makers.get(output);
  // A graph has no cycles: a runtime refuses one. Each maker is left at most once here.
  while (maker !== undefined && MOVES.test(maker.op)) {
    makers.delete(maker.outputs[0]!);
    const before = makers.get(maker.inputs[0] ?? '');
    if (before === undefined) return null;
    maker = before;
  }
  return maker?.op ?? null;
}
