/**
 * The 16-bit floating point that a model computes in, by its graph and not by the type of its logits.
 */
import type { HalvedNode } from '../onnx/activations.js';
import { coarsest, type Half, halfOf } from '../onnx/halves.js';
import { readSummary } from '../onnx/summary.js';
import type { Artifact } from './load.js';

type Model = Pick<Artifact['model'], 'graph' | 'logits'>;

/** Nodes that round activations to 16 bits: of the model, and of its adapt graph, whose state the next logits rest on. */
export function halvedNodes({
  model,
  adaptive,
}: Pick<Artifact, 'model' | 'adaptive'>): readonly HalvedNode[] {
  const adapt = adaptive?.adapt ?? null;
  const { halved } = model.graph.activations;
  if (adapt === null) return halved;
  return [...halved, ...readSummary(adapt.bytes, adapt.path).activations.halved];
}

/** What an artifact's activations are rounded to on their way; null where all of them are wider. */
export function computedHalf(artifact: Pick<Artifact, 'model' | 'adaptive'>): Half | null {
  return coarsest(halvedNodes(artifact).map(({ type }) => type));
}

/** What a model's logits are stored in, where that has 16 bits. */
export function logitsHalf({ graph, logits }: Model): Half | null {
  return halfOf(graph.outputs.find(({ name }) => name === logits)?.elementType);
}
