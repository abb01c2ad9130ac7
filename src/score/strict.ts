/**
 * `--strict`: the fast probes of the artifact before its score.
 */
import type { ModelEvaluation } from '../evaluation/open.js';
import type { ScoreOptions } from '../evaluation/options.js';
import type { SessionSpec } from '../evaluation/session-options.js';
import { probeAll } from '../probes/all.js';
import type { ProbeVerdict } from '../verdict.js';

/**
 * @param spec of the score's own sessions
 * @param batchTokens of the score's batches
 */
export async function strictVerdicts(
  { artifact, tokenizer, data, placement }: ModelEvaluation,
  { options, ...spec }: SessionSpec,
  batchTokens: number,
  seed: number,
  { signal, onProgress }: Pick<ScoreOptions, 'signal' | 'onProgress'>,
): Promise<ProbeVerdict[]> {
  // How wide the logits are is for a probe to find out.
  const graph = { ...options.graph, minVocabulary: undefined };
  const { verdicts } = await probeAll({
    artifact,
    tokenizer,
    stream: data?.stream ?? null,
    setup: { ...spec, options: { ...options, graph }, batchTokens },
    workers: placement.workers,
    seed,
    thorough: false,
    signal,
    onProgress,
  });
  return verdicts;
}
