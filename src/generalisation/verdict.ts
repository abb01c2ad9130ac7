/**
 * The verdict of a comparison, from its own figures: a score gives it, and a verification holds it against them.
 */
import { type Finding, fail } from '../finding.js';
import { figure, plural } from '../words.js';
import { type Generalisation, MARGIN, MIN_DOCUMENTS, P_MAX } from './types.js';

type Figures = Pick<
  Generalisation,
  'validation' | 'control' | 'difference_bpb' | 'margin_bpb' | 'p'
>;

/** Why documents are too few; null where they are not. */
export function tooFew({ validation, control }: Pick<Figures, 'validation' | 'control'>) {
  const sides = [
    ['validation', validation],
    ['control', control],
  ] as const;
  for (const [name, { documents, different }] of sides) {
    if (Math.min(documents, different) >= MIN_DOCUMENTS) continue;
    const same = different < documents ? `, ${figure(different)} of them different` : '';
    return `a test needs ${MIN_DOCUMENTS} documents a side, and the ${name} set has ${plural(documents, 'document')} with scored text${same}`;
  }
  return null;
}

export const marginOf = (controlBpb: number): number => MARGIN * controlBpb;

/** The verdict that figures give; `not_judged` where there is no `p`. */
export function verdictOf({ p, difference_bpb, margin_bpb }: Figures): Generalisation['verdict'] {
  if (p === null || difference_bpb === null || margin_bpb === null) return 'not_judged';
  return p < P_MAX && difference_bpb < -margin_bpb ? 'fail' : 'pass';
}

/** `4.1 % better on the validation set (p = 0.0001)`, or worse. */
export function differenceText({ difference_bpb, control, p }: Figures): string {
  if (difference_bpb === null || control.bpb === null) return 'not compared';
  const share = (100 * Math.abs(difference_bpb)) / control.bpb;
  const chance = p === null ? '' : ` (p = ${p.toFixed(4)})`;
  const side = difference_bpb < 0 ? 'better' : 'worse';
  return `${share.toFixed(2)} % ${side} on the validation set${chance}`;
}

/** What is said beside a verdict where documents were compared. */
export function remarkOf(figures: Figures): string | null {
  const { p, difference_bpb, control } = figures;
  const remarks: string[] = [];
  if (verdictOf(figures) === 'pass' && p! < P_MAX && difference_bpb! < 0) {
    remarks.push('better on the validation set beyond chance, by no more than the margin');
  }
  if (verdictOf(figures) === 'pass' && p! >= P_MAX && difference_bpb! < -figures.margin_bpb!) {
    remarks.push('better on the validation set by more than the margin, not beyond chance');
  }
  if (control.left_out > 0) {
    remarks.push(
      `${plural(control.left_out, 'document')} of the control set left out: they stand in the validation set too`,
    );
  }
  if (control.infinite_targets > 0) {
    remarks.push(
      `${plural(control.infinite_targets, 'target')} of the control set had probability zero`,
    );
  }
  return remarks.length === 0 ? null : remarks.join('; ');
}

/** The finding of a comparison that failed: no more than what was seen. */
export function controlFindings(compared: Generalisation | null | undefined): Finding[] {
  if (compared?.verdict !== 'fail') return [];
  const { difference_bpb, p } = compared;
  const by = `${Math.abs(difference_bpb ?? 0).toFixed(4)} bits per byte, ${differenceText(compared)}`;
  const message = `the model scores better on the validation set than on the control set by ${by}: it knows these documents, or the two sets are not of one kind`;
  const hint =
    p === null ? null : 'draw both sets at random from one source, after the artifact was made';
  return [fail('memorized-text', message, hint)];
}
