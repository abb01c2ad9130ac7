/**
 * Packs a script into one line that unpacks and executes it, as submissions are made small.
 *
 * LZMA2 is written in uncompressed chunks (https://tukaani.org/xz/xz-file-format.txt, and the
 * LZMA2 chunk headers of XZ Embedded, https://github.com/tukaani-project/xz-embedded): streams
 * that any decoder reads, without a compressor.
 */
import { crc32, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';

const BASE85 =
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';
const CHUNK = 1 << 16;

const PACKERS = {
  'zlib, base64': (source: Buffer) =>
    `import zlib,base64\nexec(zlib.decompress(base64.b64decode("${deflateSync(source).toString('base64')}")))`,
  'zlib, base85': (source: Buffer) =>
    `import zlib as z,base64 as b\nexec(z.decompress(b.b85decode(b"${base85(deflateSync(source))}")).decode())`,
  'raw deflate, base85': (source: Buffer) =>
    `import base64,zlib\ncode=zlib.decompress(base64.b85decode("${base85(deflateRawSync(source))}"),wbits=-15)\nexec(compile(code,"train_gpt.py","exec"))`,
  'gzip, base64': (source: Buffer) =>
    `from gzip import decompress\nfrom base64 import b64decode as d\nexec(decompress(d('${gzipSync(source).toString('base64')}')))`,
  'xz, base85': (source: Buffer) =>
    `import lzma as L,base64 as B\nexec(L.decompress(B.b85decode("${base85(xz(source))}")))`,
  'raw LZMA2, base85': (source: Buffer) =>
    `import lzma as L,base64 as B\nexec(L.decompress(B.b85decode("${base85(lzma2(source))}"),format=L.FORMAT_RAW,filters=[{"id":L.FILTER_LZMA2}]))`,
};

export type Packing = keyof typeof PACKERS;
export const PACKINGS = Object.keys(PACKERS) as Packing[];

/** The first packing is the innermost layer. */
export function packed(source: string, ...packings: Packing[]): string {
  return packings.reduce((text, packing) => `${PACKERS[packing](Buffer.from(text))}\n`, source);
}

/** Python's `base64.b85encode`. */
function base85(bytes: Buffer): string {
  const padding = (4 - (bytes.length % 4)) % 4;
  const padded = Buffer.concat([bytes, Buffer.alloc(padding)]);
  let text = '';
  for (let at = 0; at < padded.length; at += 4) {
    let value = padded.readUInt32BE(at);
    let group = '';
    for (let k = 0; k < 5; k++) {
      group = BASE85[value % 85] + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text.slice(0, text.length - padding);
}

function lzma2(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const data = bytes.subarray(at, at + CHUNK);
    // 1: uncompressed, the dictionary begins anew; 2: uncompressed; then the size less one.
    const header = Buffer.from([at === 0 ? 1 : 2, (data.length - 1) >> 8, (data.length - 1) & 255]);
    parts.push(header, data);
  }
  return Buffer.concat([...parts, Buffer.from([0])]);
}

/** One block with the filter LZMA2 and no check. */
function xz(bytes: Buffer): Buffer {
  const flags = Buffer.from([0, 0]);
  const blockHeader = withCrc(Buffer.from([2, 0, 0x21, 1, 22, 0, 0, 0]));
  const data = lzma2(bytes);
  const unpadded = blockHeader.length + data.length;
  const index = withCrc(
    aligned(Buffer.from([0, 1, ...multibyte(unpadded), ...multibyte(bytes.length)])),
  );
  const backward = Buffer.alloc(4);
  backward.writeUInt32LE(index.length / 4 - 1);
  const tail = Buffer.concat([backward, flags]);
  return Buffer.concat([
    Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, ...flags]),
    checksum(flags),
    blockHeader,
    aligned(data),
    index,
    checksum(tail),
    tail,
    Buffer.from('YZ'),
  ]);
}

function aligned(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function checksum(bytes: Buffer): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(crc32(bytes));
  return out;
}

function withCrc(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, checksum(bytes)]);
}

/** Seven bits a byte, least significant first. */
function multibyte(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...multibyte(Math.floor(value / 128))];
}
