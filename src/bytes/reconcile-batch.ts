/**
 * Comparison of published documents with those of a token stream, one batch at a time.
 */
import { firstDifference } from '../data/difference.js';
import type { DocumentFacts, TokenIds } from '../data/types.js';
import { type BpbError, inputError } from '../errors.js';
import { FactsBuilder } from '../tokenizer/document-facts.js';
import { createEncoder } from '../tokenizer/encoder.js';
import { RoundTripper } from '../tokenizer/round-trip.js';
import type { Encoder, Tokenizer } from '../tokenizer/types.js';

interface ReconcileSetup {
  readonly tokenizer: Tokenizer;
  /** Of the stream, in shared memory. */
  readonly ids: TokenIds;
}

/** Published documents and where the stream holds them: `ids[from[k] .. to[k])`, without BOS. */
export interface ReconcileTask {
  /** The documents' file, for messages. */
  readonly path: string;
  readonly first: number;
  readonly texts: readonly string[];
  readonly lines: readonly number[];
  readonly from: readonly number[];
  readonly to: readonly number[];
}

const CONTEXT = 16;

const display = (bytes: Uint8Array, at: number) =>
  JSON.stringify(Buffer.from(bytes).toString('utf8', Math.max(0, at - CONTEXT), at + CONTEXT));

function refuseOther(task: ReconcileTask, k: number, decoded: string): BpbError {
  const text = task.texts[k]!;
  const published = Buffer.from(text, 'utf8');
  const stream = Buffer.from(decoded, 'utf8');
  const at = firstDifference(published, stream);
  return inputError('BPB_OTHER_DOCUMENT', {
    message: `Document ${task.first + k} of the stream is not the published one in line ${task.lines[k]}: they differ from byte ${at} on, and encoding the published text gives other tokens.`,
    path: task.path,
    expected: `${display(published, at)} (published, around byte ${at})`,
    actual: `${display(stream, at)} (decoded from the stream)`,
    hint: 'Give the documents that these shards were made from, in their order, and the tokenizer that made them.',
  });
}

/** Makes the encoder of a thread and gives the function that compares with it. */
export async function openReconciler({
  tokenizer,
  ids,
}: ReconcileSetup): Promise<(task: ReconcileTask) => DocumentFacts> {
  const reconciler = new Reconciler(tokenizer, await createEncoder(tokenizer), ids);
  return (task) => reconciler.check(task);
}

/**
 * Accepts a document whose ids decode to its text (lossless), or whose text encodes to exactly these
 * ids (lossy: the normalizer changed it); anything else is another document and refused.
 */
class Reconciler {
  private readonly roundTripper: RoundTripper;

  constructor(
    tokenizer: Tokenizer,
    private readonly encoder: Encoder,
    private readonly ids: TokenIds,
  ) {
    this.roundTripper = new RoundTripper(tokenizer);
  }

  check(task: ReconcileTask): DocumentFacts {
    const facts = new FactsBuilder();
    for (const [k, text] of task.texts.entries()) {
      const from = task.from[k]!;
      const to = task.to[k]!;
      const trip = this.roundTripper.check(this.ids, text, from, to);
      facts.add(trip, () => this.roundTripper.difference(this.ids, text, from, to));
      if (trip.lossless || this.encodesTo(text, from, to)) continue;
      throw refuseOther(task, k, this.decode(from, to));
    }
    return facts.facts();
  }

  private encodesTo(text: string, from: number, to: number): boolean {
    const ids = this.encoder.encode(text);
    if (ids.length !== to - from) return false;
    for (let i = 0; i < ids.length; i++) if (ids[i] !== this.ids[from + i]) return false;
    return true;
  }

  private decode(from: number, to: number): string {
    try {
      return this.encoder.decode(this.ids.subarray(from, to));
    } catch {
      // Malformed case operators: shown as they are, since this is for a message only.
      return Buffer.from(this.roundTripper.decode(this.ids, from, to)).toString('utf8');
    }
  }
}
