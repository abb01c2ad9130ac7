/**
 * Probe session of an artifact that carries state: the runner of a score on the rows of a probe.
 *
 * The runner gets the engine through a wrapper that replaces the scored targets where a probe asks
 * for that, while the adapt graph still gets the row's own; and that scores past a NaN, where a
 * score ends with an error.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { TokenStream } from '../data/types.js';
import type { AdaptBatch, AdaptiveEngine, EngineState } from '../engine/adaptive.js';
import type { Batch, BatchScore } from '../engine/types.js';
import { planBatchesOf, planRows } from '../evaluation/plan.js';
import { scorePastNan } from '../run/past-nan.js';
import { StatefulRunner } from '../run/stateful-runner.js';
import type { WindowOptions } from '../windows/options.js';
import { joinDocuments, placeNats } from './documents-stream.js';
import type { ProbeRow } from './subject.js';

export class StatefulSession {
  private readonly engine: ProbedEngine;

  constructor(
    engine: AdaptiveEngine,
    private readonly adaptive: Adaptive,
    private readonly window: WindowOptions,
  ) {
    this.engine = new ProbedEngine(engine);
  }

  /** One document from its initial state. @param frozen without the adapt graph */
  async alone({ tokens, targets }: ProbeRow, frozen = false): Promise<Float32Array> {
    this.engine.targets = targets ?? null;
    const nats = await this.stream(joinDocuments([tokens]), 1, frozen);
    return nats.subarray(1);
  }

  /** Documents side by side. Each has one more target, the next one's first token, left out here. */
  async together(rows: readonly ProbeRow[]): Promise<Float32Array[]> {
    if (rows.some(({ targets }) => targets !== undefined)) {
      throw new RangeError('rows of a batch are scored on their own targets');
    }
    const documents = rows.map(({ tokens }) => tokens);
    const nats = await this.stream(joinDocuments(documents), Number.MAX_SAFE_INTEGER);
    let at = 1;
    return documents.map(({ length }) => {
      const own = nats.subarray(at, at + length - 1);
      at += length;
      return own;
    });
  }

  /** Nats of every target of a stream, by target index; index 0 is no target. */
  async stream(stream: TokenStream, batchTokens: number, frozen = false): Promise<Float32Array> {
    const adaptive = frozen ? { ...this.adaptive, adapt: null } : this.adaptive;
    const plan = planRows(stream, this.window, adaptive);
    const batches = planBatchesOf(plan, batchTokens, adaptive, false, this.engine.info);
    const runner = new StatefulRunner(this.engine, adaptive, stream, plan);
    const nats = new Float32Array(stream.ids.length).fill(Number.NaN);
    try {
      for (let b = 0; b < batches.count; b++) {
        placeNats(nats, await runner.score(batches.rowIndexes(b)));
      }
    } finally {
      this.engine.targets = null;
      // The runner keeps the state of a single pass for a next batch, which there is not.
      this.engine.end(!resetsAtDocuments(adaptive));
    }
    return nats;
  }
}

class ProbedEngine implements AdaptiveEngine {
  readonly info: AdaptiveEngine['info'];
  /** Targets that replace those of a single document, from its first on; null for its own. */
  targets: Int32Array | null = null;
  private taken = 0;
  private readonly states = new Set<EngineState>();

  constructor(private readonly engine: AdaptiveEngine) {
    this.info = engine.info;
  }

  begin(rows: number): EngineState {
    this.taken = 0;
    const state = this.engine.begin(rows);
    this.states.add(state);
    return state;
  }

  async score(batch: Batch, state: EngineState, carry: boolean): Promise<BatchScore> {
    const count = batch.scored.length;
    const targets = this.targets?.subarray(this.taken, this.taken + count) ?? batch.targets;
    this.taken += count;
    return scorePastNan({ ...batch, targets }, (part) => this.engine.score(part, state, carry));
  }

  adapt(adaptBatch: AdaptBatch, state: EngineState): Promise<number> {
    return this.engine.adapt(adaptBatch, state);
  }

  /** Drops the states of a stream. @param free whether the runner has left that to the session */
  end(free: boolean): void {
    if (free) for (const state of this.states) state.free();
    this.states.clear();
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}
