/**
 * The tables beside a result: found by the result's own list, and held against its hashes.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { BpbError } from '../errors.js';
import { DOCUMENTS_FILE, hashFile, TARGETS_FILE } from '../score/outputs.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { TargetsFile } from '../score/targets-file.js';
import { failed, notChecked, passed } from './check.js';
import type { ReadResult } from './read.js';
import { TARGETS } from './targets-check.js';
import type { VerifyCheck } from './types.js';

type Result = ScoreResult | ClaimedResult;

const FILES = {
  name: 'files',
  what: 'the tables are the files that the run wrote',
};

/** Of a table: its path where it is there to be read, and why it is not where it is not. */
export interface TablePath {
  readonly path: string | null;
  readonly why: string;
}

interface Tables {
  readonly check: VerifyCheck;
  readonly documents: TablePath;
  readonly targets: TablePath;
}

export function findTables({ folder, result }: ReadResult): Tables {
  const { files } = result as { files?: Result['files'] };
  if (files === null) {
    const why = 'the run wrote no files: bpb score --out DIR does';
    const none = { path: null, why };
    return { check: notChecked(FILES, why), documents: none, targets: none };
  }
  const documents = tableOf(folder, DOCUMENTS_FILE, files);
  const targets = tableOf(folder, TARGETS_FILE, files);
  return { check: hashesCheck(folder, files), documents, targets };
}

function tableOf(folder: string, name: string, files: Result['files'] | undefined): TablePath {
  const path = join(folder, name);
  // An older result has no list: what stands beside it is held against its totals alone.
  if (files !== undefined && !files!.some(({ file }) => file === name)) {
    const flag = name === TARGETS_FILE ? '--out DIR --save-targets' : '--out DIR';
    return { path: null, why: `the run wrote no ${name}: bpb score ${flag} does` };
  }
  return isThere(path) ? { path, why: '' } : { path: null, why: `there is no ${path}` };
}

function hashesCheck(folder: string, files: Result['files'] | undefined): VerifyCheck {
  if (files === undefined) {
    return notChecked(FILES, 'a result of an older version does not list its files');
  }
  const lacking: string[] = [];
  for (const { file, bytes, sha256 } of files!) {
    // The name comes from the result: only the two tables are ever opened.
    if (file !== DOCUMENTS_FILE && file !== TARGETS_FILE) continue;
    const path = join(folder, file);
    if (!isThere(path)) {
      lacking.push(file);
      continue;
    }
    const found = hashFile(path);
    if (found === null) return failed(FILES, `${file}, a plain file`, 'something else');
    if (found.sha256 === sha256) continue;
    return failed(
      FILES,
      `${file} of ${bytes} bytes, sha256 ${sha256}`,
      `${found.bytes} bytes, sha256 ${found.sha256}`,
      'it is another run’s, was cut short, or was changed',
    );
  }
  return lacking.length === 0
    ? passed(FILES)
    : notChecked(FILES, `not in ${folder}: ${lacking.join(', ')}`);
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Nats by target, or the check that says why there are none. */
export function readTargets(path: string, { coverage }: Result): Float32Array | VerifyCheck {
  try {
    return new TargetsFile(path, coverage.tokens).nats;
  } catch (error) {
    if (!(error instanceof BpbError) || error.kind !== 'input') throw error;
    return failed(TARGETS, error.expected ?? 'one fp32 a target', error.actual ?? error.message);
  }
}
