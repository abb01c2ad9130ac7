/**
 * Token stream of documents: their start id before each, ids in one growing shared buffer.
 */
import type { Document, DocumentFacts, TokenIds, TokenStream } from '../data/types.js';
import { type BpbError, inputError } from '../errors.js';
import { FactsBuilder } from './document-facts.js';
import { requireDocumentStart, startIdOf } from './document-start.js';
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

/**
 * The token stream of `source` under `tokenizer`, with what is kept of each document.
 *
 * @throws BPB_NO_BOS where nothing says what begins a document; BPB_BOS_IN_TEXT for a text that
 *   encodes to the start id itself
 */
export async function tokenizeDocuments(
  source: AsyncIterable<Document>,
  tokenizer: Tokenizer,
  { workers = 0, limit = Number.POSITIVE_INFINITY, progress }: TokenizeOptions = {},
): Promise<TokenizedDocuments> {
  requireDocumentStart(tokenizer);
  const startId = startIdOf(tokenizer);
  const ids = new GrowingIds(tokenizer.pieces.length > 65_536);
  const starts: number[] = [];
  const facts = new FactsBuilder();
  const lines: number[] = [];
  const hash = newDocumentsHash();
  for await (const { documents, encoded } of encodeDocuments(source, tokenizer, {
    workers,
    limit,
  })) {
    let at = 0;
    for (const [k, document] of documents.entries()) {
      const end = at + encoded.lengths[k]!;
      const own = encoded.ids.subarray(at, end);
      if (startId !== null && own.includes(startId)) {
        throw startInText(tokenizer, startId, `line ${document.line}`);
      }
      starts.push(ids.length);
      if (startId !== null) ids.push(startId);
      ids.append(own);
      at = end;
      lines.push(document.line);
      hashDocument(hash, document.text);
    }
    facts.append(encoded.facts);
    progress?.(facts.documents, ids.length);
  }
  const documentStarts = new Uint32Array(new SharedArrayBuffer(4 * starts.length));
  documentStarts.set(starts);
  return {
    stream: { ids: ids.view(), documentStarts, startId },
    facts: facts.facts(),
    lines: Uint32Array.from(lines),
    documentsSha256: hash.digest('hex'),
    complete: facts.documents < limit,
  };
}

/** A start id inside a document would begin another document for every reader of the stream. */
export function startInText(
  { path, kind, pieces }: Tokenizer,
  startId: number,
  where: string,
): BpbError {
  return inputError('BPB_BOS_IN_TEXT', {
    message: `A text encodes to the id that begins documents, so the stream does not show where they begin: ${where}.`,
    path: path ?? kind,
    expected: `id ${startId} before each document and nowhere else`,
    actual: `id ${startId} (${JSON.stringify(pieces[startId]!.text)}) inside a document`,
    hint: 'take the id of a control piece, which no text encodes to (--document-start ID), or --document-start none',
  });
}
