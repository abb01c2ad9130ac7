/**
 * Parallel examination of an audit's documents: results in document order, in bounded memory.
 */
import { documentSpan } from '../../bytes/spans.js';
import type { Document, DocumentSource, TokenStream } from '../../data/types.js';
import { byteOfPiece, SPACE } from '../../tokenizer/check-pieces.js';
import { batchDocuments, isShortBatch } from '../../tokenizer/encode-pool.js';
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
function* streamTasks(stream: TokenStream, tokenizer: Tokenizer, first: number): Generator<Task> {
  const { documentStarts, startId } = stream;
  const whole = startId !== null;
  let from: number[] = [];
  let to: number[] = [];
  let tokens = 0;
  let at = first;
  const take = (): Task => {
    const task = { first: at, documents: null, texts: null, from, to, whole };
    at += from.length;
    from = [];
    to = [];
    tokens = 0;
    return task;
  };
  for (let k = first; k < documentStarts.length; k++) {
    const { textFrom, textTo } = documentSpan(stream, k);
    // What is one document only because nothing shows its documents may be a whole shard.
    const cuts = whole ? [textTo] : cutsOf(stream, tokenizer, textFrom, textTo);
    let begin = textFrom;
    for (const end of cuts) {
      from.push(begin);
      to.push(end);
      tokens += end - begin + 1;
      begin = end;
      if (tokens >= BATCH_TOKENS) yield take();
    }
  }
  if (from.length > 0) yield take();
}

/**
 * Ends of stretches of at least `BATCH_TOKENS` tokens: before a token that decodes to the same text
 * wherever it stands, which one with a leading space or a byte inside a character does not.
 */
function cutsOf({ ids }: TokenStream, { pieces }: Tokenizer, from: number, to: number): number[] {
  const isFree = pieces.map(({ text, type }) => {
    if (type === 'byte') return (byteOfPiece(text)! & 0xc0) !== 0x80;
    return (type === 'normal' || type === 'user_defined') && !text.startsWith(SPACE);
  });
  const cuts: number[] = [];
  for (let i = from + BATCH_TOKENS; i < to; i++) {
    if (!isFree[ids[i]!]) continue;
    cuts.push(i);
    i += BATCH_TOKENS - 1;
  }
  return [...cuts, to];
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
    yield { first, documents: matched, texts: texts(matched), from, to, whole: true };
  }
  if (beyond.length > 0) {
    const at = first + matched.length;
    yield { first: at, documents: beyond, texts: texts(beyond), from: null, to: null, whole: true };
  }
}

async function* tasksOf(inputs: ExamineInputs): AsyncGenerator<Task> {
  const { source, stream, tokenizer } = inputs;
  let next = 0;
  if (source !== null) {
    for await (const { first, documents } of batchDocuments(source)) {
      yield* textTasks(inputs, first, documents);
      next = first + documents.length;
    }
  }
  if (stream !== null) yield* streamTasks(stream, tokenizer, next);
}

function isShortTask({ first, documents, from, to }: Task): boolean {
  if (documents !== null) return isShortBatch({ first, documents });
  return to!.reduce((sum, end, k) => sum + end - from![k]!, 0) < BATCH_TOKENS;
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
    isShort: isShortTask,
    payload: ({ texts, from, to, whole }: Task): ExamineTask => ({ texts, from, to, whole }),
  });
  for await (const { task, result } of results) {
    yield { first: task.first, documents: task.documents, examined: result };
  }
}
