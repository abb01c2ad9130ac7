/**
 * Sizes of a script, brought down to the small set: its rows, strides and batches in the same proportions.
 */

/** Rows and strides: 1,024 tokens become 32, and a stride of 64 becomes 2. */
export const LENGTH_SCALE = 32;
/** Where another scale is needed, the longest row has at most so many tokens, */
const ROW_MAX = 128;
/** and the shortest stride, if that leaves it, at least so many. */
const STRIDE_MIN = 4;
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
 * @param scale by which lengths and batches are divided; 1: they stay as the script states them
 */
export function smallSetting(
  name: string,
  value: number,
  vocabulary: number,
  scale = LENGTH_SCALE,
): number {
  if (!Number.isInteger(value) || value <= 0) return value;
  const word = words(name);
  if (VOCABULARY.test(word) && !NO_VOCABULARY.test(word)) return vocabulary;
  if (COUNT_OF_STEPS.test(word) && !/accum/.test(word)) return Math.min(value, STEPS);
  if (WIDTH.test(word)) return value < WIDTH_MIN ? value : Math.round(value / WIDTH_SCALE);
  if (scale === 1) return value;
  if (BATCH.test(word) && !/chunk|stride/.test(word)) return batch(word, value, scale);
  return isLength(word, value) ? scaled(value, scale) : value;
}

function isLength(word: string, value: number): boolean {
  if (value >= TOTAL_MIN || COUNT.test(word)) return false;
  return LENGTH.test(word) || (/tokens?$/.test(word) && !/max|limit|total/.test(word));
}

/** What is below the usual scale stays; with another one the lengths keep their proportions. */
function scaled(value: number, scale: number): number {
  if (scale === LENGTH_SCALE && value < scale) return value;
  return Math.max(1, Math.round(value / scale));
}

/** A batch in tokens, or in rows. */
function batch(word: string, value: number, scale: number): number {
  if (/batches|every|num_/.test(word)) return value;
  if (value >= 4096 || /tokens/.test(word)) {
    return Math.max(1, Math.round(value / scale / ROWS_SCALE));
  }
  return value >= 2 * ROWS_SCALE ? Math.round(value / ROWS_SCALE) : value;
}

/**
 * The scale for a script with these settings. The usual one makes rows of 64 shorter than a stride of 8, which stays,
 * and chunks of 40 single tokens: then it is a smaller one.
 *
 * @param settings numbers that the script states, by name
 */
export function scaleFor(settings: ReadonlyMap<string, number>): number {
  const lengths = [...settings].flatMap(([name, value]) => {
    const word = words(name);
    const other = BATCH.test(word) || VOCABULARY.test(word) || COUNT_OF_STEPS.test(word);
    return Number.isInteger(value) && value >= STRIDE_MIN && !other && isLength(word, value)
      ? [value]
      : [];
  });
  const usual = (value: number) => scaled(value, LENGTH_SCALE);
  const lost = lengths.some(
    (a) =>
      (a >= LENGTH_SCALE && usual(a) < 2) || lengths.some((b) => a < b && usual(a) >= usual(b)),
  );
  if (!lost) return LENGTH_SCALE;
  const least = 2 ** Math.ceil(Math.log2(Math.max(...lengths) / ROW_MAX));
  const wanted = 2 ** Math.floor(Math.log2(Math.min(...lengths) / STRIDE_MIN));
  return Math.min(LENGTH_SCALE, Math.max(1, least, wanted));
}
