/**
 * Decoders of Python's standard library, by name, as packed scripts call them.
 */
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import { Decompress as ZstdStream } from 'fzstd';
import xz from 'xz-decompress';
import { decodeAscii85, decodeBase85 } from './base85.js';
import { decodeLzma1 } from './lzma1.js';
import { xzContainer } from './xz-container.js';

/** Six times the longest published script. */
export const UNPACKED_BYTES_MAX = 2 ** 20;
const LIMIT = { maxOutputLength: UNPACKED_BYTES_MAX };

/** Why packed code cannot be read, as the end of a sentence. */
export class Unreadable extends Error {}

/** A filter of `lzma.decompress(…, filters=[…])`, its values by name. */
export type LzmaFilter = ReadonlyMap<string, number>;

/** What a call gives beside the data. */
export interface DecoderOptions {
  /** `zlib.decompress`'s window bits: negative for a raw stream, above 15 for gzip. */
  readonly wbits: number | null;
  /** `lzma.decompress`'s format, and the filters of a raw stream. */
  readonly format: number | null;
  readonly filters: readonly LzmaFilter[];
}

type Decoder = (data: Buffer, options: DecoderOptions) => Buffer | Promise<Buffer>;

const latin = (data: Buffer) => data.toString('latin1');

export const DECODERS: Readonly<Record<string, Decoder>> = {
  'base64.b85decode': (data) => known(decodeBase85(latin(data)), 'base 85'),
  'base64.a85decode': (data) => known(decodeAscii85(latin(data)), 'ascii 85'),
  'base64.b64decode': base64,
  'base64.standard_b64decode': base64,
  'base64.decodebytes': base64,
  'base64.urlsafe_b64decode': (data) => Buffer.from(latin(data), 'base64url'),
  'base64.b32decode': (data) => base32(latin(data)),
  'base64.b16decode': hex,
  'binascii.a2b_base64': base64,
  'binascii.unhexlify': hex,
  'binascii.a2b_hex': hex,
  'bytes.fromhex': hex,
  'bytearray.fromhex': hex,
  'zlib.decompress': inflate,
  'gzip.decompress': (data) => gunzipSync(data, LIMIT),
  'brotli.decompress': (data) => brotliDecompressSync(data, LIMIT),
  'zstandard.decompress': zstd,
  'zstd.decompress': zstd,
  'pyzstd.decompress': zstd,
  'lzma.decompress': unlzma,
};

/** `codecs.decode(x, NAME)`. */
export const CODECS: Readonly<Record<string, Decoder>> = {
  hex,
  hex_codec: hex,
  base64,
  base64_codec: base64,
  zlib: inflate,
  zlib_codec: inflate,
  rot13: (data) => rot13(data),
  rot_13: (data) => rot13(data),
};

function known(bytes: Buffer | null, name: string): Buffer {
  if (bytes === null) throw new Unreadable(`its ${name} is damaged`);
  return bytes;
}

function base64(data: Buffer): Buffer {
  return Buffer.from(latin(data), 'base64');
}

function hex(data: Buffer): Buffer {
  const text = latin(data).replace(/[\s:_-]/g, '');
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text))
    throw new Unreadable('its hexadecimal digits are damaged');
  return Buffer.from(text, 'hex');
}

function base32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const character of text.replace(/=+$/, '').toUpperCase()) {
    const digit = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(character);
    if (digit === -1) throw new Unreadable('its base 32 is damaged');
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
    }
  }
  return Buffer.from(bytes);
}

function rot13(data: Buffer): Buffer {
  const turned = latin(data).replace(/[a-z]/gi, (letter) => {
    const first = letter <= 'Z' ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - first + 13) % 26) + first);
  });
  return Buffer.from(turned, 'latin1');
}

function inflate(data: Buffer, { wbits }: DecoderOptions): Buffer {
  if (wbits !== null && wbits < 0) return inflateRawSync(data, LIMIT);
  return wbits !== null && wbits > 15 ? gunzipSync(data, LIMIT) : inflateSync(data, LIMIT);
}

function zstd(data: Buffer): Buffer {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const stream = new ZstdStream((chunk) => {
    length += chunk.length;
    if (length > UNPACKED_BYTES_MAX) throw new Unreadable('it unpacks to too much');
    chunks.push(chunk);
  });
  stream.push(data, true);
  return Buffer.concat(chunks, length);
}

/** The values of Python's `lzma` module. */
export const LZMA_CONSTANTS = {
  FORMAT_AUTO: 0,
  FORMAT_XZ: 1,
  FORMAT_ALONE: 2,
  FORMAT_RAW: 3,
  /** 2⁶² + 1; a double holds no more of it. */
  FILTER_LZMA1: 2 ** 62,
  FILTER_LZMA2: 0x21,
  FILTER_DELTA: 3,
  FILTER_X86: 4,
} as const;

/** liblzma's defaults of the properties that a filter does not give. */
const PROPERTIES = { lc: 3, lp: 0, pb: 2 };
/** Properties, dictionary size, and size of what is packed. */
const ALONE_HEADER = 13;

async function unlzma(data: Buffer, { format, filters }: DecoderOptions): Promise<Buffer> {
  if (format === LZMA_CONSTANTS.FORMAT_RAW) return unlzmaRaw(data, filters);
  if (latin(data.subarray(1, 5)) === '7zXZ') return unXz(data);
  if (data.length < ALONE_HEADER) throw new Unreadable('its LZMA data is damaged');
  const packed = data[0]!;
  const properties = {
    lc: packed % 9,
    lp: Math.floor(packed / 9) % 5,
    pb: Math.floor(packed / 45),
  };
  const size = data.readBigUInt64LE(5);
  const unknown = size === 0xffffffffffffffffn;
  return decodeLzma1(
    data.subarray(ALONE_HEADER),
    properties,
    unknown ? null : Number(size),
    UNPACKED_BYTES_MAX,
  );
}

async function unlzmaRaw(data: Buffer, filters: readonly LzmaFilter[]): Promise<Buffer> {
  const [filter] = filters;
  const id = filter?.get('id');
  if (filter === undefined || filters.length > 1) {
    throw new Unreadable('its raw LZMA data goes through filters that are not read here');
  }
  if (id === LZMA_CONSTANTS.FILTER_LZMA2) {
    const container = xzContainer(data);
    if (container === null) throw new Unreadable('its raw LZMA2 data is damaged');
    return unXz(container);
  }
  if (id !== LZMA_CONSTANTS.FILTER_LZMA1) {
    throw new Unreadable('its raw LZMA data goes through a filter that is not read here');
  }
  const { lc, lp, pb } = PROPERTIES;
  const properties = {
    lc: filter.get('lc') ?? lc,
    lp: filter.get('lp') ?? lp,
    pb: filter.get('pb') ?? pb,
  };
  return decodeLzma1(data, properties, null, UNPACKED_BYTES_MAX);
}

async function unXz(data: Buffer): Promise<Buffer> {
  const source = new Blob([new Uint8Array(data)]).stream();
  const reader = (new xz.XzReadableStream(source) as ReadableStream<Uint8Array>).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, length);
    length += value.length;
    if (length > UNPACKED_BYTES_MAX) {
      await reader.cancel();
      throw new Unreadable('it unpacks to too much');
    }
    // The decoder returns views of one buffer that the next read overwrites.
    chunks.push(value.slice());
  }
}
