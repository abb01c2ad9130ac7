/**
 * Reader of zip archives, such as Python wheels: names, and files extracted and checked.
 *
 * Stored and deflated entries of archives below 4 GiB; all else is refused. Offsets are those of
 * PKWARE's APPNOTE, 4.3.
 */

import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { type BpbError, inputError } from '../errors.js';

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  /** Of the entry's own header. */
  readonly offset: number;
}

const END_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;
const METHOD = { stored: 0, deflated: 8 } as const;

function refuse(path: string, actual: string): BpbError {
  return inputError('BPB_ZIP', {
    message: 'The archive cannot be read.',
    path,
    expected: 'a zip file (a wheel is one), whole and below 4 GiB',
    actual,
    hint: 'Check that it was downloaded whole.',
  });
}

function readAt(path: string, offset: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  const file = openSync(path, 'r');
  try {
    if (offset < 0 || readSync(file, buffer, 0, bytes, offset) < bytes) {
      throw refuse(path, 'a part beyond its end');
    }
    return buffer;
  } finally {
    closeSync(file);
  }
}

/** All entries by the directory at the archive's end. @throws BpbError (input) */
export function readZip(path: string): ZipEntry[] {
  const size = statSync(path).size;
  const tail = readAt(
    path,
    Math.max(0, size - END_BYTES - COMMENT_BYTES_MAX),
    Math.min(size, END_BYTES + COMMENT_BYTES_MAX),
  );
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end + END_BYTES > tail.length) throw refuse(path, 'no directory at its end');
  const count = tail.readUInt16LE(end + 10);
  const bytes = tail.readUInt32LE(end + 12);
  const offset = tail.readUInt32LE(end + 16);
  if (count === 0xffff || offset === 0xffffffff) throw refuse(path, 'a zip64 archive');
  const directory = readAt(path, offset, bytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes || directory.readUInt32LE(at) !== 0x02014b50) {
      throw refuse(path, 'a damaged directory');
    }
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, nameEnd),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at = nameEnd + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** Offset of an entry's packed bytes. */
function dataOffset(path: string, entry: ZipEntry): number {
  const header = readAt(path, entry.offset, 30);
  if (header.readUInt32LE(0) !== 0x04034b50) throw refuse(path, `a damaged entry ${entry.name}`);
  return entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

function checkMethod(path: string, entry: ZipEntry): void {
  if (entry.method === METHOD.stored || entry.method === METHOD.deflated) return;
  throw refuse(path, `compression method ${entry.method} for ${entry.name}`);
}

/** A small text file of the archive. */
export function readZipText(path: string, entry: ZipEntry): string {
  checkMethod(path, entry);
  const packed = readAt(path, dataOffset(path, entry), entry.packedBytes);
  const limit = { maxOutputLength: Math.max(1, entry.bytes) };
  try {
    const bytes = entry.method === METHOD.stored ? packed : inflateRawSync(packed, limit);
    if (crc32(bytes) === entry.crc) return bytes.toString('utf8');
  } catch {
    // Refused below, as a wrong sum is.
  }
  throw refuse(path, `a damaged entry ${entry.name}`);
}

/**
 * Writes an entry to the file `to`, and checks its length and sum.
 *
 * @returns its sha256
 */
export async function extractZip(path: string, entry: ZipEntry, to: string): Promise<string> {
  checkMethod(path, entry);
  const start = dataOffset(path, entry);
  const sha256 = createHash('sha256');
  let crc = 0;
  let bytes = 0;
  const check = new Transform({
    transform(chunk: Buffer, _, done) {
      crc = crc32(chunk, crc);
      bytes += chunk.length;
      sha256.update(chunk);
      done(bytes > entry.bytes ? new Error('longer than it says') : null, chunk);
    },
  });
  const packed = createReadStream(path, {
    start,
    end: Math.max(start, start + entry.packedBytes - 1),
  });
  try {
    if (entry.method === METHOD.stored) await pipeline(packed, check, createWriteStream(to));
    else await pipeline(packed, createInflateRaw(), check, createWriteStream(to));
  } catch (error) {
    throw refuse(path, `${entry.name}: ${(error as Error).message}`);
  }
  if (bytes !== entry.bytes || crc !== entry.crc)
    throw refuse(path, `a damaged entry ${entry.name}`);
  return sha256.digest('hex');
}
