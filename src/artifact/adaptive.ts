/**
 * State of a stateful or adaptive artifact: the tensors that it carries from chunk to chunk, and the
 * adapt graph (docs/adaptive.md).
 */
import { count } from '../onnx/tensor.js';
import type { StateDtype } from './state-schema.js';

/** A tensor that is carried; in the graphs it is `[batch, …shape]`. */
export interface StateTensor {
  readonly name: string;
  readonly in: string;
  readonly out: string;
  /** Of one document. */
  readonly shape: readonly number[];
  readonly dtype: StateDtype;
  /** Values of one document, little-endian, row-major; null for zeros. */
  readonly init: Uint8Array<SharedArrayBuffer> | null;
  readonly reset: 'document' | 'never';
}

export interface AdaptGraph {
  readonly path: string;
  /** The ONNX file, decompressed, in shared memory. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Whether `--optimize` made it: it may hold operators of this project's own. */
  readonly rewritten?: boolean | undefined;
  /** Input names; null where it takes none. */
  readonly tokens: string | null;
  readonly targets: string | null;
  /** Names of tensors. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

export interface Adaptive {
  readonly tensors: readonly StateTensor[];
  /** Targets a step. */
  readonly chunk: number;
  /** Earlier inputs that both graphs also see, at most. */
  readonly context: number;
  /** Runs of the adapt graph a chunk. */
  readonly steps: number;
  readonly adapt: AdaptGraph | null;
  /** Documents side by side that the graphs fix, in any port; absent or null where any number will do. */
  readonly fixedRows?: number | null | undefined;
}

/** Bytes of an element. */
const STATE_BYTES: Readonly<Record<StateDtype, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  int64: 8,
};

/** Bytes of one document's value. */
export function stateBytes({ shape, dtype }: Pick<StateTensor, 'shape' | 'dtype'>): number {
  return count(shape) * STATE_BYTES[dtype];
}

/** Whether every tensor begins anew at each document, so that documents may run in one batch. */
export function resetsAtDocuments({ tensors }: Pick<Adaptive, 'tensors'>): boolean {
  return tensors.every(({ reset }) => reset === 'document');
}
