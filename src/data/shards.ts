/**
 * Token shards: read into one token stream, and written.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { inputError, usageError } from '../errors.js';
import { documentStartsOf } from './document-starts.js';
import { readEntries } from './read-entries.js';
import { SHARD_MAX_TOKENS, shardHeader } from './shard-header.js';
import type { ShardInfo, TokenIds, TokenStream } from './types.js';

export { findShards } from './find-shards.js';

interface ShardOptions {
  /** Size of the tokenizer's vocabulary: an id at or beyond it is refused. */
  readonly vocabulary: number;
  /** The id before each document; null where all is one document. */
  readonly startId: number | null;
}

interface ShardData {
  readonly stream: TokenStream;
  readonly shards: readonly ShardInfo[];
}

function refuseForeignIds(ids: TokenIds, shards: readonly ShardInfo[], vocabulary: number): void {
  let start = 0;
  for (const shard of shards) {
    const end = start + shard.tokens;
    for (let i = start; i < end; i++) {
      if (ids[i]! < vocabulary) continue;
      throw inputError('BPB_TOKEN_ID', {
        message: `Token ${i - start} of the shard has the id ${ids[i]}, which the tokenizer does not have.`,
        path: shard.file,
        expected: `ids below ${vocabulary}`,
        actual: `id ${ids[i]} at token ${i - start} (byte ${1024 + 2 * (i - start)})`,
        hint: 'Use the tokenizer that made these shards, and check that this is no byte sidecar.',
      });
    }
    start = end;
  }
}

/** Reads shards whole, in the order given; 2 bytes of memory a token. */
export async function readShards(
  files: readonly string[],
  { vocabulary, startId }: ShardOptions,
): Promise<ShardData> {
  const { values, files: shards } = await readEntries(files);
  refuseForeignIds(values, shards, vocabulary);
  const documentStarts = documentStartsOf(values, startId);
  return { stream: { ids: values, documentStarts, startId }, shards };
}

/** Writes one shard of at most 100,000,000 uint16 entries (tokens, or byte counts of a sidecar). */
export async function writeShard(path: string, values: ArrayLike<number>): Promise<ShardInfo> {
  const count = values.length;
  if (count < 1 || count > SHARD_MAX_TOKENS) {
    throw usageError('BPB_SHARD_SIZE', {
      message: 'A shard holds between one and 100,000,000 tokens.',
      path,
      expected: `1 to ${SHARD_MAX_TOKENS} tokens`,
      actual: `${count}`,
      hint: 'Split the stream over several files.',
    });
  }
  const body = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    body[i] = value;
    if (body[i] === value) continue;
    throw usageError('BPB_SHARD_VALUE', {
      message: `Entry ${i} does not fit in 16 bits, which is what a shard has.`,
      path,
      expected: 'whole numbers from 0 to 65,535',
      actual: `${value}`,
      hint: 'A vocabulary of more than 65,536 ids cannot be written as shards.',
    });
  }
  const bytes = Buffer.concat([shardHeader(count), new Uint8Array(body.buffer)]);
  await writeFile(path, bytes);
  return { file: path, tokens: count, sha256: createHash('sha256').update(bytes).digest('hex') };
}
