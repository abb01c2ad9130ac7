/**
 * Engine onnx-cpu: the native session on the CPU provider, and the SIMD scorer.
 */

import { cpus } from 'node:os';
import type { NativeSession } from './addon.js';
import { closedError } from './engine-errors.js';
import { findRuntimeLibrary, runtimePackageVersion } from './library.js';
import { nanLogits } from './nan-logits.js';
import type { NativeHost } from './native-host.js';
import { graphValue, requireAddon, runNative, translate } from './native-session.js';
import { type Opened, openGraph } from './open-graph.js';
import { checkSizes, fixedShape, padBatch } from './pad.js';
import { withPositions } from './positions.js';
import { sessionConfig } from './session-config.js';
import { checkOptions, checkSignature } from './signature.js';
import { type Piece, scorePieces } from './split.js';
import type {
  Batch,
  BatchScore,
  Engine,
  EngineInfo,
  EngineOptions,
  GraphOptions,
} from './types.js';

class OnnxCpuEngine implements Engine {
  readonly info: EngineInfo;
  readonly remarks: readonly string[];
  readonly #session: NativeSession;
  readonly #graph: GraphOptions;
  readonly #fixedCount: number | null;
  #closed = false;

  constructor(
    { session, remarks }: Opened<NativeSession>,
    info: EngineInfo,
    graph: GraphOptions,
    fixedCount: number | null,
  ) {
    this.#session = session;
    this.remarks = remarks;
    this.#fixedCount = fixedCount;
    this.info = info;
    this.#graph = graph;
  }

  async score(batch: Batch): Promise<BatchScore> {
    if (this.#closed) throw closedError();
    checkSizes(batch);
    const limits = { rows: this.info.fixedRows, count: this.#fixedCount };
    return scorePieces(batch, limits, this.#graph.path, (piece) => this.#scorePiece(piece, batch));
  }

  async #scorePiece({ batch, firstScored }: Piece, whole: Batch): Promise<BatchScore> {
    const graph = this.#graph;
    const padded = padBatch(batch, this.info, graph.path);
    const result = await runNative(
      this.#session,
      withPositions(padded, graph, this.#fixedCount),
      graph,
      (error) => translate(error, graph.path),
      (index) => nanLogits(graph, whole, firstScored + index),
    );
    const { nats, q30, runSeconds, scoreSeconds, vocabulary } = result;
    return { nats, q30, runSeconds, scoreSeconds, vocabulary, shape: fixedShape(this.info) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#session.close();
  }
}

/** Opens graphs on the CPU. @throws BpbError (environment) without the addon or the library */
export function cpuHost({ runtime }: Pick<EngineOptions, 'runtime'>): NativeHost {
  const addon = requireAddon('onnx-cpu');
  const { threads } = runtime;
  const found = {
    ...runtime,
    library: findRuntimeLibrary(runtime.ortLib),
    config: sessionConfig(),
  };
  return {
    addon,
    open: (graph) =>
      openGraph(graph, async (model) => {
        try {
          return await addon.open({ graph: { ...graph, model }, runtime: found });
        } catch (error) {
          throw translate(error, graph.path);
        }
      }),
    toBpbError: translate,
    info: (session, { precision, vocabulary, fixedRows, fixedTime }) => ({
      name: 'onnx-cpu',
      provider: 'cpu',
      device: cpus()[0]?.model ?? 'unknown',
      precision,
      threads,
      instructionSet: addon.instructionSets().at(-1)!,
      versions: {
        onnxruntime: session.runtimeVersion,
        'onnxruntime-node': runtimePackageVersion(),
      },
      vocabulary,
      fixedRows,
      fixedTime,
    }),
  };
}

/**
 * Opens the model on the native session.
 *
 * @throws BpbError (environment) without the addon or the library, (input) for a model that cannot
 * be loaded or does not take ids and give logits.
 */
export async function openOnnxCpu(options: EngineOptions): Promise<Engine> {
  checkOptions(options);
  const host = cpuHost(options);
  const opened = await host.open(options.graph);
  const { session } = opened;
  try {
    const signature = checkSignature(
      session.inputs.map(graphValue),
      session.outputs.map(graphValue),
      options.graph,
    );
    const info = host.info(session, signature);
    return new OnnxCpuEngine(opened, info, options.graph, signature.fixedCount);
  } catch (error) {
    await session.close();
    throw error;
  }
}
