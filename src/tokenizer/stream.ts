/**
 * Token stream of documents: BOS before each, ids in one growing shared buffer.
 */
import { documentStartsOf } from '../data/document-starts.js';
import type { Document, DocumentFacts, TokenIds, TokenStream } from '../data/types.js';
import { inputError } from '../errors.js';
import { encodeDocuments, hashDocument, newDocumentsHash } from './encode-pool.js';
import type { Tokenizer } from './types.js';

/** A shared array that doubles when it is full; uint16 where every id fits. */
class GrowingIds {
  private ids: TokenIds;
  length = 0;

  constructor(private readonly wide: boolean) {
    this.ids = this.allocate(1 << 16);
  }

  private allocate(capacity: number): TokenIds {
    return this.wide
      ? new Uint32Array(new SharedArrayBuffer(4 * capacity))
      : new Uint16Array(new SharedArrayBuffer(2 * capacity));
  }

  push(id: number): void {
    this.reserve(this.length + 1);
    this.ids[this.length++] = id;
  }

  append(ids: Uint32Array): void {
    this.reserve(this.length + ids.length);
    this.ids.set(ids, this.length);
    this.length += ids.length;
  }

  /** The ids so far; a view, so that nothing is copied at the end. */
  view(): TokenIds {
    return this.ids.subarray(0, this.length);
  }

  private reserve(length: number): void {
    if (length <= this.ids.length) return;
    const grown = this.allocate(Math.max(length, 2 * this.ids.length));
    grown.set(this.view());
    this.ids = grown;
  }
}

interface TokenizedDocuments {
  readonly stream: TokenStream;
  readonly facts: DocumentFacts;
  /** 1-based line of each document in its file, for messages. */
  readonly lines: Uint32Array;
  /** sha256 over each text's length and bytes: the same texts give the same, in any file format. */
  readonly documentsSha256: string;
  /** False where `limit` left documents out, or may have. */
  readonly complete: boolean;
}

interface TokenizeOptions {
  /** Worker threads; 0 encodes in this thread. Default 0. */
  readonly workers?: number;
  /** Take only the first documents (`--limit-docs`). */
  readonly limit?: number;
  /** Called after each batch with the documents and tokens so far. */
  readonly progress?: (documents: number, tokens: number) => void;
}

/** The token stream of `source` under `tokenizer`, with what is kept of each document. */
export async function tokenizeDocuments(
  source: AsyncIterable<Document>,
  tokenizer: Tokenizer,
  { workers = 0, limit = Number.POSITIVE_INFINITY, progress }: TokenizeOptions = {},
): Promise<TokenizedDocuments> {
  const ids = new GrowingIds(tokenizer.pieces.length > 65_536);
  const original: number[] = [];
  const decoded: number[] = [];
  const lossless: number[] = [];
  const lines: number[] = [];
  const hash = newDocumentsHash();
  for await (const { documents, encoded } of encodeDocuments(source, tokenizer, {
    workers,
    limit,
  })) {
    let at = 0;
    for (const [k, document] of documents.entries()) {
      const end = at + encoded.lengths[k]!;
      ids.push(tokenizer.bosId);
      ids.append(encoded.ids.subarray(at, end));
      at = end;
      original.push(document.bytes);
      decoded.push(encoded.decodedBytes[k]!);
      lossless.push(encoded.lossless[k]!);
      lines.push(document.line);
      hashDocument(hash, document.text);
    }
    progress?.(original.length, ids.length);
  }
  const stream = ids.view();
  const documentStarts = documentStartsOf(stream, tokenizer.bosId);
  if (documentStarts.length !== original.length) {
    throw inputError('BPB_BOS_IN_TEXT', {
      message:
        'The tokenizer writes its BOS inside documents, so the stream does not show where they begin.',
      path: tokenizer.path ?? tokenizer.kind,
      expected: `${original.length} BOS, one a document`,
      actual: `${documentStarts.length}`,
      hint: 'BOS must be a control piece that no text encodes to.',
    });
  }
  return {
    stream: { ids: stream, documentStarts },
    facts: {
      originalBytes: Uint32Array.from(original),
      decodedBytes: Uint32Array.from(decoded),
      lossless: Uint8Array.from(lossless),
    },
    lines: Uint32Array.from(lines),
    documentsSha256: hash.digest('hex'),
    complete: original.length < limit,
  };
}
