/**
 * Stateful engine on onnxruntime-node's JavaScript API: the fallback of the native one, and the
 * reference implementation that it is tested against.
 */
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { type StateTensor, stateBytes } from '../artifact/adaptive.js';
import { count } from '../onnx/tensor.js';
import type { AdaptBatch, AdaptiveEngine, AdaptiveOptions, EngineState } from './adaptive.js';
import { closedError, modelRunError, noBfloat16Error, stateOutputError } from './engine-errors.js';
import { graphValue, idsTensor, openSession, scoreLogits } from './js-session.js';
import { nanLogits } from './nan-logits.js';
import { jsEngineInfo } from './onnx-js.js';
import { checkBatch } from './pad.js';
import { checkOptions, checkSignature, type Signature } from './signature.js';
import { splitTensors } from './split-tensors.js';
import type { Batch, BatchScore, EngineInfo } from './types.js';

type Values = Float32Array | Uint16Array | Int32Array | BigInt64Array;

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
} as const;

/** One graph with the tensors that it reads and writes. */
interface Graph {
  readonly path: string;
  readonly session: InferenceSession;
  readonly reads: readonly StateTensor[];
  readonly writes: readonly StateTensor[];
}

class JsState implements EngineState {
  readonly values = new Map<StateTensor, Values>();
  #freed = false;

  constructor(
    private readonly tensors: readonly StateTensor[],
    public documents: number,
  ) {
    for (const tensor of tensors) this.#begin(tensor);
  }

  #begin(tensor: StateTensor): void {
    const { init, dtype } = tensor;
    const bytes = new Uint8Array(this.documents * stateBytes(tensor));
    if (init !== null) for (let at = 0; at < bytes.length; at += init.length) bytes.set(init, at);
    this.values.set(tensor, new ARRAYS[dtype](bytes.buffer));
  }

  /** The value as the graphs take it. @throws after `free` */
  tensor(tensor: StateTensor): Tensor {
    if (this.#freed) throw closedError();
    const dims = [this.documents, ...tensor.shape];
    return new Tensor(tensor.dtype, this.values.get(tensor) as never, dims);
  }

  keep(rows: number): void {
    if (!(rows >= 1 && rows <= this.documents))
      throw new RangeError(`${rows} of ${this.documents} documents`);
    this.documents = rows;
    for (const [tensor, values] of this.values) {
      this.values.set(tensor, values.subarray(0, rows * count(tensor.shape)));
    }
  }

  reset(): void {
    for (const tensor of this.tensors) if (tensor.reset === 'document') this.#begin(tensor);
  }

  free(): void {
    this.#freed = true;
    this.values.clear();
  }
}

class AdaptiveJsEngine implements AdaptiveEngine {
  #closed = false;

  constructor(
    readonly info: EngineInfo,
    private readonly idType: Signature['idType'],
    private readonly options: AdaptiveOptions,
    private readonly scorer: Graph,
    private readonly adaptGraph: Graph | null,
    readonly remarks: readonly string[],
  ) {}

  begin(rows: number): EngineState {
    return new JsState(this.options.adaptive.tensors, rows);
  }

  async score(batch: Batch, state: EngineState, carry: boolean): Promise<BatchScore> {
    checkBatch(batch);
    const { tokens, logits } = this.options.graph;
    const ids = idsTensor(batch.ids, [batch.rows, batch.time], this.idType);
    const { results, seconds } = await this.#run(
      this.scorer,
      { [tokens]: ids },
      state as JsState,
      [logits],
      carry,
    );
    const started = performance.now();
    const scored = scoreLogits(results[logits]!, batch, this.options.graph, (index) =>
      nanLogits(this.options.graph, batch, index),
    );
    results[logits]!.dispose();
    const scoreSeconds = (performance.now() - started) / 1000;
    if (carry) takeOver(this.scorer, results, state as JsState);
    return { ...scored, runSeconds: seconds, scoreSeconds };
  }

  async adapt(adaptBatch: AdaptBatch, state: EngineState): Promise<number> {
    const adaptGraph = this.adaptGraph!;
    const { tokens, targets } = this.options.adaptive.adapt!;
    const feeds: Record<string, Tensor> = {};
    const { rows, time, chunk } = adaptBatch;
    if (tokens !== null) {
      feeds[tokens] = idsTensor(adaptBatch.ids, [rows, time], idTypeOf(adaptGraph, tokens));
    }
    if (targets !== null) {
      feeds[targets] = idsTensor(adaptBatch.targets, [rows, chunk], idTypeOf(adaptGraph, targets));
    }
    const { results, seconds } = await this.#run(adaptGraph, feeds, state as JsState, [], true);
    takeOver(adaptGraph, results, state as JsState);
    return seconds;
  }

  async #run(
    graph: Graph,
    ids: Readonly<Record<string, Tensor>>,
    state: JsState,
    outputs: readonly string[],
    carry: boolean,
  ) {
    if (this.#closed) throw closedError();
    const feeds: Record<string, Tensor> = { ...ids };
    for (const tensor of graph.reads) feeds[tensor.in] = state.tensor(tensor);
    const wanted = [...outputs, ...(carry ? graph.writes.map(({ out }) => out) : [])];
    const started = performance.now();
    try {
      const results = await graph.session.run(feeds, wanted);
      return { results, seconds: (performance.now() - started) / 1000 };
    } catch (error) {
      throw modelRunError(graph.path, (error as Error).message, error);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.scorer.session.release();
    await this.adaptGraph?.session.release();
  }
}

/** All of what a graph wrote, or none of it. */
function takeOver(
  { path, writes }: Graph,
  results: Readonly<Record<string, Tensor>>,
  state: JsState,
): void {
  for (const tensor of writes) {
    const { type, dims } = results[tensor.out]!;
    const expected = [state.documents, ...tensor.shape];
    if (type !== tensor.dtype || String(dims) !== String(expected)) {
      const shaped = (kind: string, shape: readonly number[]) => `${kind} [${shape.join(', ')}]`;
      throw stateOutputError(path, tensor, shaped(tensor.dtype, expected), shaped(type, dims));
    }
  }
  for (const tensor of writes) {
    const { buffer, byteOffset, length } = results[tensor.out]!.data as Values;
    state.values.set(tensor, new ARRAYS[tensor.dtype](buffer as ArrayBuffer, byteOffset, length));
  }
}

function idTypeOf({ session }: Graph, name: string): Signature['idType'] {
  const value = session.inputMetadata.find((input) => input.name === name);
  return value !== undefined && graphValue(value).type === 'int32' ? 'int32' : 'int64';
}

/**
 * Opens both graphs on onnxruntime-node.
 *
 * @throws BpbError as openOnnxJs
 */
export async function openAdaptiveJs(options: AdaptiveOptions): Promise<AdaptiveEngine> {
  checkOptions(options);
  const { adaptive, graph, runtime } = options;
  const { session, remarks } = await openSession(graph, runtime);
  const open: InferenceSession[] = [session];
  try {
    const { reads, writes, adapts } = splitTensors(adaptive, session.inputNames);
    const signature = checkSignature(
      session.inputMetadata.map(graphValue),
      session.outputMetadata.map(graphValue),
      graph,
      reads.map((tensor) => tensor.in),
    );
    if (signature.precision === 'bf16') throw noBfloat16Error(graph.path);
    let adaptGraph: Graph | null = null;
    const allRemarks = [...remarks];
    if (adaptive.adapt !== null) {
      const { path, bytes } = adaptive.adapt;
      const opened = await openSession({ model: bytes, path }, runtime);
      open.push(opened.session);
      allRemarks.push(...opened.remarks);
      adaptGraph = { path, session: opened.session, ...adapts };
    }
    const info = jsEngineInfo(signature, runtime.threads);
    const scorer: Graph = { path: graph.path, session, reads, writes };
    return new AdaptiveJsEngine(info, signature.idType, options, scorer, adaptGraph, allRemarks);
  } catch (error) {
    for (const each of open) await each.release();
    throw error;
  }
}
