/**
 * A session of an artifact that carries state: the score's own runner on the rows of a probe.
 *
 * The runner is handed the engine through a wrapper that scores other targets than the rows' own,
 * where a probe asks for that, while what is adapted to stays the rows' own; and that gives nats up
 * to a NaN where a score ends with a refusal.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { TokenStream } from '../data/types.js';
import type { AdaptiveEngine, EngineState, Lesson } from '../engine/adaptive.js';
import { NanLogitsError } from '../engine/nan-logits.js';
import type { Batch, BatchScore } from '../engine/types.js';
import { planBatchesOf, planRows } from '../run/plan.js';
import { LaneRunner } from '../run/stateful-runner.js';
import type { WindowOptions } from '../windows/options.js';
import { joinDocuments } from './documents-stream.js';
import type { ProbeRow } from './subject.js';

export class Lanes {
  private readonly engine: ProbedEngine;

  constructor(
    engine: AdaptiveEngine,
    private readonly adaptive: Adaptive,
    private readonly window: WindowOptions,
  ) {
    this.engine = new ProbedEngine(engine);
  }

  /** One document from fresh state. @param frozen leaves adaptation out */
  async alone({ tokens, targets }: ProbeRow, frozen = false): Promise<Float32Array> {
    this.engine.targets = targets ?? null;
    const nats = await this.stream(joinDocuments([tokens]), 1, frozen);
    return nats.subarray(1);
  }

  /** Documents side by side: each with one more target, the next one's first token, not given back. */
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
    const batches = planBatchesOf(plan, batchTokens, adaptive, false);
    const runner = new LaneRunner(this.engine, adaptive, stream, plan);
    const nats = new Float32Array(stream.ids.length).fill(Number.NaN);
    try {
      for (let b = 0; b < batches.count; b++) {
        const scored = await runner.score(batches.rows(b));
        let at = 0;
        scored.runs.first.forEach((first, r) => {
          const count = scored.runs.count[r]!;
          nats.set(scored.nats.subarray(at, at + count), first);
          at += count;
        });
      }
    } finally {
      this.engine.targets = null;
      // The runner keeps the state of a single pass for the next batch, of which there is none.
      this.engine.end(!resetsAtDocuments(adaptive));
    }
    return nats;
  }
}

class ProbedEngine implements AdaptiveEngine {
  readonly info: AdaptiveEngine['info'];
  /** In the place of a single document's own targets, from the first on; null for its own. */
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
    const gone = new Uint8Array(count);
    for (;;) {
      const kept = Array.from(gone.keys()).filter((k) => gone[k] === 0);
      if (kept.length === 0) {
        // Nothing is left to be known of this batch; the state stays where it was.
        const totals = new BigInt64Array(batch.segmentEnds.length);
        const nats = new Float32Array(count).fill(Number.NaN);
        return { nats, totals, runSeconds: 0, scoreSeconds: 0 };
      }
      const part = {
        ...batch,
        scored: Uint32Array.from(kept, (k) => batch.scored[k]!),
        targets: Int32Array.from(kept, (k) => targets[k]!),
        segmentEnds: Uint32Array.of(kept.length),
      };
      try {
        const score = await this.engine.score(part, state, carry);
        const nats = new Float32Array(count).fill(Number.NaN);
        kept.forEach((k, at) => {
          nats[k] = score.nats[at]!;
        });
        return { ...score, nats, totals: new BigInt64Array(batch.segmentEnds.length) };
      } catch (error) {
        if (!(error instanceof NanLogitsError)) throw error;
        // From there on, as in rows that stand alone.
        const from = error.row * batch.time + error.offset;
        const end = (error.row + 1) * batch.time;
        batch.scored.forEach((position, k) => {
          if (position >= from && position < end) gone[k] = 1;
        });
      }
    }
  }

  adapt(lesson: Lesson, state: EngineState): Promise<number> {
    return this.engine.adapt(lesson, state);
  }

  /** Forgets the states of a stream, and gives back those that the runner did not. */
  end(free: boolean): void {
    if (free) for (const state of this.states) state.free();
    this.states.clear();
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}
