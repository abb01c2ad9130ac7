/**
 * Reader of files that may be stored compressed (`.gz`, `.br`, `.xz`, `.zst`), within a size limit.
 */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import { Decompress as ZstdStream } from 'fzstd';
import xz from 'xz-decompress';
import { BpbError, inputError } from '../errors.js';

/** A protobuf message, and so an ONNX file, cannot be longer than this. */
export const MODEL_BYTES_MAX = 2 ** 31 - 1;

/** Extensions that mean compression, longest names first in nothing: they never overlap. */
export const COMPRESSED_EXTENSIONS = ['.gz', '.br', '.xz', '.zst'] as const;

type Decoder = (data: Buffer, max: number) => Promise<Uint8Array>;

const DECODERS: Record<(typeof COMPRESSED_EXTENSIONS)[number], Decoder> = {
  '.gz': (data, max) => promisify(gunzip)(data, { maxOutputLength: max }),
  '.br': (data, max) => promisify(brotliDecompress)(data, { maxOutputLength: max }),
  '.xz': decodeXz,
  '.zst': decodeZstd,
};

/** The extension that says how `path` is compressed, or null. */
export function compressionOf(path: string): (typeof COMPRESSED_EXTENSIONS)[number] | null {
  return COMPRESSED_EXTENSIONS.find((extension) => path.endsWith(extension)) ?? null;
}

/**
 * The file's content, decompressed by its extension.
 *
 * @throws BPB_FILE_MISSING, and as `decompress`
 */
export async function readDecompressed(
  path: string,
  max: number = MODEL_BYTES_MAX,
): Promise<{ stored: Buffer; content: Uint8Array }> {
  const stored = await readExisting(path);
  return { stored, content: await decompress(stored, path, max) };
}

/**
 * What a file unpacks to, by the extension of its path; the same bytes where it has none.
 *
 * @throws BPB_DECOMPRESS (not of that format, or cut short),
 * BPB_DECOMPRESS_LIMIT (a small file that unpacks to more than `max` bytes)
 */
export async function decompress(stored: Buffer, path: string, max: number): Promise<Uint8Array> {
  const extension = compressionOf(path);
  if (extension === null) return stored;
  try {
    return await DECODERS[extension](stored, max);
  } catch (cause) {
    if (cause instanceof BpbError) throw withPath(cause, path);
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw withPath(tooLarge(max), path);
    }
    throw inputError('BPB_DECOMPRESS', {
      message: `the file is not valid ${extension}`,
      path,
      expected: `a complete ${extension} stream`,
      actual: `${stored.length} bytes: ${(cause as Error).message}`,
      hint: 'compress it again, or take the extension away if it is stored plain',
      cause,
    });
  }
}

async function readExisting(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw inputError('BPB_FILE_MISSING', {
      message: 'the file cannot be read',
      path,
      expected: 'a readable file',
      actual: (cause as NodeJS.ErrnoException).code ?? String(cause),
      cause,
    });
  }
}

async function decodeXz(data: Buffer, max: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const source = new Blob([new Uint8Array(data)]).stream();
  const reader = (new xz.XzReadableStream(source) as ReadableStream<Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > max) throw tooLarge(max);
    // The decoder returns views of one buffer that the next read overwrites.
    chunks.push(value.slice());
  }
  return Buffer.concat(chunks, length);
}

async function decodeZstd(data: Buffer, max: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let finished = false;
  const stream = new ZstdStream((chunk, final) => {
    length += chunk.length;
    if (length > max) throw tooLarge(max);
    chunks.push(chunk);
    finished ||= final ?? false;
  });
  stream.push(data, true);
  if (!finished) throw new Error('unexpected end of data');
  return Buffer.concat(chunks, length);
}

function tooLarge(max: number): BpbError {
  return inputError('BPB_DECOMPRESS_LIMIT', {
    message: 'the file unpacks to more than the limit',
    expected: `at most ${max} bytes`,
    actual: 'more',
    hint: 'an ONNX file cannot be larger than 2 GiB',
  });
}

function withPath(error: BpbError, path: string): BpbError {
  return new BpbError({
    ...error,
    kind: error.kind,
    code: error.code,
    message: error.message,
    path,
  });
}
