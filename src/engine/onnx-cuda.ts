/**
 * Engine onnx-cuda: the native session on ONNX Runtime's CUDA provider and the fused scorer.
 *
 * Token ids are copied to the device, per-token losses and sums are copied back; logits stay there.
 */

import { BpbError } from '../errors.js';
import { fixAxes } from '../onnx/fix-axes.js';
import { withOwnShapes } from '../onnx/optimize/declare.js';
import type { NativeSession } from './addon.js';
import { CUDA_DEFAULTS, cudaHost } from './cuda/host.js';
import { closedError } from './engine-errors.js';
import { nanLogits } from './nan-logits.js';
import type { NativeHost } from './native-host.js';
import { graphValue, runNative } from './native-session.js';
import { loadRefusal, type Opened } from './open-graph.js';
import { checkSizes, padBatch } from './pad.js';
import { withPositions } from './positions.js';
import { checkOptions, checkSignature } from './signature.js';
import { type Piece, scorePieces } from './split.js';
import type {
  Batch,
  BatchScore,
  CudaOptions,
  Engine,
  EngineInfo,
  EngineOptions,
  GraphOptions,
} from './types.js';

/** A session of one batch shape: another shape is another session. */
interface Shaped extends Opened<NativeSession> {
  /** Rows of every batch; null where any number will do. */
  readonly rows: number | null;
  /** Length of every list of scored positions; null where there is none, or any will do. */
  readonly count: number | null;
}

/** Opens sessions of one model on one GPU. */
class Opener {
  constructor(
    readonly host: NativeHost,
    readonly cuda: CudaOptions,
    readonly graph: GraphOptions,
  ) {}

  /**
   * @param rows of every batch, where the engine fixes the shape
   * @throws BpbError
   */
  async open(rows: number | null): Promise<Shaped> {
    const { model, ...axes } = this.#fixed(rows);
    try {
      return { ...axes, ...(await this.#open(model)) };
    } catch (error) {
      const refusal = model === this.graph.model ? undefined : loadRefusal(error);
      if (refusal === undefined) throw error;
      return this.#openWithOpenAxes(refusal);
    }
  }

  #open(model: Uint8Array): Promise<Opened<NativeSession>> {
    return this.host.open({ ...this.graph, model });
  }

  /**
   * A session of the unchanged model: a contradiction between its shapes may be in a part of the
   * graph that no batch runs.
   *
   * @param refusal of the model with a batch's axes
   */
  async #openWithOpenAxes(refusal: BpbError): Promise<Shaped> {
    const reason = `with the axes of a batch ONNX Runtime does not load it: ${refusal.actual}`;
    const opened = await this.#open(this.graph.model).catch((error: unknown) => {
      if (!(error instanceof BpbError) || loadRefusal(error)) throw error;
      const { kind, code, message, path, expected, actual, hint } = error;
      const both = `${actual} (its axes are open: ${reason})`;
      throw new BpbError({ kind, code, message, path, expected, actual: both, hint, cause: error });
    });
    const remarks = [...opened.remarks, `opened with its axes open: ${reason}`];
    return { ...opened, remarks, rows: null, count: null };
  }

  /** The model with the axes of so many rows written into it, where the engine fixes them. */
  #fixed(rows: number | null): { model: Uint8Array; rows: number | null; count: number | null } {
    const { shape, positionsPerBatch } = this.cuda;
    const { model, path, tokens, positions, rewritten } = this.graph;
    if (shape === null || rows === null) return { model, rows: null, count: null };
    const declared = (fixed: Uint8Array) => (rewritten ? withOwnShapes(fixed, path) : fixed);
    const ids = fixAxes(model, tokens, [rows, shape[1]], path);
    const fixedRows = ids.shape[0]!;
    if (!positions || positionsPerBatch === undefined) {
      return { model: declared(ids.model), rows: fixedRows, count: null };
    }
    // Fewer rows score fewer positions: both are halved when memory runs out.
    const wanted = Math.max(1, Math.ceil((positionsPerBatch * fixedRows) / shape[0]));
    const list = fixAxes(ids.model, positions, [wanted], path);
    return { model: declared(list.model), rows: fixedRows, count: list.shape[0]! };
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof BpbError && error.code === 'BPB_CUDA_MEMORY';
}

class OnnxCudaEngine implements Engine {
  readonly remarks: string[] = [];
  #current: Promise<Shaped>;
  #closed = false;

  constructor(
    first: Shaped,
    readonly info: EngineInfo,
    private readonly opener: Opener,
  ) {
    this.#current = Promise.resolve(first);
    const { cpuNodes } = first.session;
    this.remarks.push(...first.remarks);
    if (cpuNodes !== '') this.remarks.push(`these nodes ran on the CPU: ${cpuNodes}`);
  }

  async score(batch: Batch): Promise<BatchScore> {
    if (this.#closed) throw closedError();
    checkSizes(batch);
    const used = this.#current;
    const shaped = await used;
    try {
      return await scorePieces(batch, shaped, this.opener.graph.path, (piece) =>
        this.#scorePiece(shaped, piece, batch),
      );
    } catch (error) {
      // Another batch in flight may have replaced the session meanwhile.
      if (this.#current === used) {
        const ours = this.opener.cuda.shape !== null && shaped.rows !== null && shaped.rows > 1;
        if (!ours || !isOutOfMemory(error)) throw error;
        this.#current = this.#smaller(shaped, shaped.rows!, error);
      }
      await this.#current;
      return this.score(batch);
    }
  }

  async #scorePiece(shaped: Shaped, piece: Piece, whole: Batch): Promise<BatchScore> {
    const { host, graph } = this.opener;
    const axes = { fixedRows: shaped.rows, fixedTime: this.info.fixedTime };
    const padded = padBatch(piece.batch, axes, graph.path);
    const result = await runNative(
      shaped.session,
      withPositions(padded, graph, shaped.count),
      graph,
      (error) => host.toBpbError(error, graph.path),
      (index) => nanLogits(graph, whole, piece.firstScored + index),
    );
    const { nats, q30, runSeconds, scoreSeconds, deviceToHostBytes, vocabulary } = result;
    // What the runtime copies for nodes on the CPU cannot be counted here.
    const counted = shaped.session.cpuNodes === '' ? { deviceToHostBytes } : {};
    return {
      nats,
      q30,
      runSeconds,
      scoreSeconds,
      vocabulary,
      ...counted,
      shape: [padded.rows, padded.time],
    };
  }

  /** A session of half the rows in place of one that ran out of memory. */
  async #smaller({ session }: Shaped, rows: number, error: unknown): Promise<Shaped> {
    await session.close();
    const half = await this.opener.open(Math.ceil(rows / 2));
    if (half.rows === rows) {
      await half.session.close();
      throw error; // the graph itself fixes the rows
    }
    this.remarks.push(`out of GPU memory: batches of ${rows} rows were cut to ${half.rows}`);
    return half;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const current = await this.#current.catch(() => null);
    await current?.session.close();
  }
}

/**
 * Opens the model on a GPU.
 *
 * @throws BpbError (environment) where the machine lacks something, or the provider some kernel;
 * (usage) for a GPU that is not there; (input) for a model that cannot be loaded or does not take
 * ids and give logits.
 */
export async function openOnnxCuda(options: EngineOptions): Promise<Engine> {
  checkOptions(options);
  const cuda = options.cuda ?? CUDA_DEFAULTS;
  const opener = new Opener(cudaHost(options, cuda), cuda, options.graph);
  const first = await opener.open(cuda.shape?.[0] ?? null);
  const { session } = first;
  try {
    const signature = checkSignature(
      session.inputs.map(graphValue),
      session.outputs.map(graphValue),
      options.graph,
    );
    const info = opener.host.info(session, signature);
    const { fixedRows: rows, fixedCount: count } = signature;
    return new OnnxCudaEngine({ ...first, rows, count }, info, opener);
  } catch (error) {
    await session.close();
    throw error;
  }
}
