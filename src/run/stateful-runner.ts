/**
 * Runner of rows that carry state: score a chunk, commit its nats, adapt to it, go on to the next.
 *
 * The adapt graph is only given targets that are already scored; later targets are not reachable
 * from `adapt`.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { TokenStream } from '../data/types.js';
import type { AdaptBatch, AdaptiveEngine, EngineState } from '../engine/adaptive.js';
import type { Batch } from '../engine/types.js';
import { BpbError } from '../errors.js';
import type { WindowPlan } from '../windows/plan.js';
import { scoreRows } from './assemble.js';
import { BatchMemory } from './batch-memory.js';
import {
  BatchCheck,
  compareRun,
  type EveryRowTask,
  type FurtherRun,
} from './every-row/check-batch.js';
import { EveryRowTotals } from './every-row/sums.js';
import { type StatefulScore, StatefulTask } from './stateful-task.js';

export class StatefulRunner {
  private readonly sideBySide: boolean;
  private readonly check: BatchCheck;
  /** Of changed batches; tasks run one after the other. */
  private readonly memory = new BatchMemory();
  /** State of the single pass, kept from one task to the next. */
  private pass: { readonly state: EngineState; nextRow: number } | null = null;
  /** Tasks of a worker run one after the other, as they share one engine. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly engine: AdaptiveEngine,
    private readonly adaptive: Adaptive,
    private readonly stream: TokenStream,
    private readonly plan: WindowPlan,
  ) {
    this.sideBySide = resetsAtDocuments(adaptive);
    this.check = new BatchCheck(stream.ids, plan, engine.info.fixedTime);
  }

  /**
   * @param rows plan rows: of documents side by side all rows, step by step, in the order of
   * planStatefulBatches; of a single pass those that follow the last task's
   * @param everyRow what each chunk is checked for before it is scored, from the same state
   */
  score(rows: Uint32Array, everyRow?: EveryRowTask): Promise<StatefulScore> {
    const run = this.last.then(() =>
      this.sideBySide ? this.documents(rows, everyRow) : this.onePass(rows, everyRow),
    );
    this.last = run.catch(() => undefined);
    return run;
  }

  private async documents(rows: Uint32Array, everyRow?: EveryRowTask): Promise<StatefulScore> {
    const steps = this.stepsOf(rows);
    const task = new StatefulTask();
    const checks = stepChecks(everyRow, steps.length);
    const state = this.engine.begin(steps[0]!.length);
    try {
      for (const [k, step] of steps.entries()) {
        const following = steps[k + 1]?.length ?? 0;
        const batch = await this.scoreStep(task, step, state, following > 0, checks?.[k]);
        if (following === 0) break;
        // Documents that end here are the last of the batch; those that go on had whole chunks.
        state.keep(following);
        await this.adapt(task, step.subarray(0, following), batch, state);
      }
    } finally {
      state.free();
    }
    return task.result();
  }

  private async onePass(rows: Uint32Array, everyRow?: EveryRowTask): Promise<StatefulScore> {
    const task = new StatefulTask();
    const checks = stepChecks(everyRow, rows.length);
    this.pass ??= { state: this.engine.begin(1), nextRow: 0 };
    const { pass, plan } = this;
    for (const [k, row] of rows.entries()) {
      if (row !== pass.nextRow) {
        throw new BpbError({
          kind: 'internal',
          code: 'BPB_PASS_ORDER',
          message: `row ${row} came where row ${pass.nextRow} of the single pass was due`,
        });
      }
      const segment = plan.segmentOf(row);
      if (row > 0 && row === plan.rowsOfSegment(segment)[0]) pass.state.reset();
      const step = Uint32Array.of(row);
      const more = row + 1 < plan.rowCount;
      const batch = await this.scoreStep(task, step, pass.state, more, checks?.[k]);
      if (more) await this.adapt(task, step, batch, pass.state);
      pass.nextRow++;
    }
    return task.result();
  }

  /** Scores one chunk of each document and commits its nats. */
  private async scoreStep(
    task: StatefulTask,
    step: Uint32Array,
    state: EngineState,
    carry: boolean,
    check: EveryRowTask | undefined,
  ): Promise<Batch> {
    const runs: FurtherRun[] = [];
    const totals = new EveryRowTotals();
    const { batch, scored } = await scoreRows(this.stream, this.plan, step, async (rows) => {
      // Before the score, which moves the state on: nothing of these runs is carried, committed or adapted to.
      if (check !== undefined) {
        const score = (further: Batch) => this.engine.score(further, state, false);
        await this.check.run(rows, step, check, score, this.memory, totals, (run) =>
          runs.push(run),
        );
      }
      return this.engine.score(rows, state, carry);
    });
    task.commit(scored);
    if (check !== undefined) {
      for (const run of runs) compareRun(run, scored.nats, totals);
      task.checked({ ...totals });
    }
    return batch;
  }

  /** Gives the adapt graph the chunks of `step`, which has been committed. */
  private async adapt(
    task: StatefulTask,
    step: Uint32Array,
    batch: Batch,
    state: EngineState,
  ): Promise<void> {
    if (this.adaptive.adapt === null) return;
    const { length, firstScored } = this.plan.row(step[0]!);
    const chunk = length - firstScored;
    const targets = new Int32Array(step.length * chunk);
    const used: [number, number][] = [];
    step.forEach((row, r) => {
      const first = this.plan.row(row).start + firstScored + 1;
      for (let j = 0; j < chunk; j++) targets[r * chunk + j] = this.stream.ids[first + j]!;
      used.push([first, chunk]);
    });
    const adaptBatch: AdaptBatch = {
      rows: step.length,
      time: batch.time,
      ids: batch.ids.subarray(0, step.length * batch.time),
      chunk,
      targets,
    };
    task.requireCommitted(used);
    for (let k = 0; k < this.adaptive.steps; k++) {
      task.adapted(await this.engine.adapt(adaptBatch, state));
    }
    if (!this.sideBySide) task.updated(used, null);
    else step.forEach((row, r) => void task.updated([used[r]!], this.plan.segmentOf(row)));
  }

  /** Rows of one step: the same place in their documents. */
  private stepsOf(rows: Uint32Array): Uint32Array[] {
    const place = (row: number) => row - this.plan.rowsOfSegment(this.plan.segmentOf(row))[0];
    const steps: Uint32Array[] = [];
    let from = 0;
    for (let at = 1; at <= rows.length; at++) {
      if (at < rows.length && place(rows[at]!) === steps.length) continue;
      steps.push(rows.subarray(from, at));
      from = at;
    }
    return steps;
  }
}

/** What each step of a task is checked for: some of them are repeated unchanged, the middle one at least. */
function stepChecks(task: EveryRowTask | undefined, steps: number): EveryRowTask[] | undefined {
  if (task === undefined) return undefined;
  const { repeatedSteps: share } = task;
  const chosen = (k: number) =>
    share * steps < 1 ? k === steps >> 1 : Math.floor((k + 1) * share) > Math.floor(k * share);
  return Array.from({ length: steps }, (_, k) => (chosen(k) ? task : { ...task, repeats: 0 }));
}
