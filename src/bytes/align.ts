/**
 * Documents of a token stream that has no start id: they are tokenized, and their ids are to follow
 * one another in the stream.
 */
import type { DocumentFacts, DocumentSource, TokenStream } from '../data/types.js';
import { inputError } from '../errors.js';
import { tokenizeDocuments } from '../tokenizer/stream.js';
import type { Tokenizer } from '../tokenizer/types.js';

interface AlignOptions {
  /** Worker threads; 0 works in this thread. Default 0. */
  readonly workers?: number;
  /** Take the first documents only (`--limit-docs`): the stream then ends with them. */
  readonly limit?: number | undefined;
  readonly progress?: ((documents: number) => void) | undefined;
}

interface Aligned {
  /** The stream with its documents; of the first ones only where `limit` left tokens over. */
  readonly stream: TokenStream;
  readonly facts: DocumentFacts;
  readonly documentsSha256: string;
}

/** Tokens at which two streams first differ; the shorter length where one continues the other. */
function commonTokens(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return i;
  return shorter;
}

/**
 * The documents of `source` in `whole`, a stream in which nothing stands between them.
 *
 * @param tokenizer with document start `none`
 * @throws BPB_OTHER_DOCUMENT for a document whose ids are not the next ones of the stream;
 *   BPB_DOCUMENT_COUNT where tokens are left after the last document
 */
export async function alignDocuments(
  source: DocumentSource,
  whole: TokenStream,
  tokenizer: Tokenizer,
  { workers = 0, limit, progress }: AlignOptions = {},
): Promise<Aligned> {
  const { stream, facts, lines, documentsSha256 } = await tokenizeDocuments(source, tokenizer, {
    workers,
    ...(limit === undefined ? {} : { limit }),
    ...(progress === undefined ? {} : { progress }),
  });
  const common = commonTokens(stream.ids, whole.ids);
  if (common < stream.ids.length) {
    const k = stream.documentStarts.findLastIndex((start) => start <= common);
    const start = stream.documentStarts[k]!;
    throw inputError('BPB_OTHER_DOCUMENT', {
      message: `Document ${k} in line ${lines[k]} is not the next one of the stream: its ids differ at its token ${common - start}.`,
      path: source.path,
      expected: `id ${stream.ids[common]} at token ${common} of the stream`,
      actual: common < whole.ids.length ? `id ${whole.ids[common]}` : 'the end of the stream',
      hint: 'With --document-start none documents are known by their ids alone: give the documents that these shards were made from, in their order, and the tokenizer that made them; or leave --docs out.',
    });
  }
  const left = whole.ids.length - common;
  if (left > 0 && (limit === undefined || stream.documentStarts.length < limit)) {
    throw inputError('BPB_DOCUMENT_COUNT', {
      message: `The file ends ${left} tokens before the stream does.`,
      path: source.path,
      expected: `documents of ${whole.ids.length} tokens`,
      actual: `${stream.documentStarts.length} documents of ${common} tokens`,
      hint: 'Give exactly the documents that the shards were made from.',
    });
  }
  const { documentStarts, startId } = stream;
  return {
    stream: { ids: whole.ids.subarray(0, common), documentStarts, startId },
    facts,
    documentsSha256,
  };
}

/**
 * As `alignDocuments`, refusing nothing: for an audit, which says what differs.
 *
 * @returns the stream with as many of its documents as were found; what is left over is one more
 */
export async function findDocuments(
  source: DocumentSource,
  whole: TokenStream,
  tokenizer: Tokenizer,
  workers = 0,
): Promise<TokenStream> {
  const { stream } = await tokenizeDocuments(source, tokenizer, { workers });
  const common = commonTokens(stream.ids, whole.ids);
  const { documentStarts: starts } = stream;
  let found = 0;
  while (found < starts.length && (starts[found + 1] ?? stream.ids.length) <= common) found++;
  const end = starts[found] ?? stream.ids.length;
  const rest = end < whole.ids.length || found === 0 ? 1 : 0;
  const documentStarts = new Uint32Array(new SharedArrayBuffer(4 * (found + rest)));
  documentStarts.set(starts.subarray(0, found));
  if (rest > 0) documentStarts[found] = end;
  return { ids: whole.ids, documentStarts, startId: null };
}
