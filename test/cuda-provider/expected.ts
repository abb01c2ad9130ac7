/**
 * What ONNX Runtime's CUDA provider queues on the runtime of test/fake-cuda: the published 1.30.0 for
 * CUDA 13. Exact: a change of a graph, of the optimizer, of the session or of the provider shows here,
 * and the new numbers are written down with it.
 */

/** Of one batch, with the scorer's own work. */
export interface Counts {
  /** Launches of kernels; two are the scorer's. */
  readonly kernels: number;
  /** Calls of cuBLAS that multiply matrices. */
  readonly products: number;
  /** Copies to the device; one is the batch's ids, targets and segments. */
  readonly uploads: number;
  /** Copies within the device. */
  readonly deviceCopies: number;
  /** One is the scorer's totals. */
  readonly memsets: number;
}

export type Form = 'exported' | 'optimized';
export type Window = 'chunk' | 'sliding';

function counts(
  kernels: number,
  products: number,
  uploads: number,
  deviceCopies: number,
  memsets: number,
): Counts {
  return { kernels, products, uploads, deviceCopies, memsets };
}

/** `optimized` is `--optimize`, in fp16. */
export const BATCHES: Readonly<Record<string, Record<Form, Record<Window, Counts>>>> = {
  'sotu-8x256': {
    exported: { chunk: counts(342, 97, 225, 33, 1), sliding: counts(342, 97, 225, 33, 1) },
    optimized: { chunk: counts(44, 33, 1, 0, 1), sliding: counts(46, 33, 1, 0, 1) },
  },
  'baseline-9x512': {
    exported: { chunk: counts(383, 109, 253, 37, 1), sliding: counts(383, 109, 253, 37, 1) },
    optimized: { chunk: counts(49, 37, 1, 0, 1), sliding: counts(51, 37, 1, 0, 1) },
  },
  'wide-11x512': {
    exported: { chunk: counts(467, 133, 309, 45, 1), sliding: counts(467, 133, 309, 45, 1) },
    optimized: { chunk: counts(59, 45, 1, 0, 1), sliding: counts(61, 45, 1, 0, 1) },
  },
};

/**
 * What `--optimize` makes of one batch by operators of our own: launches of each, and passes over an activation
 * [tokens, width] a layer outside of products and attention, whether an operator's or the provider's.
 */
export interface Own {
  readonly launches: Readonly<Record<string, number>>;
  readonly passes: number;
}

const own = (
  sum_norm: number,
  split_norm_rotary: number,
  squared_relu: number,
  passes: number,
): Own => ({ launches: { sum_norm, split_norm_rotary, squared_relu }, passes });

export const OWN: Readonly<Record<string, Record<Window, Own>>> = {
  'sotu-8x256': { chunk: own(17, 8, 8, 19.9), sliding: own(17, 8, 8, 18.5) },
  // At most 18 is what these operators are for, at the shape of the challenge's baseline.
  'baseline-9x512': { chunk: own(19, 9, 9, 17.8), sliding: own(19, 9, 9, 16.7) },
  'wide-11x512': { chunk: own(23, 11, 11, 21.9), sliding: own(23, 11, 11, 20.6) },
};

/** Of an artifact with state as exported, in its own windows, whose length varies. */
export interface StateExpected {
  /** What the provider leaves to the CPU in the model: nodes that compute shapes. */
  readonly cpuNodes: string;
  /** The most that a batch queues, its adaptation included; null where the graph does not run. */
  readonly most: Counts | null;
  /** The node that asks for cuDNN, which is not there. */
  readonly needsCudnn?: string;
}

const SHAPES_OF_CONTEXT =
  'Slice (slice_1), Slice (slice_2), Squeeze (squeeze_3), Add (add_5), Div (div_6), Min (min_8), ' +
  'Mul (mul_9), Min (min_10), Mul (mul_11), Min (min_12), Sub (sub_24), Sub (sub_30)';

export const STATE: Readonly<Record<string, StateExpected>> = {
  'sotu-recurrent': {
    cpuNodes:
      'Slice (slice_1), Slice (slice_2), Squeeze (squeeze_3), Concat (concat_180), Concat (concat_226)',
    most: counts(192, 37, 17, 8, 1),
  },
  'sotu-head-lora': {
    cpuNodes: `${SHAPES_OF_CONTEXT} and 29 more`,
    most: counts(218, 57, 131, 25, 2),
  },
  'sotu-bias': {
    cpuNodes: `${SHAPES_OF_CONTEXT} and 28 more`,
    most: null,
    needsCudnn: 'ReduceMean (mean_next)',
  },
  'sotu-attention-lora': {
    cpuNodes:
      'Squeeze (node_sym_size_int_38), Squeeze (node_sym_size_int_39), Cast (node_Cast_11), ' +
      'Concat (node_Concat_73), Concat (node_Concat_218), Concat (node_Concat_226), ' +
      'Concat (node_Concat_282), Mul (node_mul_325), Reshape (node_Reshape_314), ' +
      'Concat (node_Concat_317), Concat (node_Concat_328), Concat (node_Concat_334) and 4 more',
    most: null,
    needsCudnn: 'ReduceMean (node_mean)',
  },
};
