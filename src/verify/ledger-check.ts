/**
 * The check of the ledger that a result names, where it is still there.
 */
import { statSync } from 'node:fs';
import { BpbError } from '../errors.js';
import { type CheckedLedger, checkLedger } from '../ledger/check.js';
import { outcomeOf } from '../ledger/outcome.js';
import { violationText } from '../ledger/violations.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { equalFigures, type Figure, failed, notChecked } from './check.js';
import type { VerifyCheck } from './types.js';

type Result = ScoreResult | ClaimedResult;

const LEDGER = { name: 'ledger', what: 'the ledger keeps its rules, and is of this result' };

/** Nothing for a result that names no ledger. */
export async function ledgerChecks(result: Result): Promise<VerifyCheck[]> {
  // A version that knew no ledger leaves it out.
  if ((result.ledger ?? null) === null) return [];
  const { file } = result.ledger!;
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return [notChecked(LEDGER, `${file} is not there`)];
  // The open of a FIFO would wait for its writer.
  if (!stat.isFile()) return [notChecked(LEDGER, `${file} is no plain file`)];
  let checked: CheckedLedger;
  try {
    checked = await checkLedger(file);
  } catch (error) {
    if (!(error instanceof BpbError) || error.code !== 'BPB_LEDGER_NOT_ONE') throw error;
    return [failed(LEDGER, 'a ledger', `${file}: ${error.message}`)];
  }
  const [first] = checked.violations.list();
  if (first !== undefined) {
    return [failed(LEDGER, 'every rule kept', `${file}: ${first.code}, ${violationText(first)}`)];
  }
  return [equalFigures(LEDGER, figuresOf(result, checked))];
}

function figuresOf(result: Result, checked: CheckedLedger): Figure[] {
  const { header, hash, scored, q30, infinite } = checked;
  const { ledger, totals, score } = result;
  const figures: Figure[] = [
    { field: 'ledger.hash', expected: hash, found: ledger!.hash },
    { field: 'totals.targets', expected: scored, found: totals.targets },
    { field: 'totals.nats_q30', expected: String(q30), found: totals.nats_q30 },
    { field: 'infinite_targets', expected: infinite, found: score.infinite_targets },
  ];
  // Results and ledgers of earlier versions name no run.
  if (ledger!.run !== undefined) {
    figures.push({ field: 'ledger.run', expected: header.run ?? null, found: ledger!.run });
  }
  if (result.engine === null) {
    const { result: outcome } = result.claim;
    if (outcome === undefined) return figures;
    return [...figures, { field: 'claim.result', expected: outcomeOf(checked), found: outcome }];
  }
  if (header.run === undefined) return figures;
  const named = checked.result?.sha256 ?? 'none: the run gave no result';
  return [...figures, { field: 'run.sha256', expected: named, found: result.run.sha256 }];
}
