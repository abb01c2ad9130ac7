/**
 * The recorder of a run in its ledger file: `--ledger FILE`.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import { repeatedTargetsError } from '../evaluation/checks/flags.js';
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { LedgerHeader, LedgerReference } from '../ledger/format.js';
import { LedgerSequence } from '../ledger/sequence.js';
import { streamSha256 } from '../ledger/stream-hash.js';
import { LedgerWriter } from '../ledger/writer.js';
import type { RowsScore } from '../run/messages.js';
import { scoreEvents } from '../run/scored-spans.js';
import { harnessVersion } from '../version.js';

/** Batches that may be dispatched ahead of a slow one, for each that is in flight. */
const BATCHES_AHEAD = 8;

export class LedgerRecorder {
  private readonly writer: LedgerWriter;
  private readonly sequence: LedgerSequence;

  /** @param inFlight batches that the pool runs at once */
  constructor(
    { artifact, data, workload: { plan, range } }: PlannedEvaluation,
    private readonly file: string,
    inFlight: number,
  ) {
    if (plan.repeated > 0) throw repeatedTargetsError(`${plan.repeated} targets scored again`);
    this.writer = new LedgerWriter(file, {
      evaluator: `bpb-harness ${harnessVersion()}`,
      tokens: plan.tokens,
      documents: data.stream.documentStarts.length,
      stream_sha256: streamSha256(data.stream.ids),
      artifact: artifact.sha256,
      reset: resetOf(artifact.adaptive),
    });
    this.sequence = new LedgerSequence(this.writer, range[0], inFlight * BATCHES_AHEAD);
  }

  /** Waits until a batch may start, so that what waits for an earlier one is bounded. */
  admit(batch: number): Promise<void> {
    return this.sequence.admit(batch);
  }

  /** A slot has ended: no batch may wait for it. */
  release(): void {
    this.sequence.release();
  }

  enter(batch: number, result: RowsScore): void {
    this.sequence.enter(
      batch,
      result.events ?? scoreEvents(result.spans, result.q30, result.infiniteSpans),
    );
  }

  finish(): LedgerReference {
    return { file: this.file, hash: this.writer.finish() };
  }

  close(): void {
    this.writer.close();
  }
}

function resetOf(adaptive: Adaptive | null): LedgerHeader['reset'] {
  if (adaptive === null) return 'none';
  return resetsAtDocuments(adaptive) ? 'document' : 'never';
}
