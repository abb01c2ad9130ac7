/** Long streams for benchmarks, as shards. */
import { join } from 'node:path';
import { writeShard } from '../../dist/data/shards.js';

/** Few enough that writing them costs the process little memory. */
const SHARD_TOKENS = 4_000_000;

/**
 * Writes shards of `tokens` tokens into a folder.
 *
 * @param at gives the id at a position of the stream
 */
export async function writeShards(folder, tokens, at) {
  for (let from = 0, shard = 0; from < tokens; from += SHARD_TOKENS, shard++) {
    const ids = new Uint16Array(Math.min(SHARD_TOKENS, tokens - from));
    for (let i = 0; i < ids.length; i++) ids[i] = at(from + i);
    await writeShard(join(folder, `fineweb_val_${String(shard).padStart(6, '0')}.bin`), ids);
  }
}
