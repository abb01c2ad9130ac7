/**
 * Bytes and operations of ONNX Runtime's kernels that walk tensors element by element.
 *
 * Each family: the kernels' names, the formula in words, where in ONNX Runtime's sources it
 * stands, and `cost`, which gets the launch with its demangled name, the batch's sizes and the launch
 * before. A grid is rounded up to whole blocks, so elements are at most a block too many.
 */

const BYTES = {
  __half: 2,
  __nv_bfloat16: 2,
  'onnxruntime::BFloat16': 2,
  float: 4,
  double: 8,
  bool: 1,
  int8: 1,
  uint8: 1,
  short: 2,
  'unsigned short': 2,
  int: 4,
  unsigned: 4,
  long: 8,
  'unsigned long': 8,
};

/** Bytes of an element of a type in a kernel's name; throws the name, which makes the launch unknown. */
export function bytesOf(type) {
  const bytes = BYTES[type?.name];
  if (bytes === undefined) throw new Error(`element type ${type?.name ?? 'not in the name'}`);
  return bytes;
}

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

/** Elements that a launch walks with so many a thread. */
export const walked = ({ grid, block }, each) => product(grid) * product(block) * each;

/** GridDim::maxElementsPerThread of cu_inc/common.cuh, where a name does not carry it. */
const EACH = 4;

const moves = (elements, size) => ({ bytes: 2 * elements * size, operations: 0 });

/** The two numbers at the end of an elementwise kernel's arguments: threads a block, elements a thread. */
const eachOf = (args) => args.filter((arg) => typeof arg === 'number').at(-1);

const cu = (file) => `core/providers/cuda/${file}`;

/** A product of a tensor with itself reads it once, and is what follows a Relu over as many elements. */
const squares = (launch, elements, before) =>
  /OP_Mul/.test(launch.args[5]?.name) &&
  before?.name === '_UnaryElementWise' &&
  /OP_Relu/.test(before.args?.[2]?.name) &&
  walked(before, eachOf(before.args)) === elements;

export const ELEMENTWISE = [
  {
    names: ['_UnaryElementWise'],
    formula: 'N (in + out); N = blocks × threads × elements a thread, both in the name',
    source: cu('cu_inc/unary_elementwise_impl.cuh'),
    cost: (launch) => {
      const elements = walked(launch, eachOf(launch.args));
      const [from, to] = launch.args;
      return { bytes: elements * (bytesOf(from) + bytesOf(to)), operations: elements };
    },
  },
  {
    names: ['_BinaryElementWiseSimple'],
    formula:
      'N (left + right + out), a scalar side counted as nothing; a Mul right after a Relu over as many elements is its square and reads once',
    source: cu('cu_inc/binary_elementwise_impl.cuh'),
    cost: (launch, _, before) => {
      const [left, right, to, ofLeft, ofRight] = launch.args;
      const elements = walked(launch, eachOf(launch.args));
      const reads =
        (left ? bytesOf(ofLeft) : 0) +
        (right && !squares(launch, elements, before) ? bytesOf(ofRight) : 0);
      return { bytes: elements * (reads + bytesOf(to)), operations: elements };
    },
  },
  {
    names: ['_BinaryElementWiseRhsPerChannelBatchN', '_BinaryElementWiseRhsPerChannelBatch1'],
    formula: 'N (left + out); the right side, a value a channel, stays in the cache',
    source: cu('cu_inc/binary_elementwise_impl.cuh'),
    cost: (launch) => {
      const [to, left] = launch.args;
      const elements = walked(launch, eachOf(launch.args));
      return { bytes: elements * (bytesOf(left) + bytesOf(to)), operations: elements };
    },
  },
  {
    names: ['_BinaryElementWise'],
    formula:
      'at least N (out + the sides that are not broadcast): sizes of broadcast sides are not in the log',
    source: cu('cu_inc/binary_elementwise_impl.cuh'),
    cost: (launch) => {
      const [to, left, right, , leftSpread, rightSpread] = launch.args;
      const elements = walked(launch, eachOf(launch.args));
      const reads = (leftSpread ? 0 : bytesOf(left)) + (rightSpread ? 0 : bytesOf(right));
      return { bytes: elements * (reads + bytesOf(to)), operations: elements, least: true };
    },
  },
  {
    names: [
      '_SplitKernel',
      '_SplitKernelSameSplitDim',
      '_ConcatKernel',
      '_ConcatKernelSameConcatDim',
    ],
    formula: '2 N; 256 threads a block, 4 elements a thread',
    source: `${cu('tensor/split_impl.cu')}, ${cu('tensor/concat_impl.cu')}`,
    cost: (launch) => moves(walked(launch, EACH), bytesOf(launch.args[0])),
  },
  {
    names: ['_SliceKernel'],
    formula: '2 N of the part that is kept; 256 threads a block, 4 elements a thread',
    source: cu('tensor/slice_impl.cu'),
    cost: (launch) => moves(walked(launch, EACH), bytesOf(launch.args[2])),
  },
  {
    names: ['Transpose3DKernel'],
    formula: '2 N; a block turns a square tile, whose side is in the name',
    source: cu('tensor/transpose_impl.cu'),
    cost: ({ grid, args }) => moves(product(grid) * args[1] ** 2, bytesOf(args[0])),
  },
  {
    names: ['Transpose4DKernelParallelizeMultipleElementsPerThreadInInnermostDim'],
    formula: '2 N; 16 bytes a thread',
    source: cu('tensor/transpose_impl.cu'),
    cost: (launch) => moves(walked(launch, 1), 16),
  },
  {
    names: ['_GatherKernel'],
    formula:
      'N out, 8 bytes an id, and the table (vocab × dim, or N where that is less) once; one element a thread',
    source: cu('tensor/gather_impl.cu'),
    cost: (launch, { vocab, dim }) => {
      const elements = walked(launch, 1);
      const size = bytesOf(launch.args[0]);
      if (vocab === null || dim === null) throw new Error('size of the table');
      const table = Math.min(elements, vocab * dim);
      return { bytes: (elements + table) * size + (elements / dim) * 8, operations: 0 };
    },
  },
];
