/**
 * The check that scores rows again: as many as are asked for, drawn with a fresh seed.
 */
import { computedHalf, logitsHalf } from '../artifact/precision.js';
import { roundingNodes } from '../artifact/rounding.js';
import type { PlannedEvaluation } from '../evaluation/open.js';
import { seedOf } from '../random.js';
import { workerSetup } from '../run/worker-setup.js';
import { boundedMean, sizeLimit } from '../score/disagreement.js';
import type { ScoreResult } from '../score/result.js';
import { sampleRows } from '../score/sampled.js';
import { scoreAgain } from '../score/score-again.js';
import { toleranceOf, VERIFY_ROWS_MAX } from '../score/verify.js';
import { failed, notChecked, passed } from './check.js';
import { type Compared, DocumentComparison, RowComparison } from './compare-rows.js';
import { type Drawn, drawDocuments, drawRows } from './draw.js';
import type { Reopened } from './open.js';
import { DEFAULT_ROWS, type VerifyOptions } from './options.js';
import type { Tables } from './tables.js';
import type { RowsAgain, VerifyCheck } from './types.js';

const ROWS = {
  name: 'rows',
  what: 'rows drawn at random, scored again, agree',
};

/** One row may differ by this many tolerances, as it has fewer targets than all together. */
const UNIT_FACTOR = 10;
/**
 * Rounding to 16 bits under `--optimize` moves targets both ways; what it does to the mean its own proof bounds
 * by the first (docs/optimize.md). A target differs by less than the tolerance of the mean size, so that the
 * mean of n is known to that over the root of n: not to what the differences themselves show, which whoever
 * bends rows can spread.
 */
const HALVED = { meanNats: 1e-4, standardErrors: 3 } as const;
/** Of the statement about rows that were not drawn. */
const CONFIDENCE = 0.99;

interface Again {
  readonly check: VerifyCheck;
  readonly rows: RowsAgain | null;
}

export async function rowsCheck(
  result: ScoreResult,
  { evaluation, asked }: Reopened,
  tables: Tables,
  options: VerifyOptions,
): Promise<Again> {
  const none = (note: string): Again => ({ check: notChecked(ROWS, note), rows: null });
  const { documents, nats } = tables;
  if (nats === null && documents === null) {
    const files = 'neither targets.f32 nor documents.csv of the run';
    return none(`there are no nats to compare with: ${files}`);
  }
  const own = precisionsOf(result, evaluation);
  const { engine, optimization } = result;
  const rewritten = optimization?.precision ?? 'fp32';
  const precision = own.find(
    (each) => each === engine.precision && (rewritten === 'fp32' || each === rewritten),
  );
  if (precision === undefined) {
    const expected = `engine.precision ${own.join(' or ')}, as the model computes`;
    return { check: failed(ROWS, expected, engine.precision), rows: null };
  }
  const seed = seedOf(options.seed);
  const drawn = draw(evaluation, tables, options.rows ?? DEFAULT_ROWS, seed);
  if (drawn.groups.length === 0)
    return none('no row can be compared: the run scored none, or each twice');
  const { artifact, workload } = evaluation;
  const rounded = roundingNodes(artifact, false).length > 0;
  const total = drawn.groups.reduce((all, group) => all + group.length, 0);
  const onRow = (done: number) =>
    options.onProgress?.({ phase: 'verify', done, total, unit: 'rows', bpb: null });
  onRow(0);
  const again = await scoreAgain(
    {
      setup: workerSetup(evaluation, asked),
      groups: drawn.groups,
      rounded,
      onGpu: engine.provider !== 'cpu',
      noiseGroups: sampleRows(workload, artifact.adaptive, VERIFY_ROWS_MAX, seed).groups,
      seconds: Number.POSITIVE_INFINITY,
      signal: options.signal,
      onRow,
    },
    drawn.compare,
  );
  if (again.contradicts) {
    return { check: failed(ROWS, 'nats of each row', again.note ?? 'none'), rows: null };
  }
  if (again.compared === null) return none(`the rows cannot be scored here: ${again.note}`);
  const { compared } = again;
  const all = compared.all();
  const asGiven = toleranceOf(precision, optimization);
  const byMean = rounded && !all.agree(asGiven);
  const noise = byMean ? await again.noise() : 0;
  const tolerance = byMean ? sizeLimit(noise) : asGiven;
  const unitTolerance = UNIT_FACTOR * (rounded ? sizeLimit(noise) : tolerance);
  const { mean_nats, mean_abs_nats } = compared.differences;
  const agree = byMean ? all.agreeOnAverage(noise) : all.agree(tolerance);
  const within = agree && compared.worst <= unitTolerance;
  const known = (HALVED.standardErrors * tolerance) / Math.sqrt(compared.targets);
  const bound = byMean ? boundedMean(noise, compared.targets) : HALVED.meanNats + known;
  const judged = byMean || rewritten !== 'fp32';
  const fair = !judged || Math.abs(mean_nats ?? 0) <= bound;
  const rows: RowsAgain = {
    ...{ unit: drawn.unit, drawn: drawn.drawn, of: drawn.of, scored: again.rows },
    ...{ targets: compared.targets, seed, mean_nats, mean_abs_nats },
    worst_abs_nats: compared.worst,
    tolerance_nats: tolerance,
    unit_tolerance_nats: unitTolerance,
    differ_at_most: within && fair ? shareOf(drawn) : null,
  };
  if (within && fair) return { check: passed(ROWS, again.note), rows };
  const found = `${shown(mean_abs_nats)}, of one of the ${drawn.unit} ${shown(compared.worst)}`;
  const expected = `a mean size of at most ${tolerance} nats a target, ${unitTolerance} of one`;
  const bias = `the mean difference is ${shown(mean_nats)}: to one side`;
  return { check: failed(ROWS, expected, found, within ? bias : again.note), rows };
}

const shown = (nats: number | null) => `${nats?.toExponential(2) ?? 'none'} nats`;

type Choice = Drawn & {
  readonly unit: RowsAgain['unit'];
  readonly compare: () => Compared & (RowComparison | DocumentComparison);
};

/** Rows where the nats of each target are known, else documents. */
function draw(
  { artifact, data, workload }: PlannedEvaluation,
  { nats, documents }: Tables,
  wanted: number,
  seed: number,
): Choice {
  const { adaptive } = artifact;
  if (nats !== null) {
    const drawn = drawRows(workload, adaptive, wanted, seed);
    return { ...drawn, unit: 'rows', compare: () => new RowComparison(workload.plan, nats) };
  }
  const table = documents!;
  const drawn = drawDocuments(workload, adaptive, table.document, data.stream, wanted, seed);
  const compare = () => new DocumentComparison(drawn.documents, table);
  return { ...drawn, unit: 'documents', compare };
}

/** If a larger share of all units differed, none among those drawn would in one of 100 draws. */
function shareOf({ drawn, of }: Drawn): number {
  return drawn === of ? 0 : 1 - (1 - CONFIDENCE) ** (1 / drawn);
}

/** The precisions that a run of this model can have had: a looser one allows larger differences. */
function precisionsOf(
  { engine, optimization }: ScoreResult,
  { artifact }: PlannedEvaluation,
): ('fp32' | 'tf32' | 'fp16' | 'bf16')[] {
  if (optimization?.precision === 'fp16') return ['fp16'];
  const computed = computedHalf(artifact) ?? logitsHalf(artifact.model) ?? 'fp32';
  return engine.provider === 'cpu' ? ['fp32', computed] : ['fp32', 'tf32', computed];
}
