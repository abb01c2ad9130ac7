/**
 * Shards that a script wrote: the tokens of the validation set, and the bytes of each beside them.
 */
import { SHARD_HEADER_BYTES, SHARD_MAGIC } from '../../data/shard-header.js';
import type { ShardFile } from './files.js';
import type { Exported } from './types.js';

/** Of the folder with the most tokens; null where no shard was written whose contents are known. */
export function exportedIn(files: readonly ShardFile[]): Exported | null {
  const tokens = files.filter(({ role }) => role === 'tokens');
  const last = tokens.at(-1);
  if (last === undefined || last.at === null) return null;
  const folder = folderOf(last.path);
  const inside = files.filter(({ path }) => folderOf(path) === folder);
  if (inside.some(({ unknown }) => unknown)) return null;
  const of = (role: ShardFile['role']) =>
    inside
      .filter((file) => file.role === role)
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ data }) => valuesOf(data));
  const [shards, sidecars] = [of('tokens'), of('sidecar')];
  return {
    at: last.at,
    tokens: shards.flat(),
    shard: Math.max(...shards.map(({ length }) => length)),
    sidecar: sidecars.length === 0 ? null : sidecars.flat(),
  };
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** Numbers of two bytes, behind the header where there is one. */
function valuesOf(data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const headed = data.length >= SHARD_HEADER_BYTES && view.getInt32(0, true) === SHARD_MAGIC;
  const values: number[] = [];
  for (let at = headed ? SHARD_HEADER_BYTES : 0; at + 1 < data.length; at += 2) {
    values.push(view.getUint16(at, true));
  }
  return values;
}
