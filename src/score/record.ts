/**
 * The ledger file of a run: `--ledger FILE`.
 */
import { existsSync } from 'node:fs';
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import { usageError } from '../errors.js';
import type { ScoreOptions } from '../evaluation/options.js';
import type { LedgerHeader } from '../ledger/format.js';
import { LedgerSequence } from '../ledger/sequence.js';
import { streamSha256 } from '../ledger/stream-hash.js';
import { LedgerWriter, ledgerExists } from '../ledger/writer.js';
import type { RowsScore } from '../run/messages.js';
import { scoreEvents } from '../run/scored-spans.js';
import { harnessVersion } from '../version.js';
import type { Prepared } from './prepare.js';

/** Batches that a lane of the pool may run ahead of a slow one. */
const BATCHES_AHEAD = 8;

/** Which ledger a result belongs to. */
export interface LedgerReference {
  file: string;
  /** Hash of its last line, which stands for all of them. */
  hash: string;
}

/** Refuses what no ledger can hold, and a file that is there already, before anything is loaded. */
export function checkRecordable({ ledger, compat }: ScoreOptions): void {
  if (ledger === undefined) return;
  if (compat !== undefined) throw repeats(`--compat ${compat}`);
  if (existsSync(ledger)) throw ledgerExists(ledger);
}

export class RunRecord {
  private readonly writer: LedgerWriter;
  private readonly sequence: LedgerSequence;

  /** @param lanes batches in flight */
  constructor(
    { artifact, data, plan, range }: Prepared,
    private readonly file: string,
    lanes: number,
  ) {
    if (plan.repeated > 0) throw repeats(`${plan.repeated} targets scored again`);
    this.writer = new LedgerWriter(file, {
      evaluator: `bpb-harness ${harnessVersion()}`,
      tokens: plan.tokens,
      documents: data.stream.documentStarts.length,
      stream_sha256: streamSha256(data.stream.ids),
      artifact: artifact.sha256,
      reset: resetOf(artifact.adaptive),
    });
    this.sequence = new LedgerSequence(this.writer, range[0], lanes * BATCHES_AHEAD);
  }

  /** Waits until a batch may start, so that what waits for an earlier one is bounded. */
  admit(batch: number): Promise<void> {
    return this.sequence.admit(batch);
  }

  /** A lane has ended: nobody may wait for it. */
  release(): void {
    this.sequence.release();
  }

  enter(batch: number, result: RowsScore): void {
    this.sequence.enter(
      batch,
      result.events ?? scoreEvents(result.runs, result.totals, result.infiniteRuns),
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

function repeats(actual: string) {
  return usageError('BPB_USAGE_LEDGER', {
    message: 'a ledger holds each target once, and the historical evaluator scores some again',
    path: '--ledger',
    expected: '--ledger without --compat',
    actual,
  });
}
