/**
 * Reader of shard files (tokens or byte sidecars) into one shared uint16 array, hashed in one pass.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { inputError } from '../errors.js';
import { parseShardHeader, SHARD_HEADER_BYTES } from './shard-header.js';
import type { ShardInfo } from './types.js';

/** Bytes read and hashed at a time. */
const CHUNK = 8 << 20;

interface Entries {
  /** All entries in file order, in memory that workers share. */
  readonly values: Uint16Array<SharedArrayBuffer>;
  readonly files: readonly ShardInfo[];
}

interface Opened {
  path: string;
  handle: FileHandle;
  head: Uint8Array;
  count: number;
}

async function openEntries(path: string): Promise<Opened> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (cause) {
    throw inputError('BPB_DATA_MISSING', {
      message: 'The file cannot be opened.',
      path,
      expected: 'a readable shard',
      actual: cause instanceof Error ? cause.message : String(cause),
      hint: 'Check the path and its permissions.',
      cause,
    });
  }
  try {
    const { size } = await handle.stat();
    const head = new Uint8Array(Math.min(size, SHARD_HEADER_BYTES));
    await fill(handle, head, 0, path);
    return { path, handle, head, count: parseShardHeader(path, head, size) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads exactly `into.length` bytes from `position`; a file that shrank meanwhile is refused. */
async function fill(handle: FileHandle, into: Uint8Array, position: number, path: string) {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) {
      throw inputError('BPB_SHARD_FORMAT', {
        message: 'The shard became shorter while it was read.',
        path,
        expected: `${into.length} bytes at ${position}`,
        actual: `${done} bytes`,
        hint: 'Let the download or export finish first.',
      });
    }
    done += bytesRead;
  }
}

/**
 * Reads files of the shard format whole: 2 bytes of memory an entry and no other.
 *
 * Bytes go from the file straight into the shared array, and are hashed there. Entries are little
 * endian in the file and taken as the machine's own: every platform of Node.js 20 that this runs on
 * is little endian.
 */
export async function readEntries(paths: readonly string[]): Promise<Entries> {
  const opened: Opened[] = [];
  try {
    for (const path of paths) opened.push(await openEntries(path));
    const total = opened.reduce((sum, file) => sum + file.count, 0);
    const values = new Uint16Array(new SharedArrayBuffer(2 * total));
    const files: ShardInfo[] = [];
    let at = 0;
    for (const { path, handle, head, count } of opened) {
      const hash = createHash('sha256').update(head);
      for (let done = 0; done < 2 * count; done += CHUNK) {
        const length = Math.min(CHUNK, 2 * count - done);
        const part = new Uint8Array(values.buffer, 2 * at + done, length);
        await fill(handle, part, SHARD_HEADER_BYTES + done, path);
        hash.update(part);
      }
      files.push({ file: path, tokens: count, sha256: hash.digest('hex') });
      at += count;
    }
    return { values, files };
  } finally {
    await Promise.all(opened.map(({ handle }) => handle.close()));
  }
}
