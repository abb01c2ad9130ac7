/**
 * Nodes that round activations to a few bits, as the device that runs them does.
 */
import type { NamedNode } from '../onnx/activations.js';
import { readSummary } from '../onnx/summary.js';
import type { Artifact } from './load.js';

/** The CUDA provider's has no accuracy level and computes in the type of its input. */
const EXACT_ON_GPU = 'MatMulNBits';

/** Of the model, and of its adapt graph, whose state the next logits rest on. */
export function roundingNodes(
  { model, adaptive }: Pick<Artifact, 'model' | 'adaptive'>,
  onGpu: boolean,
): readonly NamedNode[] {
  const adapt = adaptive?.adapt ?? null;
  const inAdapt = adapt === null ? [] : readSummary(adapt.bytes, adapt.path).activations.rounded;
  const all = [...model.graph.activations.rounded, ...inAdapt];
  return onGpu ? all.filter(({ op }) => op !== EXACT_ON_GPU) : all;
}
