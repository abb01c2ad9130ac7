/**
 * The 1,024-byte header of a shard.
 *
 * 256 int32, little endian: [0] magic 20240520, [1] version 1, [2] tokens, the rest 0; then one
 * uint16 a token (openai/parameter-golf train_gpt.py L429-443).
 */
import { type BpbError, inputError } from '../errors.js';
import { foreignShard } from './foreign-shards.js';

export const SHARD_MAGIC = 20240520;
const SHARD_VERSION = 1;
/** Length of the header in bytes. */
export const SHARD_HEADER_BYTES = 1024;
/** Most tokens that the exporter puts in one file. */
export const SHARD_MAX_TOKENS = 100_000_000;

function refuse(
  path: string,
  message: string,
  expected: string,
  actual: string,
  hint?: string | null,
): BpbError {
  return inputError('BPB_SHARD_FORMAT', {
    message,
    path,
    expected,
    actual,
    hint:
      hint ?? 'Download or export the shard again; it is 1,024 header bytes, then 2 bytes a token.',
  });
}

/**
 * Checks a shard's header against the file's size and gives its number of entries.
 *
 * @param head the first bytes of the file, up to 1,024
 * @param size of the whole file, in bytes
 */
export function parseShardHeader(path: string, head: Uint8Array, size: number): number {
  const whole = 'a shard: 1,024 header bytes, then uint16 tokens';
  if (size === 0) throw refuse(path, 'The shard is empty.', whole, '0 bytes');
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const magic = head.length >= 4 ? view.getInt32(0, true) : Number.NaN;
  if (magic !== SHARD_MAGIC) {
    const guess = foreignShard(path, head, size);
    throw refuse(
      path,
      `This is not a token shard${guess === null ? '' : `: it looks like ${guess.name}`}.`,
      `magic number ${SHARD_MAGIC} in the first four bytes`,
      guess?.name ?? (Number.isNaN(magic) ? `${size} bytes` : `magic number ${magic}`),
      guess?.hint,
    );
  }
  if (size < SHARD_HEADER_BYTES) {
    throw refuse(path, 'The shard ends inside its header.', whole, `${size} bytes`);
  }
  const version = view.getInt32(4, true);
  if (version !== SHARD_VERSION) {
    throw refuse(
      path,
      'The shard has an unknown version.',
      `version ${SHARD_VERSION}`,
      `version ${version}`,
    );
  }
  const count = view.getInt32(8, true);
  const body = size - SHARD_HEADER_BYTES;
  if (count < 0)
    throw refuse(path, 'The shard claims a negative count.', 'a count ≥ 1', `${count}`);
  if (body % 2 === 1) {
    throw refuse(
      path,
      'The shard ends in the middle of a token.',
      `${SHARD_HEADER_BYTES + 2 * count} bytes`,
      `${size} bytes`,
    );
  }
  if (body !== 2 * count) {
    const problem = body < 2 * count ? 'is cut short' : 'has bytes after its last token';
    throw refuse(
      path,
      `The shard ${problem}: its header says ${count} tokens, the file holds ${body / 2}.`,
      `${SHARD_HEADER_BYTES + 2 * count} bytes`,
      `${size} bytes`,
    );
  }
  if (count === 0) {
    throw refuse(
      path,
      'The shard holds no tokens, only a header.',
      'at least one token',
      '0 tokens',
    );
  }
  return count;
}

/** The header of a shard of `count` entries. */
export function shardHeader(count: number): Uint8Array {
  const words = new DataView(new ArrayBuffer(SHARD_HEADER_BYTES));
  words.setInt32(0, SHARD_MAGIC, true);
  words.setInt32(4, SHARD_VERSION, true);
  words.setInt32(8, count, true);
  return new Uint8Array(words.buffer);
}
