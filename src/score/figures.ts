/**
 * The figures of a score that do not depend on where its nats come from: ratios, totals, data.
 */
import type { ByteTotals as Accounted } from '../bytes/accounting.js';
import { DENOMINATOR_EXCEEDS } from '../bytes/ceiling.js';
import type { Denominator } from '../bytes/denominator.js';
import { type Identified, identify } from '../data/known-sets.js';
import type { OpenData } from '../evaluation/open-data.js';
import { bySeverity, type Finding, withholds } from '../finding.js';
import { type DocumentTotals, natsOf } from '../run/totals.js';
import { harnessCommit } from '../version.js';
import { plural } from '../words.js';
import { hashJson } from './identity.js';
import { PROBABILITIES } from './logits-kind.js';
import type { DocumentRow } from './outputs.js';
import type { ScoreResult } from './result.js';
import { ratioUncertainty, type Uncertainty } from './statistics.js';

type Evidence = ScoreResult['score']['evidence'];

const NO_HEADLINE = { val_bpb: null, bpb_original: null, stderr_bpb: null, ci95_bpb: null };

/** Everything that the totals give, whatever is found to be wrong with them. */
export function scoreFigures(
  totals: DocumentTotals,
  bytes: Accounted,
  evidence: Evidence,
): ScoreResult['score'] {
  const { count, first } = totals.infinite;
  const common = {
    evidence,
    infinite_targets: count,
    first_infinite: count > 0 ? first : null,
  };
  // No mean of nothing: a part may have no batch, and a short stream no whole row.
  if (count > 0 || totals.totalTargets() === 0)
    return { val_loss: null, bits_per_token: null, ...NO_HEADLINE, ...common };
  const { bytes: headline, original } = bytes;
  const { stderr, ci95 } = uncertainty(totals.q30, bytes);
  return {
    ...ratioFigures(totals.totalQ30(), totals.totalTargets(), { headline, original }),
    stderr_bpb: stderr,
    ci95_bpb: ci95,
    ...common,
  };
}

type Ratios = Pick<
  ScoreResult['score'],
  'val_loss' | 'val_bpb' | 'bpb_original' | 'bits_per_token'
>;

/**
 * The ratios that totals come to.
 *
 * @param q30 nats in steps of 2^-30
 * @param targets at least one
 */
export function ratioFigures(
  q30: bigint,
  targets: number,
  bytes: { readonly headline: number; readonly original: number | null },
): Ratios {
  const nats = natsOf(q30);
  const bits = nats / Math.LN2;
  const over = (count: number | null) => (count !== null && count > 0 ? bits / count : null);
  const val_loss = nats / targets;
  return {
    val_loss,
    val_bpb: over(bytes.headline),
    bpb_original: over(bytes.original),
    bits_per_token: val_loss / Math.LN2,
  };
}

/**
 * The status and the figures that findings leave: where one of them fails, the loss stays, to search
 * for the cause, and the headline does not. Of probabilities in place of logits there is no loss. Where
 * only the denominator is too large, the bits over the published bytes are still the model's.
 */
export function judged(
  score: ScoreResult['score'],
  found: readonly Finding[],
): Pick<ScoreResult, 'status' | 'score' | 'findings'> {
  const findings = bySeverity(found);
  if (!withholds(findings)) return { status: 'scored', score, findings };
  const meaningless = findings.some(({ id }) => id === PROBABILITIES);
  const loss = meaningless ? { val_loss: null, bits_per_token: null } : {};
  const others = findings.filter(({ id }) => id !== DENOMINATOR_EXCEEDS);
  const original = withholds(others) ? {} : { bpb_original: score.bpb_original };
  const withheld = { ...score, ...loss, ...NO_HEADLINE, ...original };
  return { status: 'withheld', score: withheld, findings };
}

function uncertainty(nats: BigInt64Array, { byDocument, headline }: Accounted) {
  const own = headline === 'sidecar' ? byDocument.sidecar! : byDocument.lut;
  const scored = Array.from(byDocument.targets.keys()).filter((d) => byDocument.targets[d]! > 0);
  return uncertaintyOf(
    Array.from(scored, (d) => nats[d]!),
    Float64Array.from(scored, (d) => own[d]!),
  );
}

/**
 * Of bits per byte over documents with a scored target.
 *
 * @param q30 nats of each, in steps of 2^-30
 * @param bytes of each, in the headline accounting
 */
export function uncertaintyOf(q30: ArrayLike<bigint>, bytes: Float64Array): Uncertainty {
  return ratioUncertainty(
    Float64Array.from(q30, (nats) => natsOf(nats) / Math.LN2),
    bytes,
  );
}

export function totalFigures(
  totals: DocumentTotals,
  bytes: Accounted,
  denominator: Denominator,
): ScoreResult['totals'] {
  const q30 = totals.totalQ30();
  const { lut, sidecar, decoded, original } = bytes;
  return {
    targets: totals.totalTargets(),
    nats: natsOf(q30),
    nats_q30: String(q30),
    bytes: { lut, sidecar, decoded, original },
    headline: bytes.headline,
    denominator,
    documents_lossy: bytes.documentsLossy,
    documents_altered: bytes.documentsAltered,
  };
}

/** What was scored, and the tokenizer that says how many bytes it is. */
export function dataFigures(
  { data, tokenizer }: { data: OpenData; tokenizer: OpenData['tokenizer'] },
  known: Identified | null,
): Pick<ScoreResult, 'tokenizer' | 'data'> {
  return {
    tokenizer: {
      kind: tokenizer.kind,
      vocab: tokenizer.pieces.length,
      sha256: tokenizer.sha256,
      bos: tokenizer.bosId,
      document_start: tokenizer.documentStart,
      normalizer_sha256: tokenizer.normalizer?.sha256 ?? null,
    },
    data: {
      shards: [...data.shards],
      sidecars: [...(data.sidecar?.files ?? [])],
      documents: documentsOf(data),
      known_as: known === null ? null : { name: known.name, by: known.by },
    },
  };
}

function documentsOf({ documents, facts }: OpenData): ScoreResult['data']['documents'] {
  return documents === null ? null : { ...documents, bytes: publishedBytes(facts) };
}

/** UTF-8 bytes of the published texts. */
function publishedBytes(facts: OpenData['facts']): number {
  return facts?.originalBytes.reduce((sum, length) => sum + length, 0) ?? 0;
}

/** Which known set has these counts. */
export function identifyData({ stream, facts }: OpenData, targets: number): Identified | null {
  return identify({
    documents: stream.documentStarts.length,
    tokens: stream.ids.length,
    targets,
    ...(facts === null ? {} : { bytes: publishedBytes(facts) }),
  });
}

/** Notes on the data. */
export function dataNotes(data: OpenData): string[] {
  if (!data.partial) return [];
  const { length } = data.stream.documentStarts;
  return [`partial: the first ${length === 1 ? 'document' : plural(length, 'document')} only`];
}

/** `run.sha256` is over everything else: a result that was edited no longer matches it. */
export function withRunHash<T extends { run: { harness: string } }>(
  result: T,
  command: string,
): Omit<T, 'run'> & Pick<ScoreResult, 'run'> {
  const run = {
    ...result.run,
    commit: harnessCommit(),
    command,
    date: new Date().toISOString(),
  };
  return { ...result, run: { ...run, sha256: hashJson({ ...result, run }) } };
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
      nats_q30: totals.q30[d]!,
      bytes_lut: byDocument.lut[d]!,
      bytes_sidecar: byDocument.sidecar?.[d] ?? null,
      bytes_decoded: byDocument.decoded[d]!,
      bytes_original: original === null || Number.isNaN(original) ? null : original,
      complete: byDocument.complete[d] === 1,
    };
  }
}
