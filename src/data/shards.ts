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
        message: `Token ${i - start} of the shard has the id ${ids[i]}, which the tokenizer does not have. ${largerVocabulary(ids)}`,
        path: shard.file,
        expected: `ids below ${vocabulary}`,
        actual: `id ${ids[i]} at token ${i - start} (byte ${1024 + 2 * (i - start)})`,
        hint: 'Use the tokenizer that made these shards, and check that this is no byte sidecar.',
      });
    }
    start = end;
  }
}

/** Sizes by which a vocabulary is known, ascending. */
const KNOWN_VOCABULARIES: readonly (readonly [size: number, name: string])[] = [
  [1024, "a SentencePiece tokenizer's of the challenge"],
  [2048, "a SentencePiece tokenizer's of the challenge"],
  [4096, "a SentencePiece tokenizer's of the challenge"],
  [8192, "a SentencePiece tokenizer's of the challenge"],
  [32_000, "Llama 2's or Mistral's"],
  [32_100, "T5's"],
  [50_257, "GPT-2's"],
  [50_277, "GPT-NeoX's"],
];

/** What the largest id says of the tokenizer that made the shards. */
function largerVocabulary(ids: TokenIds): string {
  let largest = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i]! > largest) largest = ids[i]!;
  const least = largest + 1;
  const known = KNOWN_VOCABULARIES.find(([size]) => size >= least);
  // A few ids may not occur; a much larger vocabulary would be a guess.
  const named =
    known === undefined || known[0] > 1.01 * least + 16 ? '' : `, such as ${known[1]} ${known[0]}`;
  return `The shards were made with a larger vocabulary: their largest id is ${largest}, so it has ${least} ids or more${named}.`;
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
