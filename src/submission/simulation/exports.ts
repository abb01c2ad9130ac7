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
    counted: inside.every(({ data }) => isCounted(data)),
    sidecar: sidecars.length === 0 ? null : sidecars.flat(),
  };
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const isHeaded = (view: DataView): boolean =>
  view.byteLength >= SHARD_HEADER_BYTES && view.getInt32(0, true) === SHARD_MAGIC;

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new DataView(buffer, byteOffset, byteLength);

function isCounted(data: Uint8Array): boolean {
  const view = viewOf(data);
  return !isHeaded(view) || view.getInt32(8, true) * 2 === data.length - SHARD_HEADER_BYTES;
}

/** Numbers of two bytes, behind the header where there is one. */
function valuesOf(data: Uint8Array): number[] {
  const view = viewOf(data);
  const values: number[] = [];
  for (let at = isHeaded(view) ? SHARD_HEADER_BYTES : 0; at + 1 < data.length; at += 2) {
    values.push(view.getUint16(at, true));
  }
  return values;
}
