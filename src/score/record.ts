/**
 * The recorder of a run in its ledger file: `--ledger FILE`.
 */
import { closeSync, lstatSync, openSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import { usageError } from '../errors.js';
import { repeatedTargetsError } from '../evaluation/checks/flags.js';
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { LedgerHeader, LedgerReference } from '../ledger/format.js';
import { LedgerSequence } from '../ledger/sequence.js';
import { streamSha256 } from '../ledger/stream-hash.js';
import { LedgerWriter, ledgerExists } from '../ledger/writer.js';
import type { RowsScore } from '../run/messages.js';
import { scoreEvents } from '../run/scored-spans.js';
import { harnessVersion } from '../version.js';
import { writing } from '../write-error.js';
import { RUN_FILES } from './outputs.js';

/** Batches that may be dispatched ahead of a slow one, for each that is in flight. */
const BATCHES_AHEAD = 8;

/**
 * Refuses what cannot become a new ledger, before anything is loaded.
 *
 * @param out of the same run, whose files must be others
 * @throws BPB_LEDGER_EXISTS, BPB_USAGE_LEDGER (usage); BPB_WRITE_FAILED (environment)
 */
export function checkNewLedger(file: string, out?: string): void {
  const names = out === undefined ? [] : ['.', ...RUN_FILES.map(({ name }) => name)];
  if (names.some((name) => resolve(out!, name) === resolve(file))) {
    throw usageError('BPB_USAGE_LEDGER', {
      message: 'the ledger would stand where --out writes a file of its own',
      path: file,
      expected: 'another file for --ledger',
      actual: `--out ${out}`,
      hint: `--ledger ${file}.ledger`,
    });
  }
  const where = { path: file, what: 'the ledger' };
  const status = writing(where, () => lstatSync(file, { throwIfNoEntry: false }));
  if (status !== undefined) throw ledgerExists(file);
  const folder = dirname(resolve(file));
  // The directory of --out is made for the run, and the ledger may be beside its files.
  if (out !== undefined && folder === resolve(out)) return;
  writing(where, () => {
    const probe = join(folder, `.bpb-${process.pid}`);
    closeSync(openSync(probe, 'wx'));
    rmSync(probe);
  });
}

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
