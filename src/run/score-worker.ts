/**
 * What a pool worker does: keeps one engine, turns row indexes into exact sums a document.
 */

import type { AdaptiveEngine, AdaptiveOptions } from '../engine/adaptive.js';
import type { Created, EngineChoice } from '../engine/create.js';
import type { Batch, CudaOptions, Engine, EngineInfo, EngineOptions } from '../engine/types.js';
import type { WindowPlan } from '../windows/plan.js';
import { handedOver } from '../workers/pool.js';
import { scoreRows } from './assemble.js';
import { BatchMemory } from './batch-memory.js';
import type { Opened, Reply, RowsScore, WorkerSetup, WorkerTask } from './messages.js';
import { replyOf } from './messages.js';
import { planRows } from './plan.js';
import { LaneRunner } from './stateful-runner.js';

/** Where a worker's engine comes from. */
export interface Engines {
  stateless(choice: EngineChoice, options: EngineOptions): Promise<Created<Engine>>;
  adaptive(choice: EngineChoice, options: AdaptiveOptions): Promise<Created<AdaptiveEngine>>;
}

/** What a task comes to, its nats always with it. */
type Scored = Omit<RowsScore, 'nats' | 'remarks'> & { readonly nats: Float32Array };

interface Open {
  readonly engine: { readonly info: EngineInfo; readonly remarks?: readonly string[] };
  readonly notes: readonly string[];
  score(rows: Uint32Array): Promise<Scored>;
}

export class ScoreWorker {
  private readonly plan: WindowPlan;
  private opened: Promise<Open> | undefined;
  /** Of batches that have been scored. */
  private readonly spare: BatchMemory[] = [];

  constructor(
    private readonly setup: WorkerSetup,
    private readonly engines: Engines,
  ) {
    this.plan = planRows(setup.stream, setup.window, setup.adaptive);
  }

  async run(task: WorkerTask): Promise<Reply<Opened | RowsScore>> {
    if (task.kind === 'open') return replyOf(() => this.describe());
    const reply = await replyOf(() => this.score(task));
    const buffer = 'ok' in reply ? reply.ok.nats?.buffer : undefined;
    return buffer instanceof ArrayBuffer ? handedOver(reply, [buffer]) : reply;
  }

  private async describe(): Promise<Opened> {
    const { engine, notes } = await this.open();
    return { info: engine.info, notes };
  }

  private open(): Promise<Open> {
    this.opened ??= this.setup.adaptive === null ? this.openStateless() : this.openLanes();
    return this.opened;
  }

  private async openStateless(): Promise<Open> {
    const { engine, notes } = await this.engines.stateless(this.setup.engine, this.engineOptions());
    return { engine, notes, score: (rows) => this.scoreRows(engine, rows) };
  }

  private async openLanes(): Promise<Open> {
    const { adaptive, engine: choice, stream } = this.setup;
    const options = { ...this.engineOptions(), adaptive: adaptive! };
    const { engine, notes } = await this.engines.adaptive(choice, options);
    const runner = new LaneRunner(engine, adaptive!, stream, this.plan);
    return {
      engine,
      notes,
      score: async (rows) => ({ ...(await runner.score(rows)), shape: null }),
    };
  }

  private engineOptions(): EngineOptions {
    return { ...this.setup.options, cuda: this.cudaOptions() };
  }

  private cudaOptions(): CudaOptions | null | undefined {
    const { options, gpus } = this.setup;
    if (!options.cuda || gpus === undefined) return options.cuda;
    const turn = Atomics.add(gpus.taken, 0, 1) % gpus.indexes.length;
    return { ...options.cuda, device: gpus.indexes[turn]! };
  }

  private async score(task: Extract<WorkerTask, { kind: 'score' }>): Promise<RowsScore> {
    const { engine, score } = await this.open();
    const { nats, ...scored } = await score(task.rows);
    return {
      ...scored,
      nats: task.keepNats ? nats : null,
      remarks: [...(engine.remarks ?? [])],
    };
  }

  private async scoreRows(engine: Engine, rows: Uint32Array): Promise<Scored> {
    const { stream } = this.setup;
    const memory = this.spare.pop() ?? new BatchMemory();
    try {
      const score = (batch: Batch) => engine.score(batch);
      const { scored } = await scoreRows(stream, this.plan, rows, score, memory);
      const { deviceToHostBytes = null, shape = null } = scored;
      return { ...scored, deviceToHostBytes, shape, adaptations: 0, adaptSeconds: 0 };
    } finally {
      this.spare.push(memory);
    }
  }
}
