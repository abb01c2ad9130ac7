/**
 * Byte sidecars: bytes of the published text for each token of the stream.
 *
 * `fineweb_val_bytes_*.bin` has the shard format; entry `i` holds the bytes of target `i`, 0 at BOS.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inputError } from '../errors.js';
import { isSidecarName } from './find-shards.js';
import { readEntries } from './read-entries.js';
import type { ShardInfo, TokenStream } from './types.js';

export interface Sidecar {
  /** `bytes[i]` belongs to target `i`; as long as the token stream. */
  readonly bytes: Uint16Array<SharedArrayBuffer>;
  readonly files: readonly ShardInfo[];
}

/** The sidecars in `directory` (by default the shards' own), in name order; empty when there are none. */
export function findSidecars(
  shards: readonly string[],
  split = 'val',
  directory = dirname(shards[0] ?? '.'),
): string[] {
  const prefix = `fineweb_${split}_bytes_`;
  const names = readdirSync(directory).filter((n) => n.startsWith(prefix) && isSidecarName(n));
  return names.sort().map((name) => join(directory, name));
}

/** Reads the sidecars of `stream`; another total length, or bytes at a BOS, are refused. */
export async function readSidecars(
  files: readonly string[],
  stream: TokenStream,
): Promise<Sidecar> {
  const { values: bytes, files: infos } = await readEntries(files);
  const { ids, documentStarts, startId } = stream;
  if (bytes.length !== ids.length) {
    const difference = Math.abs(bytes.length - ids.length);
    throw inputError('BPB_SIDECAR_LENGTH', {
      message: `The byte sidecar is ${difference} entries ${bytes.length < ids.length ? 'shorter' : 'longer'} than the tokens.`,
      path: files.join(', '),
      expected: `${ids.length} entries, one a token`,
      actual: `${bytes.length} entries`,
      hint: 'Use the sidecar that was exported with these very shards.',
    });
  }
  for (const start of documentStarts) {
    if (ids[start] !== startId || bytes[start] === 0) continue;
    throw inputError('BPB_SIDECAR_BOS', {
      message: `The byte sidecar counts ${bytes[start]} bytes for the BOS at token ${start}.`,
      path: files.join(', '),
      expected: '0 at every BOS',
      actual: `${bytes[start]} at token ${start}`,
      hint: 'The sidecar is shifted against the tokens, or belongs to other tokens.',
    });
  }
  return { bytes, files: infos };
}
