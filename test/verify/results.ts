/** A real result in a folder of its own, copied and bent. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashJson } from '#bpb/score/identity';
import type { ScoreResult } from '#bpb/score/result';
import { temporaryFolder } from '../helpers/folder.js';

/** A result whose fields a test may change. */
// biome-ignore lint/suspicious/noExplicitAny: a test bends fields to types that they do not have
export type Bent = any;

export const hash = (content: string | Uint8Array) =>
  createHash('sha256').update(content).digest('hex');

/** A copy of the files of `from` in a folder that goes with the test. */
export function copyOf(from: string): string {
  const folder = join(temporaryFolder(), 'run');
  cpSync(from, folder, { recursive: true });
  return folder;
}

export const resultOf = (folder: string): ScoreResult =>
  JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as ScoreResult;

/** Changes the result of a folder, as somebody does who knows how it is hashed. */
export function bend(folder: string, edit: (result: Bent) => void): string {
  const result: Bent = resultOf(folder);
  edit(result);
  writeResult(folder, result);
  return folder;
}

/** Writes a result with the hash of its fields. */
export function writeResult(folder: string, result: Bent): void {
  const { sha256: _, ...run } = result.run;
  result.run = { ...run, sha256: hashJson({ ...result, run }) };
  writeFileSync(join(folder, 'result.json'), JSON.stringify(result));
}

/** Replaces a table, and the hash that the result has of it. */
export function replaceTable(folder: string, file: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, file), content);
  return bend(folder, (result) => {
    const entry = result.files.find((each: Bent) => each.file === file);
    Object.assign(entry, { bytes: Buffer.from(content).length, sha256: hash(content) });
  });
}

/** The rows of `documents.csv`, its heading first, as lists of cells. */
export function csvOf(folder: string): string[][] {
  const text = readFileSync(join(folder, 'documents.csv'), 'utf8').trimEnd();
  return text.split('\n').map((line) => line.split(','));
}

export const csvText = (rows: readonly (readonly string[])[]) =>
  `${rows.map((row) => row.join(',')).join('\n')}\n`;

export function natsOf(folder: string): Float32Array {
  const bytes = readFileSync(join(folder, 'targets.f32'));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
