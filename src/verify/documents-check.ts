/**
 * Checks of `documents.csv`: its sums are the totals, and its documents give the interval.
 */
import { uncertaintyOf } from '../score/figures.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { equalFigures, type Figure, notChecked } from './check.js';
import type { DocumentTable } from './documents-table.js';
import { comparedDocuments } from './generalisation-check.js';
import type { VerifyCheck } from './types.js';

type Result = ScoreResult | ClaimedResult;

/** Quantiles and square roots of another machine may differ in their last digits. */
const INTERVAL_TOLERANCE = 1e-9;

export const DOCUMENT_SUMS = {
  name: 'documents',
  what: 'the sums of documents.csv are the totals',
};
export const INTERVAL = {
  name: 'interval',
  what: 'standard error and interval follow from them',
};

export function documentChecks(result: Result, table: DocumentTable): VerifyCheck[] {
  const compared = comparedDocuments(result, table);
  const own = [sumsCheck(result, table), intervalCheck(result, table)];
  return compared === null ? own : [...own, compared];
}

function sumsCheck({ totals }: Result, table: DocumentTable): VerifyCheck {
  const { bytes } = totals;
  const sum = (column: Float64Array) => column.reduce((all, each) => all + each, 0);
  const nats = table.q30.reduce((all, each) => all + each, 0n);
  // NaN where a document does not know its bytes; the total is then null.
  const known = (column: Float64Array) => {
    const all = sum(column);
    return Number.isNaN(all) || table.rows === 0 ? null : all;
  };
  const figures: Figure[] = [
    { field: 'targets', expected: totals.targets, found: sum(table.targets) },
    { field: 'nats_q30', expected: totals.nats_q30, found: String(nats) },
    { field: 'lut bytes', expected: bytes.lut, found: sum(table.lut) },
    { field: 'decoded bytes', expected: bytes.decoded, found: sum(table.decoded) },
  ];
  if (table.rows > 0) {
    figures.push({ field: 'sidecar bytes', expected: bytes.sidecar, found: known(table.sidecar) });
  }
  // A total that is withheld claims nothing.
  if (bytes.original !== null) {
    const found = known(table.original) ?? (table.rows === 0 ? 0 : null);
    figures.push({ field: 'original bytes', expected: bytes.original, found });
  }
  return equalFigures(DOCUMENT_SUMS, figures);
}

function intervalCheck({ score, totals }: Result, table: DocumentTable): VerifyCheck {
  if (score.val_bpb === null) return notChecked(INTERVAL, 'there is no headline');
  const { stderr, ci95 } = uncertaintyOf(table.q30, table[totals.headline]);
  const exact = [
    { field: 'stderr_bpb', expected: stderr, found: score.stderr_bpb },
    { field: 'ci95_bpb', expected: ci95, found: score.ci95_bpb },
  ];
  const strict = equalFigures(INTERVAL, exact);
  if (strict.verdict === 'pass') return strict;
  const near = exact.map((figure) => ({ ...figure, tolerance: INTERVAL_TOLERANCE }));
  return equalFigures(INTERVAL, near, `equal within ${INTERVAL_TOLERANCE}, relative`);
}
