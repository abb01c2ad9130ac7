/**
 * What is timed: graphs as models/train exports them, and token streams of their vocabularies.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTokenizer, writeTokens } from './data.mjs';

/**
 * Sizes by name; Config in make_models.py holds the rest. A run has `chunkBatches` or about
 * `slidingBatches` batches of `batchTokens` input tokens.
 */
export const SHAPES = {
  'baseline-9x512': {
    vocabulary: 1024,
    seqLen: 1024,
    batchTokens: 65_536,
    chunkBatches: 96,
    slidingBatches: 92,
  },
  'wide-11x512': {
    vocabulary: 8192,
    seqLen: 1024,
    batchTokens: 65_536,
    chunkBatches: 64,
    slidingBatches: 60,
  },
  'tiny-2x64': {
    vocabulary: 512,
    seqLen: 128,
    batchTokens: 2048,
    chunkBatches: 2,
    slidingBatches: 2,
  },
};

/** Targets a sliding row scores after the first. */
export const STRIDE = 64;

/** Completes the folder that make_models.py began; returns the artifact's directory. */
export function artifact(folder, shape) {
  const directory = join(folder, shape);
  writeTokenizer(join(directory, 'tokenizer.model'), SHAPES[shape].vocabulary);
  const manifest = {
    format: 'bpb-artifact/1',
    name: shape,
    model: { path: 'model.onnx.xz', tokens: 'input_ids', logits: 'logits', softcap: null },
    tokenizer: { kind: 'sentencepiece', path: 'tokenizer.model' },
    counted: ['model.onnx.xz'],
  };
  writeFileSync(join(directory, 'artifact.json'), `${JSON.stringify(manifest)}\n`);
  return directory;
}

/** Tokens of a stream that fills about `batches` batches of this window: whole rows without a tail. */
export function streamTokens(shape, window, batches) {
  const { seqLen, batchTokens } = SHAPES[shape];
  const rows = (batches * batchTokens) / seqLen;
  const chunks = window === 'chunk' ? rows : 1 + Math.floor(((rows - 1) * STRIDE) / seqLen);
  return chunks * seqLen + 1;
}

/** The shard of a shape and window, written where it is not there yet; `batches` by default the shape's. */
export async function shard(folder, shape, window, batches = SHAPES[shape][`${window}Batches`]) {
  const tokens = streamTokens(shape, window, batches);
  const name = `fineweb_val_${shape}-${window}-${tokens}_000000`;
  const path = join(folder, 'tokens', `${name}.bin`);
  if (existsSync(path)) return path;
  return await writeTokens(join(folder, 'tokens'), name, tokens, SHAPES[shape].vocabulary);
}
