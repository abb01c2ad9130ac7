/**
 * The 16-bit floating point that a model computes in, by its graph and not by the type of its logits.
 */
import { coarsest, type Half, halfOf } from '../onnx/halves.js';
import type { Artifact } from './load.js';

type Model = Pick<Artifact['model'], 'graph' | 'logits'>;

/** What a model's activations are rounded to on their way; null where all of them are wider. */
export function computedHalf({ graph }: Model): Half | null {
  return coarsest(graph.activations.halved.map(({ type }) => type));
}

/** What a model's logits are stored in, where that has 16 bits. */
export function logitsHalf({ graph, logits }: Model): Half | null {
  return halfOf(graph.outputs.find(({ name }) => name === logits)?.elementType);
}
