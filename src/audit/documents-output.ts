/**
 * Output of the per-document table, as CSV and as JSON, written as the documents come.
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type OutDirectory, writeWhole } from '../out-directory.js';
import { writing } from '../write-error.js';
import type { DocumentRow } from './collect.js';
import type { AuditReport } from './types.js';

/** Columns of `documents.csv`, and fields of `documents.json`. */
const COLUMNS = [
  'document',
  'line',
  'tokens',
  'bytes_original',
  'bytes_normalized',
  'bytes_decoded',
  'bytes_lut',
  'bytes_sidecar',
  'bytes_claimed',
  'unknown_tokens',
  'lossless',
  'first_difference',
  'loss',
  'shard_tokens',
] as const;

type Cells = Record<(typeof COLUMNS)[number], number | string | boolean | null>;

function cellsOf({ document, source, found, sidecar }: DocumentRow): Cells {
  return {
    document,
    line: source?.line ?? null,
    tokens: found.tokens,
    bytes_original: found.original,
    bytes_normalized: found.normalized,
    bytes_decoded: found.decoded,
    bytes_lut: found.lut,
    bytes_sidecar: sidecar,
    bytes_claimed: found.claimed,
    unknown_tokens: found.unknown,
    lossless: found.original === null ? null : found.loss === null,
    first_difference: found.loss?.at ?? null,
    loss: found.loss?.kind ?? null,
    shard_tokens: found.match,
  };
}

/** What an audit writes into `--out`, in place of the files of an earlier one. */
export const AUDIT_FILES: OutDirectory['files'] = [
  { name: 'audit.json', begins: /^\{\s*"schema": "bpb-audit\// },
  { name: 'documents.csv', begins: new RegExp(`^${COLUMNS.join(',')}\n`) },
  { name: 'documents.json', begins: /^\[\n(\{"document":|\]\n$)/ },
];

const FLUSH = 1 << 20;

/** A text file that is written in blocks of a megabyte, and gets its name when it is whole. */
class Lines {
  private file: number | null;
  private readonly partial: string;
  private pending: string[] = [];
  private length = 0;

  constructor(private readonly path: string) {
    this.partial = `${path}.partial`;
    this.file = openSync(this.partial, 'w');
  }

  write(text: string): void {
    this.pending.push(text);
    this.length += text.length;
    if (this.length >= FLUSH) this.flush();
  }

  publish(): void {
    this.flush();
    this.close();
    renameSync(this.partial, this.path);
  }

  /** Takes the file away, where it has no name yet. */
  discard(): void {
    this.close();
    rmSync(this.partial, { force: true });
  }

  private close(): void {
    const file = this.file;
    this.file = null;
    if (file !== null) closeSync(file);
  }

  private flush(): void {
    const block = Buffer.from(this.pending.join(''));
    for (let at = 0; at < block.length; ) at += writeSync(this.file!, block, at);
    this.pending = [];
    this.length = 0;
  }
}

export class AuditOutput {
  private readonly csv: Lines;
  private readonly json: Lines;
  private rows = 0;

  constructor(private readonly directory: string) {
    [this.csv, this.json] = this.guard(() => {
      return [
        new Lines(join(directory, 'documents.csv')),
        new Lines(join(directory, 'documents.json')),
      ];
    });
    this.csv.write(`${COLUMNS.join(',')}\n`);
    this.json.write('[');
  }

  add(row: DocumentRow): void {
    const cells = cellsOf(row);
    const { loss } = row.found;
    const context = loss === null ? {} : { original: loss.original, decoded: loss.decoded };
    this.guard(() => {
      this.csv.write(`${COLUMNS.map((name) => cells[name] ?? '').join(',')}\n`);
      this.json.write(
        `${this.rows++ === 0 ? '\n' : ',\n'}${JSON.stringify({ ...cells, ...context })}`,
      );
    });
  }

  finish(report: AuditReport): void {
    this.guard(() => {
      this.json.write('\n]\n');
      this.csv.publish();
      this.json.publish();
      writeWhole(join(this.directory, 'audit.json'), `${JSON.stringify(report, null, 2)}\n`);
    });
  }

  /** Takes away what was begun. */
  discard(): void {
    this.csv.discard();
    this.json.discard();
  }

  private guard<T>(work: () => T): T {
    return writing({ path: this.directory, what: 'the output' }, work);
  }
}
