/**
 * The onnx-cpu engine: the native session and the SIMD scorer.
 */

import { cpus } from 'node:os';
import type { NativeSession } from './addon.js';
import { closedError } from './engine-errors.js';
import { findRuntimeLibrary, runtimePackageVersion } from './library.js';
import { nanLogits } from './nan-logits.js';
import type { NativeHost } from './native-host.js';
import { graphValue, requireAddon, runNative, translate } from './native-session.js';
import { type Opened, openGraph } from './open-graph.js';
import { checkSizes, padBatch } from './pad.js';
import { listed, portNames } from './positions.js';
import { SESSION_CONFIG } from './session-config.js';
import { checkOptions, checkSignature } from './signature.js';
import type { Batch, BatchScore, Engine, EngineInfo, EngineOptions } from './types.js';

class OnnxNativeEngine implements Engine {
  readonly info: EngineInfo;
  readonly remarks: readonly string[];
  readonly #session: NativeSession;
  readonly #options: EngineOptions;
  readonly #fixedCount: number | null;
  #closed = false;

  constructor(
    { session, remarks }: Opened<NativeSession>,
    info: EngineInfo,
    options: EngineOptions,
    fixedCount: number | null,
  ) {
    this.#session = session;
    this.remarks = remarks;
    this.#fixedCount = fixedCount;
    this.info = info;
    this.#options = options;
  }

  async score(batch: Batch): Promise<BatchScore> {
    if (this.#closed) throw closedError();
    checkSizes(batch);
    const { modelPath } = this.#options;
    const padded = padBatch(batch, this.info, modelPath);
    const result = await runNative(
      this.#session,
      listed(padded, this.#options, this.#fixedCount),
      this.#options,
      (error) => translate(error, modelPath),
      (index) => nanLogits(this.#options, batch, index),
    );
    const { nats, totals, runSeconds, scoreSeconds } = result;
    return { nats, totals, runSeconds, scoreSeconds };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#session.close();
  }
}

/** Opens graphs on the CPU. @throws BpbError (environment) without the addon or the library */
export function cpuHost(options: EngineOptions): NativeHost {
  const addon = requireAddon('onnx-cpu');
  const { threads, optimize } = options;
  const library = findRuntimeLibrary(options.runtimeDirectory);
  return {
    addon,
    open: ({ path, model, ...ports }) =>
      openGraph(model, path, async (form) => {
        try {
          return await addon.open({
            library,
            provider: 'cpu',
            model: form,
            ...ports,
            threads,
            optimize,
            config: SESSION_CONFIG,
          });
        } catch (error) {
          throw translate(error, path);
        }
      }),
    tell: translate,
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
export async function openOnnxNative(options: EngineOptions): Promise<Engine> {
  checkOptions(options);
  const host = cpuHost(options);
  const { model, modelPath } = options;
  const opened = await host.open({ model, path: modelPath, ...portNames(options) });
  const { session } = opened;
  try {
    const signature = checkSignature(
      session.inputs.map(graphValue),
      session.outputs.map(graphValue),
      options,
    );
    const info = host.info(session, signature);
    return new OnnxNativeEngine(opened, info, options, signature.fixedCount);
  } catch (error) {
    await session.close();
    throw error;
  }
}
