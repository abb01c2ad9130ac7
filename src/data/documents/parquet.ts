/**
 * Documents of a Parquet file: one string column, one row group in memory at a time.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Decompress as ZstdStream } from 'fzstd';
import { type BpbError, inputError } from '../../errors.js';
import type { Document } from '../types.js';
import { decodeText, type Place } from './parse.js';
import { parquetHint, textFieldHint } from './refusals.js';
import { DEFAULT_TEXT_FIELD, otherTextField } from './text-field.js';

type Hyparquet = typeof import('hyparquet');
type Metadata = Awaited<ReturnType<Hyparquet['parquetMetadataAsync']>>;

/** Snappy is the reader's own; it has no LZO and LZ4. */
const COMPRESSORS = {
  ZSTD: zstdPage,
  GZIP: (page: Uint8Array, length: number) => gunzipSync(page, { maxOutputLength: length }),
  BROTLI: (page: Uint8Array, length: number) =>
    brotliDecompressSync(page, { maxOutputLength: length }),
};

/**
 * A page of `length` bytes. The decoder's function for a whole buffer compares the output buffer with a
 * number, for which JavaScript writes it out as text: two characters a byte, and no page beyond 256 MiB.
 */
function zstdPage(page: Uint8Array, length: number): Uint8Array {
  const unpacked = new Uint8Array(length);
  let done = 0;
  const decoder = new ZstdStream((piece) => {
    unpacked.set(piece, done); // throws where the data is longer than the page says
    done += piece.length;
  });
  decoder.push(page, true);
  return unpacked.subarray(0, done);
}

function damaged(path: string, cause: unknown): BpbError {
  return inputError('BPB_PARQUET', {
    message: 'The Parquet file cannot be read.',
    path,
    expected: 'a complete Parquet file, with pages stored plain or as snappy, zstd, gzip or brotli',
    actual: cause instanceof Error ? cause.message.slice(0, 200) : String(cause),
    hint: parquetHint(path),
    cause,
  });
}

/** True of a file that begins as Parquet does. */
export function isParquet(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 4)).toString('latin1') === 'PAR1';
}

/** What the reader of Parquet throws is a refusal of the file. */
async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw damaged(path, cause);
  }
}

/** Reads byte ranges of an open file, as the reader of Parquet asks for them. */
async function rangesOf(handle: FileHandle) {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start: number, end = size): Promise<ArrayBuffer> {
      const length = Math.max(0, Math.min(end, size) - start);
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, start + done);
        if (bytesRead === 0) throw new Error('the file ends early');
        done += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

/** The column of the texts by its name. @throws BPB_DOCUMENT_TEXT naming the columns there are */
function textColumn(path: string, { parquetSchema }: Hyparquet, metadata: Metadata, name: string) {
  const columns = parquetSchema(metadata).children;
  const isText = ({ element, children }: (typeof columns)[number]) =>
    children.length === 0 &&
    element.type === 'BYTE_ARRAY' &&
    element.repetition_type !== 'REPEATED';
  const column = columns.find(({ element }) => element.name === name);
  if (column !== undefined && isText(column)) return;
  const texts = columns.filter(isText).map(({ element }) => [element.name, '']);
  throw inputError('BPB_DOCUMENT_TEXT', {
    message: `The Parquet file has no column of strings "${name}".`,
    path,
    expected: `a column of strings "${name}"`,
    actual: `the columns ${columns.map(({ element }) => element.name).join(', ')}`,
    hint: textFieldHint(otherTextField(Object.fromEntries(texts), name)),
  });
}

/**
 * The rows of a Parquet file, as documents whose line is the number of the row from 1.
 *
 * @throws BPB_PARQUET for a damaged file and a compression that is not read; BPB_DOCUMENT_TEXT for a
 *   file without the column, or a row without a text; BPB_DOCUMENT_UTF8 naming the row
 */
export async function* parquetDocuments(
  path: string,
  textField = DEFAULT_TEXT_FIELD,
): AsyncGenerator<Document> {
  const hyparquet = await import('hyparquet');
  const handle = await open(path, 'r');
  try {
    const file = await rangesOf(handle);
    const metadata = await guarded(path, () => hyparquet.parquetMetadataAsync(file));
    textColumn(path, hyparquet, metadata, textField);
    let row = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowEnd = row + Number(num_rows);
      const texts = await guarded(path, async () => {
        const read: unknown[] = [];
        await hyparquet.parquetRead({
          file,
          metadata,
          columns: [textField],
          rowStart: row,
          rowEnd,
          compressors: COMPRESSORS,
          // The bytes themselves: the reader would replace invalid UTF-8, and drop a U+FEFF.
          parsers: { stringFromBytes: (bytes: Uint8Array | undefined) => bytes },
          onPage: ({ columnData }) => {
            for (const value of columnData) read.push(value);
          },
        });
        if (read.length !== Number(num_rows)) {
          throw new Error(`${read.length} rows in a group of ${num_rows}`);
        }
        return read;
      });
      for (const bytes of texts) {
        row++;
        yield documentOf(bytes, { path, line: row, label: `Row ${row}` }, textField);
      }
    }
  } finally {
    await handle.close();
  }
}

function documentOf(bytes: unknown, place: Place, textField: string): Document {
  if (bytes instanceof Uint8Array) {
    return { text: decodeText(bytes, place), bytes: bytes.length, line: place.line };
  }
  throw inputError('BPB_DOCUMENT_TEXT', {
    message: `${place.label}: it has no string in the column "${textField}".`,
    path: place.path,
    expected: 'a string in every row',
    actual: bytes === null || bytes === undefined ? 'null' : typeof bytes,
    hint: 'Leave such rows out: they would be documents without a text.',
  });
}
