/**
 * A raw LZMA2 stream, put into an `.xz` container so that a decoder of `.xz` reads it.
 *
 * Layout: https://tukaani.org/xz/xz-file-format.txt, sections 2.1 (stream header and footer), 3.1
 * (block header), 4 (index) and 5.3.1 (LZMA2). There is no integrity check, as in the raw stream.
 */
import { crc32 } from 'node:zlib';

/**
 * Size of dictionary that the header asks for, 4 MiB: no distance is longer than the text, and no
 * text of that size is taken.
 */
const DICTIONARY = 20;
const CHECK_NONE = 0;
const LZMA2 = 0x21;

/**
 * @param raw LZMA2 chunks with their end marker
 * @returns null where the chunks do not follow the format
 */
export function xzContainer(raw: Buffer): Buffer | null {
  const sizes = lzma2Sizes(raw);
  if (sizes === null) return null;
  const flags = Buffer.from([0, CHECK_NONE]);
  const header = Buffer.concat([Buffer.from('\xfd7zXZ\0', 'latin1'), flags, checksum(flags)]);
  // Eight bytes and their checksum: the size byte counts words of four bytes, less one.
  const block = Buffer.from([2, 0, LZMA2, 1, DICTIONARY, 0, 0, 0]);
  const blockHeader = Buffer.concat([block, checksum(block)]);
  const data = raw.subarray(0, sizes.packed);
  const record = [...variable(blockHeader.length + data.length), ...variable(sizes.unpacked)];
  const index = padded(Buffer.from([0, 1, ...record]));
  const backward = Buffer.alloc(4);
  backward.writeUInt32LE((index.length + 4) / 4 - 1);
  const tail = Buffer.concat([backward, flags]);
  return Buffer.concat([
    header,
    blockHeader,
    padded(data),
    index,
    checksum(index),
    checksum(tail),
    tail,
    Buffer.from('YZ', 'latin1'),
  ]);
}

/** Bytes of the stream up to its end marker, and of what it unpacks to. */
function lzma2Sizes(raw: Buffer): { packed: number; unpacked: number } | null {
  let at = 0;
  let unpacked = 0;
  while (at < raw.length) {
    const control = raw[at]!;
    if (control === 0) return { packed: at + 1, unpacked };
    const compressed = control >= 0x80;
    if (!compressed && control > 2) return null;
    // An uncompressed chunk has one size; a compressed one two, and properties where they change.
    const head = compressed ? (control >= 0xc0 ? 6 : 5) : 3;
    if (at + head > raw.length) return null;
    const size = raw.readUInt16BE(at + 1) + 1;
    unpacked += compressed ? size + ((control & 0x1f) << 16) : size;
    at += head + (compressed ? raw.readUInt16BE(at + 3) + 1 : size);
  }
  return null;
}

function checksum(data: Buffer): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(crc32(data));
  return bytes;
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function variable(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
