/**
 * Decompression of a documents file as a stream, in bounded memory: gzip, Zstandard, xz, Brotli.
 */
import { pipeline, Readable } from 'node:stream';
import type { BrotliDecompress, Gunzip } from 'node:zlib';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { Decompress as ZstdStream } from 'fzstd';
import xz from 'xz-decompress';
import { type BpbError, inputError } from '../../errors.js';
import { shellWord } from '../../shell-word.js';

type Chunks = AsyncIterable<Uint8Array>;

interface Compression {
  readonly name: string;
  /** A command that tells whether the file is whole. */
  readonly test: string;
  readonly decode: (chunks: Chunks) => Chunks;
}

const GZIP: Compression = {
  name: 'gzip',
  test: 'gzip -t',
  decode: (chunks) => zlibStream(chunks, createGunzip()),
};
const ZSTD: Compression = { name: 'Zstandard', test: 'zstd -t', decode: zstdStream };
const XZ: Compression = { name: 'xz', test: 'xz -t', decode: xzStream };
const BROTLI: Compression = {
  name: 'Brotli',
  test: 'brotli -t',
  decode: (chunks) => zlibStream(chunks, createBrotliDecompress()),
};

/** How a file is compressed, by its first bytes; Brotli has no signature and goes by its name. */
export function compressionOf(head: Uint8Array, path: string): Compression | null {
  if (head[0] === 0x1f && head[1] === 0x8b) return GZIP;
  const magic = head.length < 4 ? 0 : new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  // A skippable frame (0x184d2a50 to 5f) may stand before the first frame of data.
  if (magic === 0xfd2fb528 || (magic & 0xfffffff0) === 0x184d2a50) return ZSTD;
  if (magic === 0x587a37fd && head[4] === 0x5a) return XZ;
  return path.endsWith('.br') ? BROTLI : null;
}

/** The content of a compressed stream. @throws BPB_DECOMPRESS where it is damaged or cut short */
export async function* decompressed(
  chunks: Chunks,
  { name, test, decode }: Compression,
  path: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* decode(chunks);
  } catch (cause) {
    throw refuseDamaged(name, test, path, cause);
  }
}

function refuseDamaged(name: string, test: string, path: string, cause: unknown): BpbError {
  return inputError('BPB_DECOMPRESS', {
    message: `The file is not valid ${name}.`,
    path,
    expected: `complete ${name} data to the end of the file`,
    actual: cause instanceof Error ? cause.message : String(cause),
    hint: `Check it: ${test} ${shellWord(path)}`,
    cause,
  });
}

async function* zlibStream(chunks: Chunks, decoder: Gunzip | BrotliDecompress) {
  let read = 0;
  async function* counted() {
    for await (const chunk of chunks) {
      read += chunk.length;
      yield chunk;
    }
  }
  const source = Readable.from(counted());
  // The error of either end reaches the loop below through the decoder.
  pipeline(source, decoder, () => {});
  try {
    for await (const chunk of decoder) yield chunk as Uint8Array;
  } finally {
    source.destroy();
    decoder.destroy();
  }
  // The decoders of Node.js leave out what follows, which could be more documents.
  const unused = read - decoder.bytesWritten;
  if (unused > 0) throw new Error(`${unused} bytes after the end of the compressed data`);
}

/** So little at a time that even blocks of one repeated byte unpack to some 64 MB at most. */
const ZSTD_PIECE = 2048;

async function* zstdStream(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let unpacked: Uint8Array[] = [];
  const decoder = new ZstdStream((piece) => unpacked.push(piece));
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += ZSTD_PIECE) {
      decoder.push(chunk.subarray(at, at + ZSTD_PIECE));
      yield* unpacked;
      unpacked = [];
    }
  }
  decoder.push(new Uint8Array(0), true);
  yield* unpacked;
}

async function* xzStream(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const source = Readable.toWeb(Readable.from(chunks)) as ReadableStream<Uint8Array>;
  const reader = (new xz.XzReadableStream(source) as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // The decoder returns views of one buffer that the next read overwrites.
      yield value.slice();
    }
  } finally {
    await reader.cancel();
  }
}
