/**
 * Reader of `documents.csv`, line by line: its rows in arrays, or what is wrong with it.
 */
import { statSync } from 'node:fs';
import { readLines } from '../data/lines.js';
import { BpbError } from '../errors.js';
import type { Progress } from '../progress.js';
import { COLUMNS } from '../score/outputs.js';
import { Growing } from './growing.js';

/** A row has a tenth of this. */
const LINE_MAX = 1024;
/** Rows between two reports of progress. */
const REPORTED = 1 << 16;

const ROW =
  /^(\d{1,10}),(\d{1,10}),(\d{1,19}),(\d{1,15}),(\d{0,15}),(\d{0,15}),(\d{0,15}),(true|false)$/;
const INT64_MAX = 2n ** 63n - 1n;

/** By row; bytes that are not known are NaN. */
export interface DocumentTable {
  readonly rows: number;
  readonly document: Float64Array;
  readonly targets: Float64Array;
  readonly q30: BigInt64Array;
  readonly lut: Float64Array;
  readonly sidecar: Float64Array;
  readonly decoded: Float64Array;
  readonly original: Float64Array;
  readonly complete: Float64Array;
}

/** A table that is not as a run writes it. */
export class DocumentTableError extends Error {}

/**
 * @param documents of the stream: a row of another one is wrong
 * @throws DocumentTableError
 */
export async function readDocumentTable(
  path: string,
  documents: number,
  onProgress?: (progress: Progress) => void,
): Promise<DocumentTable> {
  if (!statSync(path).isFile()) throw new DocumentTableError('it is no plain file');
  const [document, targets] = [new Growing(Float64Array), new Growing(Float64Array)];
  const q30 = new Growing(BigInt64Array);
  const bytes = Array.from({ length: 4 }, () => new Growing(Float64Array));
  const complete = new Growing(Float64Array);
  let last = -1;
  let whole = false;
  try {
    for await (const line of readLines(path, LINE_MAX)) {
      whole = line.ended;
      const text = Buffer.from(line.bytes).toString('latin1');
      if (line.number === 1) {
        if (text !== COLUMNS.join(',')) throw new DocumentTableError('its columns are others');
        continue;
      }
      const at = `line ${line.number}`;
      const row = ROW.exec(text);
      if (row === null) throw new DocumentTableError(`${at} is no row of numbers`);
      const id = Number(row[1]);
      if (id <= last) throw new DocumentTableError(`${at} repeats a document, or is out of order`);
      if (id >= documents) {
        throw new DocumentTableError(`${at} has document ${id}, of ${documents}`);
      }
      const nats = BigInt(row[3]!);
      if (nats > INT64_MAX) throw new DocumentTableError(`${at} has nats beyond int64`);
      if (row[2] === '0') throw new DocumentTableError(`${at} has no target`);
      last = id;
      document.push(id);
      targets.push(Number(row[2]));
      q30.push(nats);
      for (const [k, each] of bytes.entries()) {
        const cell = row[4 + k]!;
        each.push(cell === '' ? Number.NaN : Number(cell));
      }
      complete.push(row[8] === 'true' ? 1 : 0);
      if (document.length % REPORTED === 0) {
        const done = { done: document.length, total: null, unit: 'documents', bpb: null };
        onProgress?.({ phase: 'data', ...done });
      }
    }
  } catch (error) {
    if (error instanceof BpbError) throw new DocumentTableError(error.message);
    throw error;
  }
  if (!whole) throw new DocumentTableError('it ends inside a line');
  const [lut, sidecar, decoded, original] = bytes.map((each) => each.values());
  return {
    rows: document.length,
    document: document.values(),
    targets: targets.values(),
    q30: q30.values(),
    lut: lut!,
    sidecar: sidecar!,
    decoded: decoded!,
    original: original!,
    complete: complete.values(),
  };
}
