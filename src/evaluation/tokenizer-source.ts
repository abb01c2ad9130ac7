/**
 * Which tokenizer a run reads with: the one that is asked for, else the artifact's own.
 */
import type { Artifact } from '../artifact/load.js';
import { usageError } from '../errors.js';
import type { ScoreOptions } from './options.js';

/** @throws BPB_USAGE_TOKENIZER where neither the options nor the artifact name one */
export function tokenizerSource(
  options: Pick<ScoreOptions, 'tokenizer'>,
  artifact: Artifact,
): string {
  if (options.tokenizer !== undefined) return options.tokenizer;
  if (artifact.tokenizer?.kind === 'byte260') return 'byte260';
  if (artifact.tokenizer !== null) return artifact.tokenizer.path;
  throw usageError('BPB_USAGE_TOKENIZER', {
    message: 'a bare model does not say which tokenizer it speaks',
    path: '--tokenizer',
    expected: 'a SentencePiece .model, or byte260',
    actual: 'none',
  });
}
