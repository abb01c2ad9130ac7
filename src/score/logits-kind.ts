/**
 * What the logits of a run are: probabilities in place of logits, and claims of `--logits-are` held
 * against the logits themselves.
 *
 * With probabilities in place of logits over a vocabulary of V every loss lies between log V - 1 and
 * log(V - 1 + e). Only where all losses of a run do are logits of some rows read; those of a model
 * that has learned nothing yet lie there as well, but its rows do not sum to 1.
 */
import type { Artifact } from '../artifact/load.js';
import type { LogitFacts } from '../engine/types.js';
import { BpbError } from '../errors.js';
import type { Workload } from '../evaluation/open.js';
import { type Finding, fail, note } from '../finding.js';
import { outputOperator } from '../onnx/output-operator.js';
import type { Opened, WorkerSetup } from '../run/messages.js';
import { ScorePool } from '../run/pool.js';
import type { DocumentTotals } from '../run/totals.js';
import { sampleRows } from './sampled.js';

/** Rows whose logits are read. */
const ROWS = 3;
/** Beyond the bounds: what a softmax in fp16 rounds to. */
const SLACK_NATS = 0.02;
/**
 * How far a row of probabilities may be from a sum of 1. Every entry is rounded, and in fp16 the
 * smallest of a large vocabulary to zero.
 */
const SUM_TOLERANCE = { fp32: 1e-3, tf32: 1e-3, fp16: 1e-2, bf16: 3e-2 } as const;
/** Probabilities that were computed as differences may be below zero by rounding. */
const BELOW_ZERO = -1e-6;

/** Id of the finding. */
export const PROBABILITIES = 'probabilities';

interface LogitsRun {
  /** Of the run's own sessions, of the model as it was exported. */
  readonly setup: WorkerSetup;
  readonly artifact: Artifact;
  readonly workload: Workload;
  readonly info: Opened['info'];
  readonly vocabulary: number | null;
  readonly totals: DocumentTotals;
  readonly seed: number;
}

/** A finding where the logits are not what they are taken for; none where nothing suggests it. */
export async function logitsFindings(run: LogitsRun): Promise<Finding[]> {
  const claimed = run.artifact.model.logitsAre;
  if (claimed === 'logits' && !maybeProbabilities(run)) return [];
  const tolerance = SUM_TOLERANCE[run.info.precision];
  let facts: LogitFacts[];
  try {
    facts = await readFacts(run);
  } catch (error) {
    if (!(error instanceof BpbError) || error.kind === 'interrupted') throw error;
    return claimed === 'logits' ? byGraph(run.artifact, error) : [];
  }
  const positions = facts.reduce((sum, { sum: each }) => sum + each.length, 0);
  if (positions === 0) return [];
  if (claimed !== 'logits') {
    const worst = facts.flatMap(({ logSum }) => [...logSum]).reduce(farther);
    if (Math.abs(worst) <= tolerance) return [];
    const message = `--logits-are ${claimed}, and they are not: the probabilities of a position sum to ${Math.exp(worst).toPrecision(6)}`;
    const hint = facts.every((each) => areProbabilities(each, tolerance))
      ? 'they are probabilities: score with --logits-are probabilities'
      : 'without --logits-are the outputs are taken as logits';
    return [fail('logits-kind', message, hint)];
  }
  if (!facts.every((each) => areProbabilities(each, tolerance))) return [];
  return [
    probabilities(`at all ${positions} positions that were read none is below 0 and they sum to 1`),
  ];
}

/** Whether all losses lie where those of probabilities in place of logits do. */
function maybeProbabilities({ vocabulary, totals }: LogitsRun): boolean {
  if (vocabulary === null || totals.totalTargets() === 0) return false;
  const least = Math.log(vocabulary) - 1 - SLACK_NATS;
  const most = Math.log(vocabulary - 1 + Math.E) + SLACK_NATS;
  return totals.least >= least && totals.most <= most;
}

function areProbabilities({ smallest, sum }: LogitFacts, tolerance: number): boolean {
  // Written so that NaN is no probability.
  return (
    smallest.every((least) => least >= BELOW_ZERO) &&
    sum.every((all) => Math.abs(all - 1) <= tolerance)
  );
}

function farther(one: number, other: number): number {
  return Math.abs(other) > Math.abs(one) || Number.isNaN(other) ? other : one;
}

/** Of the model as it was exported, by the JavaScript API. */
async function readFacts({ setup, artifact, workload, seed }: LogitsRun): Promise<LogitFacts[]> {
  const { gpus: _, ...rest } = setup;
  const { graph, runtime } = setup.options;
  const options = { graph: { ...graph, facts: true }, runtime, cuda: null };
  const pool = new ScorePool({ ...rest, engine: 'onnx-js', options }, 1);
  try {
    await pool.open();
    const facts: LogitFacts[] = [];
    for (const rows of sampleRows(workload, artifact.adaptive, ROWS, seed).groups) {
      const { facts: own } = await pool.score(rows, false);
      if (own !== undefined) facts.push(own);
    }
    return facts;
  } finally {
    await pool.close();
  }
}

/** Where the logits cannot be read here: what the graph says of them, and that it is only that. */
function byGraph({ model }: Artifact, unread: BpbError): Finding[] {
  const why = `the logits cannot be read here (${unread.message})`;
  if (outputOperator(model.bytes, model.path, model.logits) === 'Softmax') {
    return [probabilities(`the graph ends in a Softmax; ${why}`)];
  }
  const message = `all losses are those of probabilities in place of logits, or of a model that has learned nothing, and ${why}`;
  return [note('logits-unread', message, 'score on a machine that can run the model on the CPU')];
}

function probabilities(why: string): Finding {
  return fail(
    PROBABILITIES,
    `the outputs are probabilities and no logits: ${why}`,
    'score with --logits-are probabilities',
  );
}
