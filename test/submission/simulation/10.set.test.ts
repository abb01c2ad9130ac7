/**
 * The small validation set: its kinds of tokens, its bytes, its sizes.
 */
import { describe, expect, test } from 'vitest';
import { smallSet } from '#bpb/submission/simulation/set';
import { scaleFor, smallSetting } from '#bpb/submission/simulation/settings';
import type { SmallSet } from '#bpb/submission/simulation/types';

const MARK = '▁';

/** The challenge's rule (openai/parameter-golf train_gpt.py L180-204, L265-270), written down once more. */
function bytesOf({ pieces, ids }: SmallSet, i: number): number {
  const { piece, type } = pieces[ids[i]!]!;
  if (i === 0 || type === 'control' || type === 'unknown' || type === 'unused') return 0;
  if (type === 'byte') return 1;
  const before = pieces[ids[i - 1]!]!.type;
  const follows = before !== 'control' && before !== 'unknown' && before !== 'unused';
  const marked = piece.startsWith(MARK);
  const rest = Buffer.byteLength(marked ? piece.slice(1) : piece, 'utf8');
  return rest + (marked && follows ? 1 : 0);
}

function kind({ pieces, ids }: SmallSet, i: number): string {
  const { piece, type } = pieces[ids[i]!]!;
  if (ids[i] === 1) return 'bos';
  if (type !== 'normal') return type;
  if (piece === MARK) return 'lone mark';
  return piece.startsWith(MARK) ? 'marked' : 'plain';
}

describe('the small set', () => {
  const set = smallSet(3056);

  test('has every kind of token after every kind, and no piece twice', () => {
    const seen = new Set<string>();
    for (let i = 1; i < set.ids.length; i++) seen.add(`${kind(set, i - 1)} ${kind(set, i)}`);
    const text = [
      'byte',
      'user_defined',
      'unused',
      'unknown',
      'control',
      'lone mark',
      'marked',
      'plain',
    ];
    const missing = ['bos', ...text].flatMap((before) =>
      text.filter((after) => !seen.has(`${before} ${after}`)).map((after) => `${before} ${after}`),
    );
    expect(missing).toEqual([]);
    expect(new Set(set.pieces.map(({ piece }) => piece)).size).toBe(set.pieces.length);
    expect(new Set(set.ids.filter((id) => set.pieces[id]!.type === 'byte')).size).toBe(256);
  });

  test('has the bytes of the rule, and documents that begin with BOS', () => {
    expect(set.bytes).toEqual(set.ids.map((_, i) => bytesOf(set, i)));
    expect(set.starts).toEqual(set.ids.flatMap((id, i) => (id === 1 ? [i] : [])));
  });

  test.each([3056, 5275])('of %i tokens ends in a part of a row, and no rank has as many', (n) => {
    for (const length of [32, 64, 128]) {
      expect((n - 1) % length).toBeGreaterThan(0);
      expect(Math.floor((n - 1) / length) % 8).toBeGreaterThan(0);
    }
    expect(smallSet(n).ids).toHaveLength(n);
  });

  test('with case operators counts what the sidecar says, which is less than the table', () => {
    const cased = smallSet(3056, 'operators');
    expect(cased.bytes).toBe(cased.sidecar);
    const byTable = cased.ids.reduce((sum, _, i) => sum + bytesOf(cased, i), 0);
    const bySidecar = cased.bytes.reduce((sum, bytes) => sum + bytes, 0);
    expect(byTable - bySidecar).toBeGreaterThan(0.01 * byTable);
  });

  test('of bytes has one byte for each id from 4 on', () => {
    const bytes = smallSet(3056, 'bytes');
    expect(bytes.pieces).toHaveLength(260);
    expect(bytes.bytes.slice(1)).toEqual(bytes.ids.slice(1).map((id) => (id >= 4 ? 1 : 0)));
  });
});

describe('sizes of a script', () => {
  test.each([
    ['TRAIN_SEQ_LEN', 1024, 32],
    ['eval_seq_len', 2048, 64],
    ['evalSeqLen', 2048, 64],
    ['--max-seq-len', 4096, 128],
    ['block_size', 1024, 32],
    ['EVAL_STRIDE', 64, 2],
    ['stride', 16, 16],
    ['ttt_chunk_tokens', 32768, 1024],
    ['VAL_BATCH_SIZE', 524288, 2048],
    ['val_batch_tokens', 131072, 512],
    ['batch_seqs', 32, 4],
    ['VOCAB_SIZE', 1024, 331],
    ['vocab_size', 8192, 331],
    ['ITERATIONS', 20000, 2],
    ['MODEL_DIM', 512, 32],
  ])('%s = %i is %i', (name, value, small) => {
    expect(smallSetting(name, value, 331)).toBe(small);
  });

  test.each([
    ['bigram_vocab_size', 2048],
    ['num_heads', 8],
    ['head_dim', 64],
    ['grad_accum_steps', 8],
    ['max_batches', 500],
    ['VAL_MAX_TOKENS', 500_000],
    ['VAL_TOKENS', 62_021_846],
    ['val_loss_every', 1000],
    ['seq_len', 8],
    ['seq_len', 0],
    ['seq_len', -1],
    ['lr', 0.04],
  ])('%s = %f stays', (name, value) => {
    expect(smallSetting(name, value, 331)).toBe(value);
  });
});

describe('the scale of lengths', () => {
  test.each<[Record<string, number>, number]>([
    [{ seq_len: 1024, stride: 64 }, 32],
    [{ seq_len: 2048, EVAL_STRIDE: 256, VAL_BATCH_SIZE: 524_288 }, 32],
    [{ seq_len: 1024 }, 32],
    [{}, 32],
    // Rows of 2 tokens would be shorter than a stride of 8.
    [{ CTX: 64, HOP: 8 }, 2],
    [{ seq_len: 512, stride: 16 }, 4],
    // Chunks of single tokens.
    [{ TTT_CHUNK: 40, EVAL_SEQ_LEN: 1024 }, 8],
    // Rows stay short, whatever becomes of the stride.
    [{ seq_len: 4096, stride: 16 }, 32],
    // Numbers of heads, of steps and of rows are no lengths.
    [{ seq_len: 1024, num_heads: 8, batch_seqs: 32, iterations: 40 }, 32],
  ])('%o: %i', (settings, scale) => {
    expect(scaleFor(new Map(Object.entries(settings)))).toBe(scale);
  });

  test('with another scale than the usual one the lengths keep their proportions', () => {
    const small = (name: string, value: number) => smallSetting(name, value, 331, 2);
    expect([small('CTX', 64), small('HOP', 8), small('batch_tokens', 8192)]).toEqual([32, 4, 512]);
    expect(smallSetting('seq_len', 64, 331, 1)).toBe(64);
  });
});
