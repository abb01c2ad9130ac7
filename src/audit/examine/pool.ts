/**
 * Parallel examination of an audit's documents: results in document order, in bounded memory.
 */
import { documentSpan } from '../../bytes/spans.js';
import type { Document, DocumentSource, TokenStream } from '../../data/types.js';
import { batchDocuments } from '../../tokenizer/encode-pool.js';
import type { Tokenizer } from '../../tokenizer/types.js';
import { runInOrder } from '../../workers/ordered-pool.js';
import type { ClaimedTable } from '../claimed-table.js';
import { openExaminer } from './examiner.js';
import type { ExaminedDocument, ExamineSetup, ExamineTask } from './messages.js';

interface ExamineInputs {
  readonly tokenizer: Tokenizer;
  readonly source: DocumentSource | null;
  readonly stream: TokenStream | null;
  readonly claimed: ClaimedTable | null;
  readonly workers: number;
}

/** Documents that were examined together. */
interface ExaminedBatch {
  /** Index of the first. */
  readonly first: number;
  /** Their texts; null where only the shards are there. */
  readonly documents: readonly Document[] | null;
  readonly examined: readonly ExaminedDocument[];
}

interface Task extends ExamineTask {
  readonly first: number;
  readonly documents: readonly Document[] | null;
}

/** Tokens of a batch without documents: about as much text as a batch of documents. */
const BATCH_TOKENS = 1 << 16;

/** Documents `[first, …)` of the stream, without their texts. */
function* streamTasks(stream: TokenStream, first: number): Generator<Task> {
  const count = stream.documentStarts.length;
  for (let at = first; at < count; ) {
    const from: number[] = [];
    const to: number[] = [];
    for (let tokens = 0; at + from.length < count && tokens < BATCH_TOKENS; ) {
      const { textFrom, textTo } = documentSpan(stream, at + from.length);
      from.push(textFrom);
      to.push(textTo);
      tokens += textTo - textFrom + 1;
    }
    yield { first: at, documents: null, texts: null, from, to };
    at += from.length;
  }
}

/** Texts with their spans in the stream; those beyond its last document have none. */
function* textTasks(
  { stream }: ExamineInputs,
  first: number,
  documents: readonly Document[],
): Generator<Task> {
  const inStream = Math.max(0, (stream?.documentStarts.length ?? 0) - first);
  const matched = documents.slice(0, inStream);
  const beyond = documents.slice(inStream);
  const texts = (part: readonly Document[]) => part.map(({ text }) => text);
  if (matched.length > 0) {
    const spans = matched.map((_, k) => documentSpan(stream!, first + k));
    const from = spans.map(({ textFrom }) => textFrom);
    const to = spans.map(({ textTo }) => textTo);
    yield { first, documents: matched, texts: texts(matched), from, to };
  }
  if (beyond.length > 0) {
    const at = first + matched.length;
    yield { first: at, documents: beyond, texts: texts(beyond), from: null, to: null };
  }
}

async function* tasksOf(inputs: ExamineInputs): AsyncGenerator<Task> {
  const { source, stream } = inputs;
  let next = 0;
  if (source !== null) {
    for await (const { first, documents } of batchDocuments(source)) {
      yield* textTasks(inputs, first, documents);
      next = first + documents.length;
    }
  }
  if (stream !== null) yield* streamTasks(stream, next);
}

/** @returns in document order; `histogram` is complete once all batches have been yielded */
export async function* examineDocuments(
  inputs: ExamineInputs,
  histogram: Int32Array<SharedArrayBuffer>,
): AsyncGenerator<ExaminedBatch> {
  const { tokenizer, stream, claimed, workers } = inputs;
  const setup: ExamineSetup = { tokenizer, ids: stream?.ids ?? null, claimed, histogram };
  const results = runInOrder(tasksOf(inputs), {
    workers,
    module: new URL('./worker.js', import.meta.url),
    setup,
    open: openExaminer,
    payload: ({ texts, from, to }: Task): ExamineTask => ({ texts, from, to }),
  });
  for await (const { task, result } of results) {
    yield { first: task.first, documents: task.documents, examined: result };
  }
}
