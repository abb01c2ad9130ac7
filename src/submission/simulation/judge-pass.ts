/**
 * What is said of a part in which runs found nothing wrong: what was compared.
 */
import type { PartName } from '../source/report.js';
import { addedNumber } from './judge-aggregation.js';
import { count, type Evaluation, type Reading } from './judge-types.js';
import type { Trial } from './types.js';

/** Null where the runs show nothing of the part. */
export function passWords(
  part: PartName,
  final: Evaluation | null,
  trials: readonly Trial[],
): string | null {
  const first = final?.readings[0];
  // A running figure shows the bytes of its targets; of the score it shows nothing.
  if (final?.final === false && part !== 'table') return null;
  switch (part) {
    case 'table':
      return tableWords(first, trials);
    case 'aggregation':
      return first === undefined || addedNumber(final!.readings) !== null
        ? null
        : `the losses of all ${count(first.weights.size)} targets that are scored have the same weight${over(final!)}`;
    case 'coverage':
      return first === undefined ? null : coverageWords(final!, first);
    case 'sidecar':
      return sidecarWords(first);
    case 'constants':
      return first?.bytes == null
        ? null
        : 'the losses are divided by bytes that were counted for their targets';
  }
}

function tableWords(first: Reading | undefined, trials: readonly Trial[]): string | null {
  if (first?.bytes != null) {
    const targets = `${count(first.weights.size)} targets`;
    if (first.inAll === 'rule') return `in all, the bytes of ${targets} are those of the rule`;
    if (first.inAll === 'text') {
      return `in all, the bytes of ${targets} are those of the text of their documents, which the rule counts where it is valid UTF-8 without unknown pieces`;
    }
    return first.fromSidecar
      ? 'the bytes are entries of the sidecar; no table counts'
      : `the bytes of ${targets}, with every type of piece, are those of the rule`;
  }
  const table = trials.flatMap(({ tables }) => tables ?? [])[0];
  return table === undefined
    ? null
    : `the table that ${table.name} builds is that of the rule; its use was not followed`;
}

function coverageWords(final: Evaluation, first: Reading): string {
  const { last, weights } = first;
  const dropped = last - weights.size;
  const row =
    dropped > 0
      ? `; the last incomplete row (${count(dropped)}) is dropped, as by the reference`
      : '';
  return `each of ${count(weights.size)} targets is scored once${over(final)}${row}`;
}

/** `, with 1 and 8 ranks, on streams of 3,000 and 5,000 tokens` */
function over({ readings }: Evaluation): string {
  const list = (values: number[]) => [...new Set(values)].map(count).join(' and ');
  const ranks = list(readings.map(({ trial }) => trial.ranks));
  const lengths = list(readings.map(({ last }) => last + 1));
  return ` (${ranks} rank${ranks === '1' ? '' : 's'}, ${lengths} tokens)`;
}

function sidecarWords(first: Reading | undefined): string | null {
  if (first?.bytes == null) return null;
  return first.fromSidecar
    ? 'the sidecar’s entries of the scored targets are added up'
    : 'no sidecar is read: the table counts, as for a tokenizer without case operators';
}
