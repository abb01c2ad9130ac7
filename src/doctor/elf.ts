/**
 * Dependencies of a shared library (64-bit ELF, little-endian), read without loading it.
 *
 * Field offsets are those of the System V ABI, chapters 4 and 5.
 */

import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { inputError } from '../errors.js';

export interface ElfFacts {
  /** Machine number: 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  readonly soname: string | null;
  /** Sonames of the libraries that the loader brings along, in order (DT_NEEDED). */
  readonly needed: readonly string[];
  /** Whether the table of dynamic names holds this one. */
  readonly names: (name: string) => boolean;
}

const SEGMENT = { load: 1, dynamic: 2 } as const;
const TAG = { needed: 1n, stringTable: 5n, stringSize: 10n, soname: 14n } as const;
/** No dynamic section or string table of a real library comes near this. */
const TABLE_BYTES_MAX = 64 * 2 ** 20;

/** @throws BpbError (input) where the file is no such library. */
export function readElf(path: string): ElfFacts {
  const refuse = (actual: string) =>
    inputError('BPB_NOT_A_LIBRARY', {
      message: 'The file is no shared library for 64-bit Linux.',
      path,
      expected: 'an ELF file, 64-bit, little-endian, with a dynamic section',
      actual,
    });
  const size = statSync(path).size;
  const file = openSync(path, 'r');
  try {
    const read = (offset: number, bytes: number): Buffer => {
      if (bytes > TABLE_BYTES_MAX || offset + bytes > size) throw refuse('a table beyond its end');
      const buffer = Buffer.alloc(bytes);
      readSync(file, buffer, 0, bytes, offset);
      return buffer;
    };
    if (size < 64) throw refuse(`${size} bytes`);
    const header = read(0, 64);
    if (header.toString('latin1', 0, 4) !== '\x7fELF') throw refuse('another format');
    if (header[4] !== 2 || header[5] !== 1) throw refuse('ELF of another width or byte order');
    const segments = readSegments(header, read);
    const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
    if (dynamic === undefined)
      throw refuse('no dynamic section: an object file or a static program');
    const entries = readDynamic(read(dynamic.offset, dynamic.bytes));
    const value = (tag: bigint) => entries.find(([found]) => found === tag)?.[1];
    const address = value(TAG.stringTable);
    const load = segments.find(
      (s) =>
        s.type === SEGMENT.load &&
        address !== undefined &&
        address >= s.address &&
        address < s.address + BigInt(s.bytes),
    );
    if (address === undefined || load === undefined) throw refuse('no table of names');
    const at = load.offset + Number(address - load.address);
    const strings = read(at, Number(value(TAG.stringSize) ?? 0n));
    const text = (offset: bigint) => {
      const start = Number(offset);
      const end = strings.indexOf(0, start);
      return strings.toString('utf8', start, end < 0 ? undefined : end);
    };
    const soname = value(TAG.soname);
    return {
      machine: header.readUInt16LE(18),
      soname: soname === undefined ? null : text(soname),
      needed: entries.filter(([tag]) => tag === TAG.needed).map(([, offset]) => text(offset)),
      names: (name) => strings.includes(`\0${name}\0`),
    };
  } finally {
    closeSync(file);
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly bytes: number;
}

function readSegments(header: Buffer, read: (offset: number, bytes: number) => Buffer): Segment[] {
  const entry = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  if (entry < 56) return [];
  const table = read(Number(header.readBigUInt64LE(32)), entry * count);
  return Array.from({ length: count }, (_, i) => ({
    type: table.readUInt32LE(i * entry),
    offset: Number(table.readBigUInt64LE(i * entry + 8)),
    address: table.readBigUInt64LE(i * entry + 16),
    bytes: Number(table.readBigUInt64LE(i * entry + 32)),
  }));
}

/** Tags and values up to the end mark. */
function readDynamic(bytes: Buffer): (readonly [tag: bigint, value: bigint])[] {
  const entries: (readonly [bigint, bigint])[] = [];
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const tag = bytes.readBigInt64LE(at);
    if (tag === 0n) break;
    entries.push([tag, bytes.readBigUInt64LE(at + 8)]);
  }
  return entries;
}

/** The CUDA version that a library was built for, by the runtime or BLAS it needs; null if neither. */
export function cudaMajor(needed: readonly string[]): number | null {
  for (const name of needed) {
    const major = /^lib(?:cudart|cublas|cublasLt)\.so\.(\d+)/.exec(name)?.[1];
    if (major !== undefined) return Number(major);
  }
  return null;
}
