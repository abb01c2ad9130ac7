/**
 * Shapes of what operators of this project's own give, declared in the graph.
 *
 * A runtime infers no shape behind an operator that it does not know, and then leaves an exporter's arithmetic on
 * shapes to be run, which the CUDA provider does on the CPU.
 */
import { OnnxGraph } from '../graph.js';
import { DOMAIN } from './own-operators.js';
import { Workspace } from './workspace.js';

/** Declares what is known of them, in the place of all that was declared before. */
export function declareOwnShapes(ws: Workspace): void {
  const { items, nodes } = ws.graph;
  const kept = items.filter((item) => item.kind !== 'value');
  items.splice(0, items.length, ...kept);
  for (const node of nodes) {
    if (node.domain !== DOMAIN) continue;
    for (const name of node.outputs) {
      const { type, dims } = ws.fact(name);
      if (name === '' || type === 0 || dims === null) continue;
      const sizes = dims.map((dim) => dim ?? '?');
      const port = { name, elementType: type, dims: sizes, raw: null };
      if (!ws.isOutput(name)) items.push({ kind: 'value', ...port });
      // A graph's output has a declaration of its own, which may leave the shape out.
      const at = items.findIndex((item) => item.kind === 'output' && item.name === name);
      const output = items[at];
      if (output?.kind === 'output' && output.dims === null)
        items[at] = { kind: 'output', ...port };
    }
  }
}

/**
 * A rewritten model whose inputs' axes were fixed since, with the sizes that follow from them.
 *
 * @throws BPB_MODEL_NOT_ONNX
 */
export function withOwnShapes(model: Uint8Array, path: string): Uint8Array {
  const graph = OnnxGraph.parse(model, path);
  declareOwnShapes(new Workspace(graph));
  return graph.serialize();
}
