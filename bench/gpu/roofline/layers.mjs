/**
 * Bytes and operations of ONNX Runtime's kernels of a transformer layer, and of this project's own kernels.
 * Families as in elementwise.mjs.
 */
import { bytesOf, walked } from './elementwise.mjs';

/** Rows beyond which a layer norm's grid no longer shows them: maxGridSize[1] of every device. */
const GRID_Y_MAX = 65_535;

function known(sizes, ...names) {
  for (const name of names) {
    if (sizes[name] === null || sizes[name] === undefined) throw new Error(`${name} of the model`);
  }
  return sizes;
}

/** `dim` elements a row over all of a batch's positions, or over the scored ones after the last attention. */
const positions = (launch, sizes) => (launch.afterAttention ? sizes.scored : sizes.tokens);

/** Columns that one warp of cuApplyLayerNorm takes at most: 4 a thread. */
const NARROW_MAX = 128;

/**
 * Rows × columns of cuApplyLayerNorm. A row of one warp (32 × 1 threads) is a norm of heads, where
 * dim itself is wider; its elements, where the grid was cut, are those of the rotation it belongs to.
 */
function normed(launch, sizes) {
  const { dim } = known(sizes, 'dim');
  const rows = launch.grid[1] < GRID_Y_MAX ? launch.grid[1] : null;
  if (launch.block[1] > 1) {
    return (rows ?? positions(launch, known(sizes, 'tokens', 'scored'))) * dim;
  }
  if (launch.turned !== undefined) return launch.turned;
  if (dim <= NARROW_MAX) throw new Error('columns: dim and headDim both fit one warp');
  if (rows === null) throw new Error('rows: the grid is cut at 65,535');
  return rows * known(sizes, 'headDim').headDim;
}

/** Kernels of libbpb_cuda's operators. */
const OWN_OPERATORS = [
  'sum_norm_kernel',
  'sum_norm_wide_kernel',
  'split_norm_rotary_kernel',
  'split_norm_rotary_wide_kernel',
  'squared_relu_kernel',
  'swiglu_kernel',
];

const contrib = (file) => `contrib_ops/cuda/bert/${file}`;

export const LAYERS = [
  {
    names: ['cuApplyLayerNorm'],
    formula:
      'rows × columns (in + out), the second read from the cache; columns are dim, or headDim where a row has one warp; rows by the grid, beyond 65,535 by tokens or the rotation of the same layer',
    source: 'core/providers/cuda/nn/layer_norm_impl.cu',
    cost: (launch, sizes) => {
      const elements = normed(launch, sizes);
      const [from, , to] = launch.args;
      return { bytes: elements * (bytesOf(from) + bytesOf(to)), operations: 4 * elements };
    },
  },
  {
    names: ['SkipLayerNormKernelSmall', 'SkipLayerNormKernel'],
    formula:
      'rows × dim × 4: input, skip, sum and output; that the sum is written is assumed, as residuals go on; a block a row',
    source: contrib('skip_layer_norm_impl.cu'),
    cost: ({ grid, args }, sizes) => {
      const elements = grid[0] * known(sizes, 'dim').dim;
      return { bytes: 4 * elements * bytesOf(args[0]), operations: 5 * elements };
    },
  },
  {
    names: ['RotaryEmbeddingBSNH'],
    formula:
      '2 N, the pair read from the cache, and the tables once; grid is positions × rows × heads, headDim threads a block',
    source: `${contrib('rotary_embedding_impl.cu')}, core/providers/cuda/llm/rotary_embedding_impl.cu`,
    cost: (launch, sizes) => {
      const { headDim } = known(sizes, 'headDim');
      const [positions, rows, heads] = launch.grid;
      const elements = positions * rows * heads * headDim;
      const tables = positions * headDim;
      return { bytes: (2 * elements + tables) * bytesOf(launch.args[0]), operations: 3 * elements };
    },
  },
  {
    names: ['UnpackRoPEAppend'],
    formula: '2 N; 16 bytes a thread, grid is positions × (heads + 2 kvHeads) × rows',
    source: contrib('group_query_attention_qkv.cuh'),
    cost: (launch) => ({ bytes: 2 * walked(launch, 16), operations: 0 }),
  },
  {
    names: ['GetSequenceLengths'],
    formula: 'a few numbers a row of the batch: counted as nothing',
    source: contrib('group_query_attention_impl.cu'),
    cost: () => ({ bytes: 0, operations: 0 }),
  },
  {
    names: ['flash_fwd_kernel'],
    kind: 'attention',
    formula:
      'bytes: q, out, k and v once, 4 bytes a row and head; operations: 4 headDim for each pair of positions, half of them and the diagonal where causal; grid is blocks × rows × heads',
    source: contrib('flash_attention/flash_fwd_launch_template.h'),
    cost: ({ grid, args }, sizes) => {
      const { tokens, seqLen, kvHeads } = known(sizes, 'tokens', 'seqLen', 'kvHeads');
      const [traits, causal] = args;
      const headDim = traits.args[0];
      const heads = grid[2];
      const pairs = causal ? (seqLen * (seqLen + 1)) / 2 : seqLen ** 2;
      return {
        bytes: tokens * (headDim * 2 * (heads + kvHeads) * 2 + 4 * heads),
        operations: 4 * headDim * pairs * grid[1] * heads,
        unit: 'attention',
      };
    },
  },
  {
    names: OWN_OPERATORS,
    untyped: true,
    formula:
      'the activations, tables and factors that its arguments name, each once, which the log has as moves; operations are not counted',
    source: 'native/src/operators/operators.h of this project',
    cost: ({ moves }) => {
      if (moves === undefined) throw new Error('bytes: the line of the log has no moves');
      return { bytes: moves, operations: 0 };
    },
  },
  {
    names: ['score_kernel'],
    kind: 'scorer',
    untyped: true,
    formula:
      'scored × vocab logits of the head’s type once, 12 bytes a target; 4 operations a logit (docs/cuda-kernel.md has instructions)',
    source: 'native/src/cuda/kernel.cuh of this project',
    cost: (_, sizes) => {
      const { scored, vocab, logit } = known(sizes, 'scored', 'vocab', 'logit');
      return { bytes: scored * (vocab * logit + 12), operations: 4 * scored * vocab };
    },
  },
  {
    names: ['clear_flags'],
    kind: 'scorer',
    untyped: true,
    formula: 'one thread, 24 bytes: counted as nothing',
    source: 'native/src/nll_cuda.cu of this project',
    cost: () => ({ bytes: 0, operations: 0 }),
  },
];
