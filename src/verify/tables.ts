/**
 * The checks of the tables beside a result: `documents.csv` and `targets.f32`, or the nats of a claim.
 */
import { existsSync } from 'node:fs';
import { inputError } from '../errors.js';
import type { Progress } from '../progress.js';
import { hashFile } from '../score/outputs.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { failed, notChecked, passed } from './check.js';
import { DOCUMENT_SUMS, documentChecks, INTERVAL } from './documents-check.js';
import { type DocumentTable, DocumentTableError, readDocumentTable } from './documents-table.js';
import { findTables, readTargets, type TablePath } from './files.js';
import type { ReadResult } from './read.js';
import { TARGETS, targetsCheck } from './targets-check.js';
import type { VerifyCheck } from './types.js';

type Result = ScoreResult | ClaimedResult;

/** The checks, and the tables that could be read; nats are null where their sum is another one. */
export interface Tables {
  readonly checks: readonly VerifyCheck[];
  readonly documents: DocumentTable | null;
  readonly nats: Float32Array | null;
}

export async function checkTables(
  read: ReadResult,
  onProgress: (progress: Progress) => void,
): Promise<Tables> {
  try {
    return await checksOf(read, onProgress);
  } catch (cause) {
    const { errno, path, message } = cause as NodeJS.ErrnoException;
    if (errno === undefined) throw cause;
    throw inputError('BPB_RESULT_UNREADABLE', {
      message: 'a table of the result cannot be read',
      path: path ?? read.folder,
      expected: 'a file that can be read',
      actual: message,
      cause,
    });
  }
}

async function checksOf(
  read: ReadResult,
  onProgress: (progress: Progress) => void,
): Promise<Tables> {
  const { result } = read;
  onProgress({ phase: 'data', done: 0, total: null, unit: 'documents', bpb: null });
  const { check, documents, targets } = findTables(read);
  const { checks, table } = await checkDocuments(documents, result, onProgress);
  const claimed = 'claim' in result;
  const own = claimed ? claimedNats(result) : { check, path: targets };
  const { nats, check: sums } = checkTargets(own.path, result);
  return { checks: [own.check, ...checks, sums], documents: table, nats };
}

async function checkDocuments(
  { path, why }: TablePath,
  result: Result,
  onProgress: (progress: Progress) => void,
): Promise<{ checks: VerifyCheck[]; table: DocumentTable | null }> {
  const none = [DOCUMENT_SUMS, INTERVAL];
  if (path === null) return { checks: none.map((each) => notChecked(each, why)), table: null };
  try {
    const table = await readDocumentTable(path, result.coverage.documents, onProgress);
    return { checks: documentChecks(result, table), table };
  } catch (error) {
    if (!(error instanceof DocumentTableError)) throw error;
    const wrong = failed(
      DOCUMENT_SUMS,
      'a row a scored document, as bpb score writes it',
      error.message,
    );
    return { checks: [wrong, notChecked(INTERVAL, 'documents.csv cannot be read')], table: null };
  }
}

function checkTargets(
  { path, why }: TablePath,
  result: Result,
): { check: VerifyCheck; nats: Float32Array | null } {
  if (path === null) return { check: notChecked(TARGETS, why), nats: null };
  const nats = readTargets(path, result);
  if (!(nats instanceof Float32Array)) return { check: nats, nats: null };
  const check = targetsCheck(result, nats);
  return { check, nats: check.verdict === 'fail' ? null : nats };
}

/** The nats that a claim was made of, where they are still where they were. */
function claimedNats({ claim }: ClaimedResult): { check: VerifyCheck; path: TablePath } {
  const question = { name: 'files', what: 'the nats are those that the claim was made of' };
  const { file, sha256 } = claim.targets;
  if (!existsSync(file)) {
    const why = `there is no ${file}, from this directory`;
    return { check: notChecked(question, why), path: { path: null, why } };
  }
  const found = hashFile(file);
  if (found === null) {
    const why = `${file} is no plain file`;
    return { check: failed(question, 'a plain file', why), path: { path: null, why } };
  }
  const check =
    found.sha256 === sha256
      ? passed(question)
      : failed(question, `${file} of sha256 ${sha256}`, `sha256 ${found.sha256}`);
  return { check, path: { path: file, why: '' } };
}
