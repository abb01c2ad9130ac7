/**
 * Output of the per-document table, as CSV and as JSON, written as the documents come.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
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

const FLUSH = 1 << 20;

/** A text file that is written in blocks of a megabyte. */
class Lines {
  private readonly file: number;
  private pending: string[] = [];
  private length = 0;

  constructor(path: string) {
    this.file = openSync(path, 'w');
  }

  write(text: string): void {
    this.pending.push(text);
    this.length += text.length;
    if (this.length >= FLUSH) this.flush();
  }

  close(): void {
    this.flush();
    closeSync(this.file);
  }

  private flush(): void {
    const block = Buffer.from(this.pending.join(''));
    for (let at = 0; at < block.length; ) at += writeSync(this.file, block, at);
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
      mkdirSync(directory, { recursive: true });
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
      this.csv.close();
      this.json.close();
      writeFileSync(join(this.directory, 'audit.json'), `${JSON.stringify(report, null, 2)}\n`);
    });
  }

  private guard<T>(work: () => T): T {
    return writing({ path: this.directory, what: 'the output' }, work);
  }
}
