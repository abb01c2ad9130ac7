/**
 * Hash by which a ledger names its token stream.
 */
import { createHash } from 'node:crypto';
import type { TokenIds } from '../data/types.js';

/** Ids hashed at once: a stream of 16-bit ids is widened block by block. */
const BLOCK = 1 << 20;

/** sha256 of the ids as uint32, little-endian. */
export function streamSha256(ids: TokenIds): string {
  const sha256 = createHash('sha256');
  const block = new Uint32Array(Math.min(BLOCK, ids.length));
  for (let at = 0; at < ids.length; at += BLOCK) {
    const part = ids.subarray(at, at + BLOCK);
    block.set(part);
    sha256.update(new Uint8Array(block.buffer, 0, part.length * 4));
  }
  return sha256.digest('hex');
}
