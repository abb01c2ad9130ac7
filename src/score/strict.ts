/**
 * `--strict`: the probes before the score, on the artifact as it is.
 */
import { anyFailed, probeAll } from '../probes/all.js';
import type { ProbeVerdict } from '../probes/types.js';
import type { Prepared } from './prepare.js';

/** Verdicts of the fast probes; null where none were asked for. */
export async function strictVerdicts(
  { options, artifact, tokenizer, data, setup, parallel, batchTokens }: Prepared,
  seed: number,
): Promise<ProbeVerdict[] | null> {
  if (!options.strict) return null;
  const { verdicts } = await probeAll({
    artifact,
    tokenizer,
    stream: data.stream,
    setup: {
      adaptive: setup.adaptive,
      engine: setup.engine,
      // How wide the logits are is for a probe to find out.
      options: {
        ...setup.options,
        graph: { ...setup.options.graph, minVocabulary: undefined },
      },
      window: setup.window,
      batchTokens,
    },
    workers: parallel.workers,
    seed,
    thorough: false,
    signal: options.signal,
    onProgress: options.onProgress,
  });
  return verdicts;
}

/** Whether a probe forbids a headline. */
export function refused(probes: readonly ProbeVerdict[] | null): boolean {
  return probes !== null && anyFailed(probes);
}
