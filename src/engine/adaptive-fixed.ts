/**
 * Stateful engine for graphs with fixed axes: documents are padded to the batch, chunks to the time.
 *
 * Documents that have ended stay in the batch, as padding: their state goes on and is never scored.
 */
import type { FixedAxes } from '../fixed-axes.js';
import type { AdaptBatch, AdaptiveEngine, EngineState } from './adaptive.js';
import { padBatch } from './pad.js';
import type { Batch, BatchScore, EngineInfo } from './types.js';

/** The state of all rows of the batch, of which the first are documents. */
class PaddedState implements EngineState {
  /** @param fixed whether the batch has one size, in which documents that ended stay */
  constructor(
    readonly whole: EngineState,
    public documents: number,
    private readonly fixed: boolean,
  ) {}

  keep(rows: number): void {
    if (!(rows >= 1 && rows <= this.documents)) {
      throw new RangeError(`${rows} of ${this.documents} documents`);
    }
    if (!this.fixed) this.whole.keep(rows);
    this.documents = rows;
  }

  reset(): void {
    this.whole.reset();
  }

  free(): void {
    this.whole.free();
  }
}

class FixedAdaptiveEngine implements AdaptiveEngine {
  readonly info: EngineInfo;

  constructor(
    private readonly engine: AdaptiveEngine,
    private readonly axes: FixedAxes,
    private readonly path: string,
  ) {
    this.info = { ...engine.info, ...axes };
  }

  get remarks(): readonly string[] {
    return this.engine.remarks ?? [];
  }

  begin(rows: number): EngineState {
    const all = this.axes.fixedRows ?? rows;
    if (rows > all) throw new RangeError(`${rows} documents in a batch of ${all}`);
    return new PaddedState(this.engine.begin(all), rows, this.axes.fixedRows !== null);
  }

  async score(batch: Batch, state: EngineState, carry: boolean): Promise<BatchScore> {
    const padded = padBatch(batch, this.axes, this.path);
    return this.engine.score(padded, (state as PaddedState).whole, carry);
  }

  async adapt(adaptBatch: AdaptBatch, state: EngineState): Promise<number> {
    const rows = this.axes.fixedRows ?? adaptBatch.rows;
    const { time, chunk } = adaptBatch;
    const padded = {
      ...adaptBatch,
      rows,
      ids: lengthened(adaptBatch.ids, rows * time),
      targets: lengthened(adaptBatch.targets, rows * chunk),
    };
    return this.engine.adapt(padded, (state as PaddedState).whole);
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

function lengthened(values: Int32Array, length: number): Int32Array {
  if (values.length === length) return values;
  const longer = new Int32Array(length);
  longer.set(values);
  return longer;
}

/** The engine itself where all axes are open. @param path of the score graph, for messages */
export function withFixedAxes(
  engine: AdaptiveEngine,
  axes: FixedAxes,
  path: string,
): AdaptiveEngine {
  const open = axes.fixedRows === null && axes.fixedTime === null;
  return open ? engine : new FixedAdaptiveEngine(engine, axes, path);
}
