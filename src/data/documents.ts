/**
 * Streaming reader of published documents: JSON Lines, a JSON array or Parquet, also compressed.
 */
import { constants } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { statSync } from 'node:fs';
import { type BpbError, inputError } from '../errors.js';
import { fileChunks, peek } from './chunks.js';
import { compressionOf, decompressed } from './documents/decompress.js';
import { arrayElements } from './documents/json-array.js';
import { HEAD_BYTES, layoutOf } from './documents/layout.js';
import { isParquet, parquetDocuments } from './documents/parquet.js';
import { type ParseOptions, parseDocument, tooLong } from './documents/parse.js';
import { linesOf } from './lines.js';
import type { Document, DocumentSource, SourceFacts } from './types.js';

interface ReadDocumentsOptions {
  /**
   * The field of each object that holds its text; by default `text`. Where no key is `a.b`, it is the
   * field `b` of the object `a`.
   */
  readonly textField?: string | undefined;
}

function refuseBlank(path: string, line: number) {
  return inputError('BPB_DOCUMENT_BLANK', {
    message: `Line ${line}: it is blank.`,
    path,
    expected: 'a JSON object on every line; only the end of the file may be blank',
    actual: 'a blank line',
    hint: 'Remove it: it would move every later document by one. An empty text is {"text": ""}.',
  });
}

class DocumentFile implements DocumentSource {
  private last: SourceFacts | null = null;

  constructor(
    readonly path: string,
    private readonly options: ReadDocumentsOptions,
  ) {}

  facts(): SourceFacts | null {
    return this.last;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Document> {
    const hash = createHash('sha256');
    const mark = { found: false };
    let documents = 0;
    let bytes = 0;
    for await (const document of this.documents(hash, mark)) {
      documents++;
      bytes += document.bytes;
      yield document;
    }
    if (documents === 0) throw refuseEmpty(this.path);
    this.last = { documents, bytes, sha256: hash.digest('hex'), byteOrderMark: mark.found };
  }

  private async *documents(hash: Hash, mark: { found: boolean }): AsyncGenerator<Document> {
    const stored = await peek(
      fileChunks(this.path, (chunk) => hash.update(chunk)),
      HEAD_BYTES,
    );
    try {
      if (isParquet(stored.head)) {
        yield* parquetDocuments(this.path, this.options.textField);
        // Its parts are read in another order than the hash needs.
        for await (const _ of stored.chunks);
        return;
      }
      const compression = compressionOf(stored.head, this.path);
      const content =
        compression === null
          ? stored
          : await peek(decompressed(stored.chunks, compression, this.path), HEAD_BYTES);
      try {
        const { kind, byteOrderMark } = layoutOf(content.head, this.path);
        mark.found = byteOrderMark;
        const chunks = byteOrderMark ? skip(content.chunks, 3) : content.chunks;
        yield* kind === 'array' ? this.fromArray(chunks) : this.fromLines(chunks);
      } finally {
        await content.close();
      }
    } finally {
      await stored.close();
    }
  }

  private async *fromArray(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Document> {
    const options: ParseOptions = { ...this.options, strings: true };
    for await (const { bytes, place } of arrayElements(chunks, this.path)) {
      yield parseDocument(bytes, place, options);
    }
  }

  private async *fromLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Document> {
    const { path } = this;
    const at = (line: number) => ({ path, line, label: `Line ${line}` });
    const longest = {
      bytes: constants.MAX_STRING_LENGTH,
      refuse: (line: number) => tooLong(at(line)),
    };
    let blank = 0;
    for await (const line of linesOf(chunks, longest)) {
      if (blank > 0) throw refuseBlank(path, blank);
      // Whitespace only (a carriage return of CRLF included) is blank; JSON allows no more.
      if (line.bytes.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09)) {
        blank = line.number;
        continue;
      }
      yield parseDocument(line.bytes, at(line.number), this.options);
    }
  }
}

/** A stream without its first `count` bytes, which its first chunk holds. */
async function* skip(chunks: AsyncIterable<Uint8Array>, count: number) {
  let first = true;
  for await (const chunk of chunks) {
    yield first ? chunk.subarray(count) : chunk;
    first = false;
  }
}

function refuseEmpty(path: string): BpbError {
  return inputError('BPB_NO_DOCUMENTS', {
    message: 'The file holds no documents.',
    path,
    expected: 'one JSON object with a string field "text" a line',
    actual: 'an empty file',
    hint: 'Check that the export finished.',
  });
}

/**
 * The documents of a file: JSON Lines, one JSON array of objects or of texts, or the rows of a Parquet
 * file. Which one it is, and whether JSON is compressed (gzip, Zstandard, xz; Brotli by its name `.br`), its content says.
 *
 * Refused while reading, with the line's number: invalid UTF-8 or JSON (NaN and Infinity are taken,
 * though not as the text), a missing, repeated or non-string text field, half a surrogate pair, a
 * blank line that is not the last. A byte order mark at the start is left out and reported in
 * `facts()`.
 */
export function readDocuments(path: string, options: ReadDocumentsOptions = {}): DocumentSource {
  let found = 'nothing there';
  try {
    const status = statSync(path);
    if (status.isFile()) return new DocumentFile(path, options);
    found = status.isDirectory() ? 'a directory' : 'no regular file there';
  } catch {
    // Falls through to the refusal, with the reason in the harness's own words.
  }
  throw inputError('BPB_DATA_MISSING', {
    message: 'There is no such documents file.',
    path,
    expected: 'a JSON Lines file of documents',
    actual: found,
    hint:
      found === 'a directory'
        ? 'Name one file; parts can be joined: cat part-*.jsonl > docs.jsonl'
        : 'Check the path given as documents.',
  });
}
