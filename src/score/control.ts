/**
 * The score of a control set by the same model, and its comparison with that of the validation set.
 */
import { Accounting, type ByteTotals } from '../bytes/accounting.js';
import { inputError, interrupted } from '../errors.js';
import { isOnePass } from '../evaluation/checks/stateful.js';
import type { ControlSet } from '../evaluation/control.js';
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { ScoreOptions } from '../evaluation/options.js';
import { type Overlap, overlapsOf } from '../generalisation/overlap.js';
import { permutationTest } from '../generalisation/permutation.js';
import { type Texts, textsOf } from '../generalisation/texts.js';
import { type Generalisation, PERMUTATIONS } from '../generalisation/types.js';
import { remarkOf, tooFew, verdictOf } from '../generalisation/verdict.js';
import { streamSha256 } from '../ledger/stream-hash.js';
import type { RowsScore, WorkerSetup } from '../run/messages.js';
import { scorePlan } from '../run/score-plan.js';
import { type DocumentTotals, natsOf } from '../run/totals.js';
import { plural } from '../words.js';
import { comparedSet, differenceOf, nothing, sharedAccounting, withZeros } from './compared-set.js';
import { scoredRanges } from './compose.js';
import { openWorkers } from './open-workers.js';

/** A control set that does not overlap, and the texts of both sets. */
interface PreparedControl extends ControlSet {
  readonly overlaps: readonly Overlap[];
  readonly texts: { readonly validation: Texts; readonly control: Texts };
  /** Seconds that it took to find out. */
  readonly seconds: number;
}

/** Share of a control set that may stand in the validation set and is left out; more is another mistake. */
const MAX_OVERLAP = 0.01;

/**
 * Compares the documents of both sets, before a model is run.
 *
 * @throws BPB_CONTROL_OVERLAP (input) where more than one in a hundred of the control's stand in both
 */
export async function prepareControl(
  control: ControlSet,
  { data, tokenizer }: PlannedEvaluation,
  { signal, onProgress }: Pick<ScoreOptions, 'signal' | 'onProgress'>,
): Promise<PreparedControl> {
  const started = performance.now();
  const pause = () => admitSignals(signal);
  onProgress?.({ phase: 'control', done: 0, total: null, unit: 'documents', bpb: null });
  const validation = textsOf(data.stream, tokenizer);
  const own = textsOf(control.data.stream, tokenizer);
  const overlaps = await overlapsOf(validation, own, pause);
  const documents = control.data.stream.documentStarts.length;
  const same = streamSha256(control.data.stream.ids) === streamSha256(data.stream.ids);
  if (same || overlaps.length > MAX_OVERLAP * documents) {
    throw overlapping(control.source, same ? documents : overlaps.length, documents, overlaps[0]);
  }
  const seconds = (performance.now() - started) / 1000;
  return { ...control, overlaps, texts: { validation, control: own }, seconds };
}

function overlapping(path: string, count: number, documents: number, first: Overlap | undefined) {
  const named =
    first === undefined
      ? ''
      : `: document ${first.control + 1} of it is document ${first.validation + 1} of the validation set, or half of one of them`;
  return inputError('BPB_CONTROL_OVERLAP', {
    message: `the control set overlaps the validation set${named}`,
    path,
    expected: 'documents that stand in neither the validation set nor the training data',
    actual: `${plural(count, 'document')} of ${documents} stand in both`,
    hint: 'take documents that were drawn apart from the validation set, or leave these out',
  });
}

/** A score as far as it is compared. */
interface Scored {
  readonly totals: Pick<DocumentTotals, 'q30' | 'infinite'>;
  readonly bytes: ByteTotals;
}

interface Compare {
  readonly options: ScoreOptions;
  /** Of the control set's own workers. */
  readonly setup: WorkerSetup | null;
  /** Of the score. */
  readonly engine: WorkerSetup['engine'];
  readonly seed: number;
}

/**
 * Scores the control set as the validation set was scored, and compares the two.
 *
 * @throws what a worker refuses; BPB_INTERRUPTED
 */
export async function compareControl(
  control: PreparedControl,
  validation: Scored,
  { options, setup, engine, seed }: Compare,
): Promise<Generalisation> {
  const started = performance.now();
  const { evaluation, overlaps, texts, data } = control;
  const vocabulary = data.tokenizer.pieces.length;
  const scored =
    evaluation === null ? null : await scoreControl(evaluation, { ...setup!, engine }, options);
  const accounting = sharedAccounting(validation.bytes, scored?.bytes ?? null);
  const left = (side: keyof Overlap) => new Set(overlaps.map((each) => each[side]));
  const common = { accounting, vocabulary };
  const ofValidation = { ...common, texts: texts.validation, left: left('validation') };
  const own = comparedSet(bitsOf(validation), validation.bytes, ofValidation);
  const ofControl = { ...common, texts: texts.control, left: left('control') };
  const other =
    scored === null
      ? nothing()
      : comparedSet(withZeros(bitsOf(scored), scored.zeros), scored.bytes, ofControl);
  const figures = {
    validation: own.figures,
    control: {
      source: control.source,
      sha256: data.documents?.sha256 ?? streamSha256(data.stream.ids),
      tokens: data.stream.ids.length,
      ...other.figures,
      left_out: overlaps.length,
      infinite_targets: scored?.totals.infinite.count ?? 0,
    },
    ...differenceOf(own.group, other.group),
  };
  const reason = notJudged(validation, control, figures);
  const p =
    reason === null
      ? await permutationTest(own.tested, other.tested, {
          seed,
          onDone: (done) => {
            options.onProgress?.(progress(done, PERMUTATIONS, 'permutations'));
            return admitSignals(options.signal);
          },
        })
      : null;
  const judged = { ...figures, p };
  return {
    verdict: verdictOf(judged),
    note: reason ?? remarkOf(judged),
    accounting,
    ...judged,
    permutations: p === null ? null : PERMUTATIONS,
    seed,
    time_s: control.seconds + (performance.now() - started) / 1000,
  };
}

function bitsOf({ totals }: Scored): Float64Array {
  return Float64Array.from(totals.q30, (q30) => natsOf(q30) / Math.LN2);
}

interface ControlScore extends Scored {
  /** Targets of probability zero, by document. */
  readonly zeros: Uint32Array;
}

async function scoreControl(
  evaluation: PlannedEvaluation,
  setup: WorkerSetup,
  options: ScoreOptions,
): Promise<ControlScore> {
  const { tokenizer, data, workload } = evaluation;
  const { stream, sidecar, facts } = data;
  const accounting = new Accounting({ tokenizer, stream, sidecar, facts, compared: true });
  const documents = stream.documentStarts.length;
  const zeros = new Uint32Array(documents);
  const append = (_: number, { spans, infiniteSpans }: RowsScore) => {
    for (const [s, count] of infiniteSpans?.entries() ?? []) zeros[spans.document[s]!]! += count;
  };
  const report = (done: number, of: number | null, unit: string, bpb: number | null) =>
    options.onProgress?.({ ...progress(done, of, unit), bpb });
  const { pool } = await openWorkers(evaluation, setup, {
    ...options,
    onProgress: () => report(0, null, '', null),
  });
  try {
    const { totals } = await scorePlan({
      ...workload,
      ...{ documents, accounting, pool },
      wanted: { has: () => false },
      allNats: false,
      output: { append },
      recorder: null,
      signal: options.signal,
      onProgress: ({ done, total: of, unit, bpb }) => report(done, of, unit, bpb),
    });
    return { totals, bytes: accounting.totals(scoredRanges(workload)), zeros };
  } finally {
    await pool.close();
  }
}

const progress = (done: number, of: number | null, unit: string) =>
  ({ phase: 'control', done, total: of, unit, bpb: null }) as const;

/** Lets signals in, which a long computation would keep out. */
async function admitSignals(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal?.aborted) throw interrupted();
}

function notJudged(
  { totals }: Scored,
  { evaluation }: PreparedControl,
  figures: Pick<Generalisation, 'validation' | 'control'>,
): string | null {
  if (evaluation === null) return 'the control set is shorter than one row of the windows';
  if (isOnePass(evaluation.artifact.adaptive)) {
    return 'the artifact carries its state through the whole stream: what it makes of a document depends on those before it, so that they cannot be exchanged';
  }
  if (totals.infinite.count > 0) return 'targets of the validation set have probability zero';
  return tooFew(figures);
}
