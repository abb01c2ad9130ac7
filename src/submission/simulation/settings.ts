/**
 * Sizes of a script, brought down to the small set: its rows, strides and batches in the same proportions.
 */

/** Rows and strides: 1,024 tokens become 32, and a stride of 64 becomes 2. */
export const LENGTH_SCALE = 32;
/** Rows of a batch: 64 rows become 8, so that each rank of eight has more than one batch of the small set. */
const ROWS_SCALE = 8;

const VOCABULARY = /(^|_)(vocab(ulary)?(_size)?|n_?vocab)$/;
const NO_VOCABULARY = /bigram|trigram|ngram|hash|bucket/;
const COUNT_OF_STEPS =
  /(^|_)(iterations|num_steps|max_steps|total_steps|train_steps|n_steps|steps|epochs|iters|num_iterations)$/;
const LENGTH =
  /(seq_?len|seqlen|(^|_)(ctx|context|block_size|n_ctx|window|window_size|stride|chunk|chunk_size|chunk_tokens|chunk_len|seq|length|span|overlap|score_len|prefix_len|max_len|hop|step_size))(gth)?(_tokens|_len|_length|_size|_cap)?$/;
const BATCH = /batch|micro/;
const COUNT = /(^|_)(num|n)_|_batches$|_count$|every|beta|decay|rank|heads/;

/** Widths of a model, in which nothing is computed here: parameters of full size would take the memory of a run. */
const WIDTH =
  /(^|_)(model_dim|d_model|dim|n_embd|embd|embed_dim|embedding_dim|hidden|hidden_size|hidden_dim|d_ff|ffn_dim|mlp_dim|d_inner|width)$/;
const WIDTH_SCALE = 16;
const WIDTH_MIN = 128;

/** As many tokens are no row or window, but those of a set or of a part of it. */
const TOTAL_MIN = 1 << 22;

/** Numbers of steps that a training loop keeps. */
const STEPS = 2;

/** A name in words joined by `_`: `valBatchSize` and `VAL_BATCH_SIZE` are `val_batch_size`. */
function words(name: string): string {
  const spelled = name.replace(/^-+/, '').replace(/-/g, '_');
  return spelled.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/**
 * The number that the run uses where the script binds `value` to `name`.
 *
 * Lengths in tokens keep their proportions, down to a stride of one token; batches in tokens stay whole rows of each
 * rank; loops of training keep two steps, since nothing is learned here. Other numbers stay.
 *
 * @param lengths false: lengths and batches stay as the script states them
 */
export function smallSetting(
  name: string,
  value: number,
  vocabulary: number,
  lengths = true,
): number {
  if (!Number.isInteger(value) || value <= 0) return value;
  const word = words(name);
  if (VOCABULARY.test(word) && !NO_VOCABULARY.test(word)) return vocabulary;
  if (COUNT_OF_STEPS.test(word) && !/accum/.test(word)) return Math.min(value, STEPS);
  if (WIDTH.test(word)) return value < WIDTH_MIN ? value : Math.round(value / WIDTH_SCALE);
  if (!lengths) return value;
  if (BATCH.test(word) && !/chunk|stride/.test(word)) return batch(word, value);
  if (value >= TOTAL_MIN) return value;
  if (/tokens?$/.test(word) && !COUNT.test(word) && !/max|limit|total/.test(word)) {
    return scaled(value);
  }
  if (LENGTH.test(word) && !COUNT.test(word)) return scaled(value);
  return value;
}

function scaled(value: number): number {
  return value < LENGTH_SCALE ? value : Math.max(1, Math.round(value / LENGTH_SCALE));
}

/** A batch in tokens, or in rows. */
function batch(word: string, value: number): number {
  if (/batches|every|num_/.test(word)) return value;
  if (value >= 4096 || /tokens/.test(word))
    return Math.max(1, Math.round(value / LENGTH_SCALE / ROWS_SCALE));
  return value >= 2 * ROWS_SCALE ? Math.round(value / ROWS_SCALE) : value;
}
