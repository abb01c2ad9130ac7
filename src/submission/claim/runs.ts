/**
 * Several runs in one log, and the final score of each that a mean over seeds would take.
 */
import { isScore, type ScoreLine } from '../log/score-line.js';
import type { Claim } from './types.js';

/** Later evaluations differ from the best one by more than this where something went wrong. */
const WORSE = 1e-3;
const COUNTER = /(\d+)\s*\/\s*(\d+)/;

/**
 * The run that each final line belongs to, from 1. A run begins where a step counter goes back, or where
 * a label comes again with other figures.
 *
 * @param lines every score line of the log, in order
 * @param finals those of finished evaluations, in order
 */
export function runsOf(lines: readonly ScoreLine[], finals: readonly ScoreLine[]): number[] {
  const steps = new Map<string, number>();
  const printed = new Map<string, string>();
  const runs = new Map<ScoreLine, number>();
  let run = 1;
  const begin = () => {
    run++;
    printed.clear();
    steps.clear();
  };
  const all = new Set([...lines, ...finals]);
  for (const line of [...all].sort((a, b) => a.lineNumber - b.lineNumber)) {
    if (line.role === 'step') {
      const [, step = '', total = ''] = COUNTER.exec(line.label) ?? [];
      if (step === '') continue;
      if (Number(step) < (steps.get(total) ?? 0)) begin();
      steps.set(total, Number(step));
    } else if (line.role !== 'progress' && line.valLoss !== '') {
      const key = keyOf(line);
      const figures = `${Number(line.valLoss)} ${Number(line.valBpb)}`;
      if ((printed.get(key) ?? figures) !== figures) begin();
      printed.set(key, figures);
    }
    runs.set(line, run);
  }
  return finals.map((line) => runs.get(line) ?? run);
}

/** One evaluation: its label, and the settings that it was tried with. */
function keyOf({ label, extras }: ScoreLine): string {
  return [label, extras['stride'], extras['T'], extras['eval_seq_len'], extras['seq_len']].join(
    ' ',
  );
}

/** A final line with its judgement and its run. */
interface RunFinal {
  readonly line: ScoreLine;
  readonly claim: Claim | null;
  readonly run: number;
}

/**
 * The final of each run that a mean over seeds would take: the last that is no diagnostic and no more
 * than 0.1 % worse than the best one, of those without a known mistake where there are such.
 *
 * @returns one for each run that has a score; of runs with the same figures, which one run printed twice,
 * the last
 */
export function countedOf<Final extends RunFinal>(finals: readonly Final[]): Final[] {
  const runs = [...new Set(finals.map(({ run }) => run))];
  const each = runs.flatMap((run) => {
    const scores = finals.filter((final) => final.run === run && isScore(final.line));
    const submitted = scores.filter(({ line }) => line.role === 'final');
    const sound = submitted.filter(({ claim }) => !isWrong(claim));
    const from = [sound, submitted, scores].find((some) => some.length > 0) ?? [];
    const best = Math.min(...from.map(({ line }) => Number(line.valBpb)));
    const counted = from.findLast(({ line }) => Number(line.valBpb) <= best * (1 + WORSE));
    return counted === undefined ? [] : [counted];
  });
  return each.filter((final, index) => !each.slice(index + 1).some((later) => same(later, final)));
}

/** Six decimals of both figures: no two runs have the same. */
const EXACT = /\.\d{6}/;

/** The first of each score, as a mean takes it: a log that was changed by a byte is no other run. */
export function distinctScores<Scored>(
  scores: readonly Scored[],
  lineOf: (score: Scored) => ScoreLine,
): Scored[] {
  const seen = new Set<string>();
  return scores.filter((score) => {
    const { valLoss, valBpb } = lineOf(score);
    if (!EXACT.test(valLoss) || !EXACT.test(valBpb)) return true;
    const key = `${Number(valLoss)} ${Number(valBpb)}`;
    return !seen.has(key) && seen.add(key);
  });
}

function same({ line: a }: RunFinal, { line: b }: RunFinal): boolean {
  return Number(a.valLoss) === Number(b.valLoss) && Number(a.valBpb) === Number(b.valBpb);
}

function isWrong(claim: Claim | null): boolean {
  return claim?.verdict === 'mistake' || claim?.verdict === 'other-set';
}
