/**
 * Ways in which the reference implementation runs a model, the most independent of the run first.
 */
import type { EngineOptions } from '../engine/types.js';
import { withExactProducts } from '../onnx/exact-products.js';
import { perturbed } from '../onnx/perturbed.js';
import { withWidenedLogits } from '../onnx/widened-logits.js';
import type { WorkerSetup } from '../run/messages.js';

export interface Route {
  readonly options: EngineOptions;
  /** What is not as usual, for the result. */
  readonly note: string | null;
}

interface Asked {
  readonly setup: WorkerSetup;
  /** Whether the graph rounds activations. */
  readonly rounded: boolean;
  /** Whether a GPU ran it. */
  readonly onGpu: boolean;
}

/**
 * - Graph optimization off. Where a GPU ran a graph that rounds activations, without the rounding of
 *   MatMulNBits: the CUDA provider's has no accuracy level and computes in the type of its input.
 * - With the optimization that the run used, where ONNX Runtime does not load the graph without: a cast
 *   of fp16 to fp16, as its own converter writes it, ends in an error of types that optimization removes.
 * - Only so, where the CPU ran a graph that rounds activations: fused or not, sums differ in their last
 *   place, and now and then a whole step of the rounding follows.
 */
export function routesOf({ setup, rounded, onGpu }: Asked): Route[] {
  const { options, note } = readable(setup.options);
  return waysToRun(options, rounded, onGpu).map((route) => ({
    ...route,
    note: [route.note, note].filter((part) => part !== null).join('; ') || null,
  }));
}

/** The JavaScript API has no bf16: logits in it are cast in the graph. */
function readable(options: EngineOptions): Route {
  const { graph } = options;
  const widened = withWidenedLogits(graph.model, graph.path, graph.logits);
  if (widened === null) return { options, note: null };
  return { options: { ...options, graph: { ...graph, ...widened } }, note: BF16_NOTE };
}

const BF16_NOTE = 'bf16 logits are cast to fp32 in the graph, which the JavaScript API can read';

function waysToRun(options: EngineOptions, rounded: boolean, onGpu: boolean): Route[] {
  if (rounded && !onGpu) {
    const note = 'with the same graph optimization, because the graph rounds activations';
    return [{ options: optimizing(options, true), note }];
  }
  const { graph } = options;
  const exact = rounded ? { ...graph, model: withExactProducts(graph.model, graph.path) } : graph;
  const plain = optimizing({ ...options, graph: exact }, false);
  const changed = exact.model.byteLength !== graph.model.byteLength;
  return [
    { options: plain, note: changed ? 'without the rounding of MatMulNBits, as on a GPU' : null },
    {
      options: optimizing(options, true),
      note: 'with the same graph optimization, because the graph does not run without it',
    },
  ];
}

/** The same way with another right computation of the same graph, which differs from it by chance alone. */
export function perturbedRoute({ options }: Route): Route {
  const { graph } = options;
  return {
    options: { ...options, graph: { ...graph, model: perturbed(graph.model, graph.path) } },
    note: null,
  };
}

function optimizing(options: EngineOptions, optimize: boolean): EngineOptions {
  return { ...options, runtime: { ...options.runtime, optimize } };
}
