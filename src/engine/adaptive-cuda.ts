/**
 * Stateful engine on a GPU: the native engine on the CUDA provider. State and logits stay in device
 * memory; per-token losses, sums and flags are copied back.
 */
import type { AdaptiveEngine, AdaptiveOptions } from './adaptive.js';
import { openAdaptiveOn } from './adaptive-native.js';
import { CUDA_DEFAULTS, cudaHost } from './cuda/host.js';
import { checkOptions } from './signature.js';

/**
 * Opens both graphs on a GPU, with their axes open: the first steps of a document have less context
 * and the last fewer targets.
 *
 * @throws BpbError as openOnnxCuda, naming the graph at fault
 */
export async function openAdaptiveCuda(options: AdaptiveOptions): Promise<AdaptiveEngine> {
  checkOptions(options);
  const cuda = options.cuda ?? CUDA_DEFAULTS;
  const graphs = options.adaptive.adapt === null ? 1 : 2;
  return openAdaptiveOn(cudaHost(options, { ...cuda, sessions: cuda.sessions * graphs }), options);
}
