/**
 * Terminal report of `bpb tokenize`: the token count first, then the files and their inputs.
 */
import type { ShardInfo } from '../data/types.js';
import type { TokenizeResult } from '../tokenize/result.js';
import { colors, count, printable, seconds, shortHash } from './format.js';
import type { Medium } from './reporter.js';
import { noteLines, pageOf, type Row, tableLines } from './table.js';

export function tokenizeText(result: TokenizeResult, medium: Medium): string {
  const paint = colors(medium);
  const partial = result.documents.partial ? paint.yellow('  partial') : '';
  const tokens = paint.bold(`${count(result.tokens)} tokens`);
  const made = `of ${count(result.documents.count)} documents in ${printable(result.directory)}`;
  return pageOf([
    [`  ${tokens} ${made}${partial}`],
    tableLines(tokenizeRows(result), paint),
    noteLines(tokenizeNotes(result), paint),
  ]);
}

export function tokenizeRows(result: TokenizeResult): Row[] {
  const { documents, tokenizer, time } = result;
  const operators = tokenizer.case_operators ? ', case operators' : '';
  return [
    ['shards', files(result.shards)],
    ...sidecarRow(result),
    ['bytes', bytesLine(result)],
    ['documents', `${printable(documents.source)}   sha256 ${shortHash(documents.sha256)}`],
    [
      'tokenizer',
      `${tokenizer.kind}, vocabulary ${count(tokenizer.vocab)}${operators}   sha256 ${shortHash(tokenizer.sha256)}`,
    ],
    ['time', `${seconds(time.total_s)} (${(time.bytes_per_s / 1e6).toFixed(1)} MB/s)`],
  ];
}

function sidecarRow({ sidecars }: TokenizeResult): Row[] {
  return sidecars.length === 0 ? [] : [['sidecar', files(sidecars)]];
}

function files(shards: readonly ShardInfo[]): string {
  const [first, last] = [shards[0]!, shards.at(-1)!];
  if (shards.length === 1) return `${first.file}   sha256 ${shortHash(first.sha256)}`;
  return `${first.file} to ${last.file}, ${count(shards.length)} files`;
}

function bytesLine({ bytes }: TokenizeResult): string {
  const sidecar = bytes.sidecar === null ? [] : [`sidecar ${count(bytes.sidecar)}`];
  return [`original ${count(bytes.original)}`, `decoded ${count(bytes.decoded)}`, ...sidecar].join(
    '   ',
  );
}

export function tokenizeNotes({ documents, documents_short, bytes }: TokenizeResult): string[] {
  const notes: string[] = [];
  if (documents.lossy > 0) {
    notes.push(`${count(documents.lossy)} documents do not survive the tokenizer's normalizer`);
  }
  if (documents_short !== null && documents_short > 0) {
    const dropped = count(bytes.original - bytes.sidecar!);
    notes.push(
      `the sidecar counts ${dropped} bytes less than the texts have, in ${count(documents_short)} documents: what the normalizer drops at their start and end belongs to no token`,
    );
  }
  if (documents.byte_order_mark) {
    notes.push('the documents file begins with a byte order mark, which is in no document');
  }
  return notes;
}
