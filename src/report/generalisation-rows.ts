/**
 * The section of a score that compares it with a control set, as the terminal and Markdown reports show it.
 */
import type { Generalisation } from '../generalisation/types.js';
import { differenceText } from '../generalisation/verdict.js';
import { plural } from '../words.js';
import { exact, printable, shortHash } from './format.js';
import type { Row } from './table.js';

const WORDS = { pass: 'pass', fail: 'FAIL', not_judged: 'not judged' } as const;

/** Empty without a control set. */
export function generalisationRows(compared: Generalisation | null): Row[] {
  if (compared === null) return [];
  const { verdict, note, accounting, validation, control } = compared;
  const words = WORDS[verdict];
  return [
    ['generalisation', note === null ? words : `${words}: ${printable(note)}`],
    ['validation', setLine(validation, accounting)],
    ['control', `${setLine(control, accounting)}   ${sourceText(control)}`],
    ['difference', differenceLine(compared)],
  ];
}

function setLine({ bpb, documents }: Generalisation['validation'], accounting: string): string {
  const ratio = bpb === null ? 'no score' : `${exact(bpb)} bits per byte`;
  return `${ratio} (${accounting})   ${plural(documents, 'document')}`;
}

function sourceText({ source, sha256 }: Generalisation['control']): string {
  return `${printable(source)}, sha256 ${shortHash(sha256)}`;
}

function differenceLine(compared: Generalisation): string {
  const { difference_bpb: difference, ci95_bpb: ci95, margin_bpb: margin, p } = compared;
  if (difference === null) return 'not known';
  const signed = (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(4)}`;
  const interval = ci95 === null ? '' : ` (95 %: ${signed(ci95[0])} to ${signed(ci95[1])})`;
  // Where nothing was judged there is nothing to fail.
  const allowed = margin === null || p === null ? '' : `   fails beyond ${signed(-margin)}`;
  return `${signed(difference)}${interval}: ${differenceText(compared)}${allowed}`;
}
