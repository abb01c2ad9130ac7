/**
 * The recorder of a run in its ledger file: `--ledger FILE`.
 */
import { randomBytes } from 'node:crypto';
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
import type { ScoreResult } from './result.js';

/** Enough that no two runs have one name. */
const RUN_BYTES = 16;

/** Batches that may be dispatched ahead of a slow one, for each that is in flight. */
const BATCHES_AHEAD = 8;

class LedgerRecorder {
  private readonly writer: LedgerWriter;
  private readonly sequence: LedgerSequence;
  /** Of this run and no other, whatever it scores. */
  private readonly run = randomBytes(RUN_BYTES).toString('hex');

  /** @param inFlight batches that the pool runs at once */
  constructor(
    { artifact, data, workload: { plan, range } }: PlannedEvaluation,
    private readonly file: string,
    inFlight: number,
  ) {
    if (plan.repeated > 0) throw repeatedTargetsError(`${plan.repeated} targets scored again`);
    this.writer = new LedgerWriter(file, {
      evaluator: `bpb-harness ${harnessVersion()}`,
      run: this.run,
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

  /** The last batch is scored: enters the end. */
  finish(): LedgerReference {
    return { file: this.file, run: this.run, hash: this.writer.finish() };
  }

  /** The result is composed, and written where `--out` asks for it: enters what it is. */
  conclude({ status, run }: Pick<ScoreResult, 'status' | 'run'>): void {
    this.writer.conclude({ result: status, sha256: run.sha256 });
  }

  close(): void {
    this.writer.close();
  }
}

/** The ledger that a run was asked to keep, if it was: begun with its first batch, closed however it ends. */
export class RunLedger {
  private recorder: LedgerRecorder | null = null;

  constructor(private readonly file: string | undefined) {}

  /** Creates the file; @returns null where none was asked for */
  begin(evaluation: PlannedEvaluation, inFlight: number): LedgerRecorder | null {
    if (this.file === undefined) return null;
    this.recorder = new LedgerRecorder(evaluation, this.file, inFlight);
    return this.recorder;
  }

  conclude(result: ScoreResult): void {
    this.recorder?.conclude(result);
  }

  close(): void {
    this.recorder?.close();
  }
}

function resetOf(adaptive: Adaptive | null): LedgerHeader['reset'] {
  if (adaptive === null) return 'none';
  return resetsAtDocuments(adaptive) ? 'document' : 'never';
}
