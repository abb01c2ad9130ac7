/**
 * Search for validation documents in training shards, by the hash of their ids, in one pass.
 *
 * Memory is that of the validation documents (some 100 bytes each) and one part of a shard, however
 * many training shards there are.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { documentSpan } from '../bytes/spans.js';
import { IdsHash } from '../data/ids-hash.js';
import { parseShardHeader, SHARD_HEADER_BYTES } from '../data/shard-header.js';
import { findShards } from '../data/shards.js';
import type { ShardInfo, TokenStream } from '../data/types.js';
import { inputError } from '../errors.js';
import { newTally, note, type Tally } from './collect.js';

export interface OverlapFacts {
  readonly shards: ShardInfo[];
  /** Training documents read. */
  documents: number;
  /** Validation documents too long to match by chance, and those also in the training shards. */
  compared: number;
  readonly shared: Tally & { tokens: number };
}

/** Shorter documents (a title, a refusal of a web server) are in every crawl more than once. */
export const MIN_TOKENS = 16;

function hashValidation(stream: TokenStream): Map<string, number[]> {
  const byHash = new Map<string, number[]>();
  const hash = new IdsHash();
  for (let k = 0; k < stream.documentStarts.length; k++) {
    const { textFrom, textTo } = documentSpan(stream, k);
    if (textTo - textFrom < MIN_TOKENS) continue;
    for (let i = textFrom; i < textTo; i++) hash.add(stream.ids[i]!);
    const key = hash.take();
    const same = byHash.get(key);
    if (same === undefined) byHash.set(key, [k]);
    else same.push(k);
  }
  return byHash;
}

const PART = 8 << 20;

const shrank = (path: string) =>
  inputError('BPB_SHARD_FORMAT', {
    message: 'The shard became shorter while it was read.',
    path,
    expected: 'a file that stays as it is',
    actual: 'an end before its last token',
    hint: 'Let the download or export finish first.',
  });

/** Yields a shard's tokens part by part; gives its facts at the end. */
async function* readParts(path: string): AsyncGenerator<Uint16Array, ShardInfo> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const head = new Uint8Array(Math.min(size, SHARD_HEADER_BYTES));
    await handle.read(head, 0, head.length, 0);
    const tokens = parseShardHeader(path, head, size);
    const sha256 = createHash('sha256').update(head);
    const part = new Uint8Array(Math.min(PART, 2 * tokens));
    for (let done = 0; done < 2 * tokens; ) {
      const want = Math.min(part.length, 2 * tokens - done);
      let got = 0;
      while (got < want) {
        const at = SHARD_HEADER_BYTES + done + got;
        const { bytesRead } = await handle.read(part, got, want - got, at);
        if (bytesRead === 0) throw shrank(path);
        got += bytesRead;
      }
      sha256.update(part.subarray(0, got));
      yield new Uint16Array(part.buffer, 0, got / 2);
      done += got;
    }
    return { file: path, tokens, sha256: sha256.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** @param onProgress called after each part with the training tokens so far */
export async function findOverlap(
  stream: TokenStream,
  startId: number,
  trainData: readonly string[],
  onProgress: (tokens: number) => void,
): Promise<OverlapFacts> {
  const files = findShards(trainData.length === 1 ? trainData[0]! : trainData, 'train');
  const byHash = hashValidation(stream);
  const compared = [...byHash.values()].reduce((sum, same) => sum + same.length, 0);
  const shared = { ...newTally(), tokens: 0 };
  const facts: OverlapFacts = { shards: [], documents: 0, compared, shared };
  const hash = new IdsHash();
  let inDocument = false;
  let tokens = 0;
  const end = (): void => {
    if (inDocument) facts.documents++;
    const { length } = hash;
    const key = hash.take();
    for (const k of byHash.get(key) ?? []) {
      note(shared, k);
      shared.tokens += length;
    }
    // Found once is found: a second copy in the training data changes nothing.
    byHash.delete(key);
  };
  for (const file of files) {
    const parts = readParts(file);
    for (let part = await parts.next(); ; part = await parts.next()) {
      if (part.done === true) {
        facts.shards.push(part.value);
        break;
      }
      for (const id of part.value) {
        if (id === startId) {
          end();
          inDocument = true;
        } else {
          hash.add(id);
          inDocument = true;
        }
      }
      tokens += part.value.length;
      onProgress(tokens);
    }
  }
  end();
  return facts;
}
