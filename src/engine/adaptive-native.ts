/**
 * Stateful engine on the native addon. State and logits stay in the provider's memory; per-token
 * losses are returned.
 */
import { type StateTensor, stateBytes } from '../artifact/adaptive.js';
import { TYPE } from '../onnx/element-types.js';
import type { AdaptBatch, AdaptiveEngine, AdaptiveOptions, EngineState } from './adaptive.js';
import type { NativeSession, NativeState, NativeStateTensor } from './addon.js';
import { closedError, stateMisuseError, stateOutputError } from './engine-errors.js';
import { nanLogits } from './nan-logits.js';
import type { HostedGraph, NativeHost } from './native-host.js';
import { graphValue, runNative } from './native-session.js';
import { cpuHost } from './onnx-cpu.js';
import { checkSizes } from './pad.js';
import { checkOptions, checkSignature } from './signature.js';
import { splitTensors } from './split-tensors.js';
import type { Batch, BatchScore, EngineInfo } from './types.js';

function nativeTensor({ shape, dtype, init, reset }: StateTensor): NativeStateTensor {
  const bytes = stateBytes({ shape, dtype });
  return { shape, type: TYPE[dtype], bytes, init, resets: reset === 'document' };
}

/** The addon's error about a misused state as a BpbError; other errors as they are. */
function misuse(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string };
  return code === 'BPB_STATE_MISUSE' ? stateMisuseError(message) : error;
}

/** The handle of a state, which belongs to the engine that made it. */
class CarriedState implements EngineState {
  constructor(
    readonly native: NativeState,
    readonly owner: AdaptiveEngine,
  ) {}

  get documents(): number {
    return this.native.documents;
  }

  keep(rows: number): void {
    this.#do(() => this.native.keep(rows));
  }

  reset(): void {
    this.#do(() => this.native.reset());
  }

  free(): void {
    this.#do(() => this.native.free());
  }

  #do(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw misuse(error);
    }
  }
}

class AdaptiveNativeEngine implements AdaptiveEngine {
  readonly remarks: readonly string[];
  readonly #begin: (rows: number) => NativeState;
  #closed = false;

  constructor(
    readonly info: EngineInfo,
    private readonly host: NativeHost,
    private readonly options: AdaptiveOptions,
    private readonly scorer: NativeSession,
    private readonly adaptSession: NativeSession | null,
    remarks: readonly string[],
  ) {
    this.#begin = host.addon.states(options.adaptive.tensors.map(nativeTensor));
    const nodes = [scorer, adaptSession].map((session) => session?.cpuNodes ?? '').filter(Boolean);
    this.remarks = [...remarks, ...nodes.map((names) => `these nodes ran on the CPU: ${names}`)];
  }

  begin(rows: number): EngineState {
    if (this.#closed) throw closedError();
    return new CarriedState(this.#begin(rows), this);
  }

  async score(batch: Batch, state: EngineState, carry: boolean): Promise<BatchScore> {
    const native = this.#native(state);
    checkSizes(batch);
    const { graph } = this.options;
    const toBpbError = (error: unknown) => this.#toBpbError(error, graph.path);
    const result = await runNative(
      this.scorer,
      { ...batch, state: native, carry },
      graph,
      toBpbError,
      (index) => nanLogits(graph, batch, index),
    ).catch((error: unknown) => {
      throw misuse(error);
    });
    // Not before: a batch that is refused leaves its state as it was.
    if (carry) native.commit();
    const onGpu = this.scorer.device !== undefined && this.scorer.cpuNodes === '';
    const { nats, q30, runSeconds, scoreSeconds, deviceToHostBytes, vocabulary } = result;
    const counted = onGpu ? { deviceToHostBytes } : {};
    return { nats, q30, runSeconds, scoreSeconds, vocabulary, ...counted };
  }

  async adapt(adaptBatch: AdaptBatch, state: EngineState): Promise<number> {
    const native = this.#native(state);
    const { adapt } = this.options.adaptive;
    if (this.adaptSession === null || adapt === null) {
      throw stateMisuseError('there is no graph that adapts it');
    }
    let seconds: number;
    try {
      seconds = (await this.adaptSession.adapt({ ...adaptBatch, state: native })).runSeconds;
    } catch (error) {
      throw this.#toBpbError(error, adapt.path);
    }
    native.commit();
    return seconds;
  }

  #native(state: EngineState): NativeState {
    if (this.#closed) throw closedError();
    if (state instanceof CarriedState && state.owner === this) return state.native;
    throw stateMisuseError("it is another engine's");
  }

  #toBpbError(error: unknown, path: string): unknown {
    const converted = misuse(error);
    if (converted !== error || error instanceof TypeError || error instanceof RangeError)
      return converted;
    const { code, message } = error as { code?: string; message: string };
    const words = /^state (\d+): expected (.*), got (.*)$/.exec(message);
    if (code !== 'BPB_STATE_OUTPUT' || words === null) return this.host.toBpbError(error, path);
    const tensor = this.options.adaptive.tensors[Number(words[1])]!;
    return stateOutputError(path, tensor, words[2]!, words[3]!);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.scorer.close();
    await this.adaptSession?.close();
  }
}

/**
 * Opens both graphs on the CPU.
 *
 * @throws BpbError as openOnnxCpu, naming the graph at fault
 */
export async function openAdaptiveNative(options: AdaptiveOptions): Promise<AdaptiveEngine> {
  checkOptions(options);
  return openAdaptiveOn(cpuHost(options), options);
}

/** The same on any host. */
export async function openAdaptiveOn(
  host: NativeHost,
  options: AdaptiveOptions,
): Promise<AdaptiveEngine> {
  const { adaptive, graph } = options;
  const { tokens, logits } = graph;
  const { tensors, adapt } = adaptive;
  const { writes, adapts } = splitTensors(adaptive, []);
  const ports = (side: 'in' | 'out', of: readonly StateTensor[]) =>
    of.map((tensor) => ({ port: tensor[side], slot: tensors.indexOf(tensor) }));
  const open: NativeSession[] = [];
  const remarks: string[] = [];
  const hosted = async (graph: HostedGraph): Promise<NativeSession> => {
    const opened = await host.open(graph);
    open.push(opened.session);
    remarks.push(...opened.remarks);
    return opened.session;
  };
  try {
    const scorer = await hosted({
      ...graph,
      state: {
        tokens,
        targets: '',
        logits,
        reads: ports('in', tensors),
        writes: ports('out', writes),
      },
    });
    const signature = checkSignature(
      scorer.inputs.map(graphValue),
      scorer.outputs.map(graphValue),
      graph,
      tensors.map((tensor) => tensor.in),
    );
    let adaptSession: NativeSession | null = null;
    if (adapt !== null) {
      const ids = { tokens: adapt.tokens ?? '', targets: adapt.targets ?? '', logits: '' };
      const reads = ports('in', adapts.reads);
      const state = { ...ids, reads, writes: ports('out', adapts.writes) };
      const { bytes, path, rewritten } = adapt;
      adaptSession = await hosted({ model: bytes, path, rewritten, ...ids, state });
    }
    const info = host.info(scorer, signature);
    return new AdaptiveNativeEngine(info, host, options, scorer, adaptSession, remarks);
  } catch (error) {
    for (const session of open) await session.close();
    throw error;
  }
}
