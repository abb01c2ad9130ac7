/**
 * Composes the result document from what a run left behind.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { ByteTotals as Accounted, TargetRange } from '../bytes/accounting.js';
import type { Identified } from '../data/known.js';
import type { RunTimes } from '../run/times.js';
import { harnessVersion } from '../version.js';
import { dataFigures, dataNotes, knownAs, scoreFigures, sealed, totalFigures } from './figures.js';
import { identityOf } from './identity.js';
import { precisionOf } from './optimize-run.js';
import type { Prepared } from './prepare.js';
import type { ScoreResult } from './result.js';
import type { Scored } from './score.js';
import { refused } from './strict.js';

/** The result; closes the ledger first, so that none is given where a target is missing. */
export function composeResult(prepared: Prepared, scored: Scored, bytes: Accounted): ScoreResult {
  const { artifact, data, plan, batches, batchTokens, parallel, placement } = prepared;
  const { opened, totals, ledger, times, rewritten, seconds } = scored;
  const skipped = [...plan.skipped];
  const inOtherParts = plan.scored - ledger.scored;
  if (prepared.options.part !== undefined && inOtherParts > 0) {
    skipped.push({ reason: 'part', targets: inOtherParts });
  }
  ledger.close(skipped.reduce((sum, skip) => sum + skip.targets, 0));

  const targets = totals.totalTargets();
  const known = knownAs(data, targets);
  const info = opened.info;
  const result: Omit<ScoreResult, 'identity' | 'run'> & { run: { harness: string } } = {
    schema: 'bpb-result/1',
    score: scoreFigures(totals, bytes, 'computed', contradicted(scored)),
    totals: totalFigures(totals, bytes),
    coverage: {
      tokens: plan.tokens,
      documents: data.stream.documentStarts.length,
      scored: ledger.scored,
      repeated: ledger.repeated,
      partial: data.partial || prepared.options.part !== undefined,
      skipped,
    },
    window: plan.options,
    artifact: {
      name: artifact.name,
      sha256: artifact.sha256,
      model_sha256: artifact.model.sha256,
      bytes_counted: artifact.size.bytesCounted,
      bytes_limit: artifact.size.bytesLimit,
      within_limit: artifact.size.withinLimit,
      size_note: artifact.size.note,
    },
    ...dataFigures(prepared, known),
    engine: {
      name: info.name,
      provider: info.provider,
      device: info.device,
      precision: precisionOf(info, rewritten),
      instruction_set: info.instructionSet,
      devices:
        info.provider === 'cpu' || placement.gpus === null
          ? ['cpu']
          : placement.gpus.indexes.map((index) => `cuda:${index}`),
      batch: times.shape ?? batches.shape,
      batch_tokens: batchTokens,
      workers: parallel.workers,
      threads: info.threads,
      versions: info.versions,
      device_to_host_bytes: times.deviceToHostBytes,
    },
    adaptive: adaptiveOf(artifact.adaptive, times),
    verification: scored.verification,
    optimization: scored.optimization,
    ledger: scored.record,
    probes: scored.probes,
    time: {
      load_s: seconds.load,
      score_s: seconds.score,
      run_s: times.runSeconds,
      nll_s: times.scoreSeconds,
      verify_s: seconds.verify,
      total_s: seconds.total,
      targets_per_s: targets / seconds.score,
    },
    notes: notesOf(prepared, [...opened.notes, ...times.remarks], known),
    run: { harness: harnessVersion() },
  };
  return sealed({ ...result, identity: identityOf(result) }, prepared.options.command ?? '');
}

function adaptiveOf(
  adaptive: Adaptive | null,
  { adaptations, adaptSeconds }: RunTimes,
): ScoreResult['adaptive'] {
  if (adaptive === null) return null;
  const { chunk, context, steps } = adaptive;
  const reset = resetsAtDocuments(adaptive) ? 'document' : 'never';
  return { chunk, context, steps, reset, adaptations, adapt_s: adaptSeconds };
}

/** Bytes of the targets that this run's rows score. */
export function accountBytes(prepared: Prepared): Accounted {
  return prepared.accounting.totals(scoredRanges(prepared));
}

/** Rows that follow each other as one range: a run has a million rows, and few gaps between them. */
function* scoredRanges({ plan, batches, range }: Prepared): Generator<TargetRange> {
  let first = 0;
  let end = 0;
  for (let b = range[0]; b < range[1]; b++) {
    for (const index of batches.rows(b)) {
      const { start, length, firstScored } = plan.row(index);
      const from = start + firstScored + 1;
      if (from !== end) {
        if (end > first) yield [first, end - first];
        first = from;
      }
      end = start + length + 1;
    }
  }
  if (end > first) yield [first, end - first];
}

/** Whether a probe, or a second opinion on the run or on its rewritten model, speaks against it. */
function contradicted({ verification, optimization, probes }: Scored): boolean {
  return verification.verdict === 'fail' || optimization?.verdict === 'fail' || refused(probes);
}

function notesOf(
  { artifact, data, options, accounting }: Prepared,
  engineNotes: readonly string[],
  known: Identified | null,
): string[] {
  const { caution, limits, bytes } = dataNotes(data, accounting, known);
  const notes = [...engineNotes, ...caution];
  const lossy = artifact.model.graph.quantizedActivations;
  if (lossy > 0) {
    notes.push(
      `the graph itself asks for int8 activations in ${lossy} nodes (MatMulNBits, accuracy_level 4)`,
    );
  }
  notes.push(...limits);
  if (options.part !== undefined) {
    notes.push(`partial: part ${options.part[0]} of ${options.part[1]}`);
  }
  return [...notes, ...bytes];
}
