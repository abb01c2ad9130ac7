/**
 * Composes the result document from what a run left behind.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { ByteTotals as Accounted, TargetRange } from '../bytes/accounting.js';
import { type Identified, identify } from '../data/known.js';
import { harnessCommit, harnessVersion } from '../version.js';
import { hashJson, identityOf } from './identity.js';
import { precisionOf } from './optimize-run.js';
import type { DocumentRow } from './outputs.js';
import type { Prepared } from './prepare.js';
import type { ScoreResult } from './result.js';
import type { RunTimes } from './run.js';
import type { Scored } from './score.js';
import { ratioUncertainty } from './statistics.js';
import { type DocumentTotals, natsOf } from './totals.js';

/** The result; closes the ledger first, so that none is given where a target is missing. */
export function composeResult(prepared: Prepared, scored: Scored, bytes: Accounted): ScoreResult {
  const { artifact, tokenizer, data, plan, batches, batchTokens, parallel, placement } = prepared;
  const { opened, totals, ledger, times, rewritten, seconds } = scored;
  const skipped = [...plan.skipped];
  const inOtherParts = plan.scored - ledger.scored;
  if (prepared.options.part !== undefined && inOtherParts > 0) {
    skipped.push({ reason: 'part', targets: inOtherParts });
  }
  ledger.close(skipped.reduce((sum, skip) => sum + skip.targets, 0));

  const targets = totals.totalTargets();
  const known = knownAs(prepared, targets);
  const info = opened.info;
  const result: Omit<ScoreResult, 'identity' | 'run'> & { run: { harness: string } } = {
    schema: 'bpb-result/1',
    score: scoreOf(scored, bytes, targets),
    totals: {
      targets,
      nats: natsOf(totals.totalQ30()),
      nats_q30: String(totals.totalQ30()),
      bytes: {
        lut: bytes.lut,
        sidecar: bytes.sidecar,
        decoded: bytes.decoded,
        original: bytes.original,
      },
      headline: bytes.headline,
      unverified: bytes.headline === 'sidecar' && bytes.sidecarStatus === 'unverified',
      documents_lossy: bytes.documentsLossy,
    },
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
    tokenizer: { kind: tokenizer.kind, vocab: tokenizer.pieces.length, sha256: tokenizer.sha256 },
    data: {
      shards: [...data.shards],
      sidecars: [...(data.sidecar?.files ?? [])],
      documents: data.documents,
      known_as: known === null ? null : { name: known.name, by: known.by },
    },
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
    time: {
      load_s: seconds.load,
      score_s: seconds.score,
      run_s: times.runSeconds,
      nll_s: times.scoreSeconds,
      verify_s: seconds.verify,
      total_s: seconds.total,
      targets_per_s: targets / seconds.score,
    },
    notes: notesOf(prepared, [...opened.notes, ...times.remarks], known?.caution),
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

/** `run.sha256` is over everything else: a result that was edited no longer matches it. */
function sealed(
  result: Omit<ScoreResult, 'run'> & { run: { harness: string } },
  command: string,
): ScoreResult {
  const run = {
    ...result.run,
    commit: harnessCommit(),
    command,
    date: new Date().toISOString(),
  };
  return { ...result, run: { ...run, sha256: hashJson({ ...result, run }) } };
}

/** Bytes of the targets that this run's rows score. */
export function accountBytes(prepared: Prepared): Accounted {
  return prepared.accounting.totals(scoredRanges(prepared));
}

function* scoredRanges({ plan, batches, range }: Prepared): Generator<TargetRange> {
  for (let b = range[0]; b < range[1]; b++) {
    for (const index of batches.rows(b)) {
      const { start, length, firstScored } = plan.row(index);
      yield [start + firstScored + 1, length - firstScored];
    }
  }
}

function scoreOf(
  { totals, verification, optimization }: Scored,
  bytes: Accounted,
  targets: number,
): ScoreResult['score'] {
  const { count, first } = totals.infinite;
  const infinite = { infinite_targets: count, first_infinite: count > 0 ? first : null };
  const none = { val_bpb: null, bpb_original: null, stderr_bpb: null, ci95_bpb: null };
  if (count > 0) return { val_loss: null, bits_per_token: null, ...none, ...infinite };
  const nats = natsOf(totals.totalQ30());
  const val_loss = nats / targets;
  const bits_per_token = val_loss / Math.LN2;
  // A run that its own second opinion contradicts, or the model as it was, keeps its totals, for
  // whoever looks for the cause, and loses its headline.
  const contradicted = verification.verdict === 'fail' || optimization?.verdict === 'fail';
  if (contradicted) return { val_loss, bits_per_token, ...none, ...infinite };
  const bits = nats / Math.LN2;
  const { stderr, ci95 } = uncertainty(totals.nats, bytes);
  return {
    val_loss,
    val_bpb: bytes.bytes > 0 ? bits / bytes.bytes : null,
    bpb_original: bytes.original !== null && bytes.original > 0 ? bits / bytes.original : null,
    bits_per_token,
    stderr_bpb: stderr,
    ci95_bpb: ci95,
    ...infinite,
  };
}

function uncertainty(nats: BigInt64Array, { byDocument, headline }: Accounted) {
  const own = headline === 'sidecar' ? byDocument.sidecar! : byDocument.lut;
  const scored = Array.from(byDocument.targets.keys()).filter((d) => byDocument.targets[d]! > 0);
  return ratioUncertainty(
    Float64Array.from(scored, (d) => natsOf(nats[d]!) / Math.LN2),
    Float64Array.from(scored, (d) => own[d]!),
  );
}

function knownAs({ data, plan }: Prepared, targets: number): Identified | null {
  return identify({
    documents: data.stream.documentStarts.length,
    tokens: plan.tokens,
    targets,
    ...(data.facts === null
      ? {}
      : { bytes: data.facts.originalBytes.reduce((sum, length) => sum + length, 0) }),
  });
}

function notesOf(
  { artifact, data, options, accounting }: Prepared,
  engineNotes: readonly string[],
  caution: string | undefined,
): string[] {
  const notes = [...engineNotes];
  if (caution !== undefined) notes.push(`about this data: ${caution}`);
  const lossy = artifact.model.graph.quantizedActivations;
  if (lossy > 0) {
    notes.push(
      `the graph itself asks for int8 activations in ${lossy} nodes (MatMulNBits, accuracy_level 4)`,
    );
  }
  if (options.limitDocs !== undefined && data.partial) {
    notes.push(`partial: the first ${data.stream.documentStarts.length} documents only`);
  }
  if (options.part !== undefined) {
    notes.push(`partial: part ${options.part[0]} of ${options.part[1]}`);
  }
  if (accounting.sidecarStatus === 'unverified' && accounting.headline === 'sidecar') {
    notes.push('the sidecar is unverified: give the documents with --docs to confirm it');
  }
  return notes;
}

/** Rows of `documents.csv`: documents with at least one scored target. */
export function* documentRows(
  { byDocument }: Accounted,
  totals: DocumentTotals,
): Generator<DocumentRow> {
  for (let d = 0; d < byDocument.targets.length; d++) {
    if (byDocument.targets[d] === 0) continue;
    const original = byDocument.original?.[d] ?? null;
    yield {
      document: d,
      targets: byDocument.targets[d]!,
      nats_q30: totals.nats[d]!,
      bytes_lut: byDocument.lut[d]!,
      bytes_sidecar: byDocument.sidecar?.[d] ?? null,
      bytes_decoded: byDocument.decoded[d]!,
      bytes_original: original === null || Number.isNaN(original) ? null : original,
      complete: byDocument.complete[d] === 1,
    };
  }
}
