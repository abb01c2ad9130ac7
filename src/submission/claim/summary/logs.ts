/**
 * Comparison of a summary with the logs that lie beside it.
 */
import { basename } from 'node:path';
import { overlaps } from '../decimals.js';
import type { FinalClaim, LogClaim } from '../log-types.js';
import { distinctScores } from '../runs.js';
import { meanOf, namedBy, namesMean } from './mean.js';
import type { StatedScore, SummaryFinding, SummaryScore } from './types.js';

/** The score lines of the logs beside a summary, copies of one log counted once. */
export interface LogsBeside {
  readonly logs: readonly LogClaim[];
}

/** The line that prints a score: of the seed's own log, else of one whose name says no seed. */
export function lineOf(score: StatedScore, { logs }: LogsBeside): SummaryScore['log'] {
  const own = logsOfSeed(score.seed, logs);
  const rest = own.length > 0 ? logs.filter(({ path }) => seedOfName(path) === null) : logs;
  for (const log of [...own, ...rest]) {
    const final = log.finals.find((each) => prints(each, score));
    if (final !== undefined) return { path: log.path, line: final.line.lineNumber };
  }
  return null;
}

/** A seed's logs by their names, `train_seed42.log`, else by the `seed` that they state. */
function logsOfSeed(seed: string | null, logs: readonly LogClaim[]): readonly LogClaim[] {
  if (seed === null || !/^\d{1,9}$/.test(seed)) return [];
  const named = logs.filter(({ path }) => seedOfName(path) === Number(seed));
  if (named.length > 0) return named;
  return logs.filter(({ path, facts }) => seedOfName(path) === null && facts.seed === Number(seed));
}

/** `seed42`, `_s42`, or the number at the end of a name: `train0.txt`, `log_7.txt`. */
function seedOfName(path: string): number | null {
  const name = basename(path).replace(/\.\w+$/, '');
  const match = /seed[-_]?(\d{1,9})/i.exec(name) ?? /(?:^|[-_])s(\d{1,9})(?:$|[-_])/i.exec(name);
  const digits = match?.[1] ?? /(?:^|[-_.]|train|log|run)(\d{1,9})$/i.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The figures that both have agree; a bpb without a loss is compared with every line. */
function prints({ line }: FinalClaim, { valLoss, valBpb }: StatedScore): boolean {
  const agree = (printed: string, stated: string) =>
    printed === '' || stated === '' || overlaps(namedBy(printed), namedBy(stated));
  if (valBpb === '') return line.valLoss !== '' && agree(line.valLoss, valLoss);
  return agree(line.valBpb, valBpb) && agree(line.valLoss, valLoss);
}

/**
 * Findings on the scores that no log prints.
 *
 * @param scores with the lines that print them
 */
export function logFindings(scores: readonly SummaryScore[], beside: LogsBeside): SummaryFinding[] {
  const { logs } = beside;
  if (logs.length === 0) return [];
  return scores.flatMap((score): SummaryFinding[] => {
    if (score.role === 'headline' && score.log !== null) return bestOf(score, scores, beside);
    if (score.role === 'other' || score.log !== null) return [];
    if (score.role === 'headline' && meanLogs(score, scores, beside) !== null) return [];
    if (score.valBpb === '') {
      const renamed = { ...score, valLoss: '', valBpb: score.valLoss };
      const bpb = lineOf(renamed, beside) ?? meanLogs(renamed, scores, beside);
      if (bpb !== null) return [misnamed(score)];
    }
    const own = logsOfSeed(score.seed, logs);
    const shown = (own.length > 0 ? own : logs).slice(0, 4).map(headlineOf).join('; ');
    const more = logs.length > 4 && own.length === 0 ? `; and ${logs.length - 4} more` : '';
    return [
      {
        check: 'log',
        severity: 'warn',
        explanation: `${score.name}: no log beside it prints ${figures(score)}, nor is it their mean. They end with ${shown}${more}.`,
        remedy: 'Ship the log that the score comes from, or copy the score of the log.',
      },
    ];
  });
}

/** One log's score among several that were scored alike: the others are worth knowing. */
function bestOf(
  score: SummaryScore,
  scores: readonly SummaryScore[],
  beside: LogsBeside,
): SummaryFinding[] {
  const own = finalAt(score.log, beside.logs);
  const alike = beside.logs
    .flatMap(({ finals }) => finals.filter(({ counted }) => counted))
    .filter(({ line }) => line.label === own?.line.label);
  if (alike.length < 2 || score.valBpb === '' || score.seed !== null) return [];
  if (meanLogs(score, scores, beside) !== null) return [];
  const { mean } = meanOf(alike.map(({ line }) => Number(line.valBpb)));
  return [
    {
      check: 'best-seed',
      severity: 'info',
      explanation: `val_bpb ${score.valBpb} is that of ${basename(score.log!.path)} alone; the mean of the ${alike.length} scores of this label in the logs beside it is ${mean.toFixed(8)}.`,
      remedy: null,
    },
  ];
}

function misnamed({ valLoss }: StatedScore): SummaryFinding {
  return {
    check: 'log',
    severity: 'fail',
    explanation: `val_loss ${valLoss} is the val_bpb of the logs beside it: it stands under the other’s name.`,
    remedy:
      'Copy val_loss (nats per token) and val_bpb (bits per byte) from the same line of the log.',
  };
}

/**
 * The final scores whose mean the headline is: those of its own seeds, or of all logs.
 *
 * @returns null where it is neither
 */
export function meanLogs(
  { valBpb }: StatedScore,
  scores: readonly SummaryScore[],
  { logs }: LogsBeside,
): readonly (FinalClaim | null)[] | null {
  if (valBpb === '') return null;
  const seeds = scores.filter((score) => score.role === 'seed' && score.valBpb !== '');
  const shown = seeds.map(({ log }) => finalAt(log, logs));
  const finals = distinctScores(
    logs.flatMap((log) => log.finals.filter(({ counted }) => counted)),
    ({ line }) => line,
  );
  const isMean = (texts: readonly string[]) => texts.length > 1 && namesMean(valBpb, texts);
  if (!shown.includes(null) && isMean(seeds.map((seed) => seed.valBpb))) return shown;
  return isMean(finals.map(({ line }) => line.valBpb)) ? finals : null;
}

/** The judged score on a line of a log. */
export function finalAt(log: SummaryScore['log'], logs: readonly LogClaim[]): FinalClaim | null {
  const finals = logs.find(({ path }) => path === log?.path)?.finals;
  return finals?.find(({ line }) => line.lineNumber === log?.line) ?? null;
}

function headlineOf({ path, headline: { line } }: LogClaim): string {
  return `${basename(path)} ${line.valLoss} / ${line.valBpb} (line ${line.lineNumber})`;
}

function figures({ valLoss, valBpb }: StatedScore): string {
  return [valLoss && `val_loss ${valLoss}`, valBpb && `val_bpb ${valBpb}`]
    .filter(Boolean)
    .join(', ');
}
