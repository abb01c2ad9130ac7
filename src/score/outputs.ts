/**
 * The files of `--out DIR`: the journal while a run goes on, its tables and its result at the end.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type OutDirectory, writeWhole } from '../out-directory.js';
import type { RowsScore } from '../run/messages.js';
import { writing } from '../write-error.js';
import type { OutputFile, ScoreResult } from './result.js';

/** Names of the files; the journal is of the run and not of its result. */
export const RESULT_FILE = 'result.json';
export const DOCUMENTS_FILE = 'documents.csv';
export const TARGETS_FILE = 'targets.f32';

/** Bytes read and hashed at once. */
const BLOCK = 1 << 22;

/** A row of `documents.csv`. */
export interface DocumentRow {
  document: number;
  targets: number;
  nats_q30: bigint;
  bytes_lut: number;
  bytes_sidecar: number | null;
  bytes_decoded: number | null;
  bytes_original: number | null;
  /** Whether every target of the document was scored. */
  complete: boolean;
}

export class OutputDirectory {
  private readonly journal: string;
  private targets: number | null = null;

  /**
   * @param path made and looked through already (`withOutDirectory`); one run owns it
   * @param tokens stream length: `targets.f32` has one float a target, in stream order
   */
  constructor(
    readonly path: string,
    header: Record<string, unknown>,
    saveTargets: { tokens: number } | null,
  ) {
    this.journal = join(path, 'journal.jsonl');
    this.guard(() => {
      writeFileSync(this.journal, `${JSON.stringify({ schema: 'bpb-journal/1', ...header })}\n`, {
        flag: 'wx',
      });
      if (saveTargets !== null) this.targets = this.openTargets(saveTargets.tokens);
    });
  }

  /** Enters a merged batch: its runs as `[document, first target, count, nats_q30]`. */
  append(batch: number, { spans, q30, infinite, nats }: RowsScore): void {
    const lines = Array.from(spans.count, (count, r) => [
      spans.document[r],
      spans.first[r],
      count,
      String(q30[r]),
    ]);
    const entry = infinite.count > 0 ? { batch, runs: lines, infinite } : { batch, runs: lines };
    this.guard(() => {
      appendFileSync(this.journal, `${JSON.stringify(entry)}\n`);
      if (this.targets !== null && nats !== null) this.writeTargets(this.targets, spans, nats);
    });
  }

  /** Writes the table of documents, closes the nats of the targets, and gives the hashes of both. */
  writeTables(documents: Iterable<DocumentRow>): OutputFile[] {
    const files: OutputFile[] = [];
    this.guard(() => {
      const table = documentsCsv(documents);
      writeWhole(join(this.path, DOCUMENTS_FILE), table);
      const bytes = Buffer.byteLength(table);
      const sha256 = createHash('sha256').update(table).digest('hex');
      files.push({ file: DOCUMENTS_FILE, bytes, sha256 });
      if (this.targets === null) return;
      closeSync(this.targets);
      files.push({ file: TARGETS_FILE, ...hashFile(join(this.path, TARGETS_FILE))! });
    });
    return files;
  }

  writeResult(result: ScoreResult): void {
    this.guard(() => {
      writeWhole(join(this.path, RESULT_FILE), `${JSON.stringify(result, null, 2)}\n`);
    });
  }

  private openTargets(tokens: number): number {
    const file = openSync(join(this.path, TARGETS_FILE), 'wx');
    // Targets that are never scored read as NaN, which no scored target can be.
    const block = new Float32Array(1 << 16).fill(Number.NaN);
    for (let left = tokens - 1; left > 0; left -= block.length) {
      writeSync(file, block.subarray(0, Math.min(block.length, left)));
    }
    ftruncateSync(file, (tokens - 1) * 4);
    return file;
  }

  /** Neighbouring runs in one call: those of a batch mostly are. */
  private writeTargets(
    file: number,
    { first, count }: RowsScore['spans'],
    nats: Float32Array,
  ): void {
    let at = 0;
    for (let r = 0; r < count.length; ) {
      const begin = first[r]!;
      let end = begin;
      while (r < count.length && first[r] === end) end += count[r++]!;
      const part = nats.subarray(at, at + end - begin);
      writeSync(file, part, 0, part.byteLength, (begin - 1) * 4);
      at += part.length;
    }
  }

  private guard(work: () => void): void {
    writing({ path: this.path, what: 'the output' }, work);
  }
}

/** Columns of `documents.csv`. */
export const COLUMNS = [
  'document',
  'targets',
  'nats_q30',
  'bytes_lut',
  'bytes_sidecar',
  'bytes_decoded',
  'bytes_original',
  'complete',
] as const;

/** What a score writes into `--out`; `targets.f32` holds floats alone. */
export const RUN_FILES: OutDirectory['files'] = [
  { name: 'journal.jsonl', begins: /^\{"schema":"bpb-journal\// },
  { name: RESULT_FILE, begins: /^\{\s*"schema": "bpb-result\// },
  { name: DOCUMENTS_FILE, begins: new RegExp(`^${COLUMNS.join(',')}\n`) },
  { name: TARGETS_FILE },
];

function documentsCsv(documents: Iterable<DocumentRow>): string {
  const lines: string[] = [COLUMNS.join(',')];
  for (const row of documents) lines.push(COLUMNS.map((name) => row[name] ?? '').join(','));
  return `${lines.join('\n')}\n`;
}

/** Bytes and sha256 of a plain file, with one block of it in memory; null for anything else. */
export function hashFile(path: string): Pick<OutputFile, 'bytes' | 'sha256'> | null {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(BLOCK);
  // The open of a FIFO would wait for its writer.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(file).isFile()) return null;
    for (let bytes = 0; ; ) {
      const read = readSync(file, block, 0, BLOCK, bytes);
      if (read === 0) return { bytes, sha256: hash.digest('hex') };
      hash.update(block.subarray(0, read));
      bytes += read;
    }
  } finally {
    closeSync(file);
  }
}
