/**
 * What `tokenize` wrote, for people: the count first, then what it was made of.
 */
import type { ShardInfo } from '../data/types.js';
import type { TokenizeResult } from '../tokenize/result.js';
import { colors, count, printable, seconds, shortHash } from './format.js';

export function tokenizeText(
  result: TokenizeResult,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const paint = colors(stream);
  const { documents, tokenizer, time } = result;
  const operators = tokenizer.case_operators ? ', case operators' : '';
  const rows: [string, string][] = [
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
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, text]) => `  ${paint.dim(name.padEnd(width))}  ${text}`);
  const notes = notesOf(result).map((note) => `  ${paint.yellow('note')}  ${note}`);
  const partial = documents.partial ? paint.yellow('  partial') : '';
  return [
    '',
    `  ${paint.bold(`${count(result.tokens)} tokens`)} of ${count(documents.count)} documents in ${printable(result.directory)}${partial}`,
    '',
    ...table,
    ...(notes.length > 0 ? ['', ...notes] : []),
    '',
  ].join('\n');
}

function sidecarRow({ sidecars }: TokenizeResult): [string, string][] {
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

function notesOf({ documents, documents_short, bytes }: TokenizeResult): string[] {
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
