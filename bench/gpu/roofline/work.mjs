/**
 * What each launch of a batch moves and computes: the families, products, copies, and what is unknown.
 */
import { DATA_BYTES, productBytes } from './context.mjs';
import { ELEMENTWISE } from './elementwise.mjs';
import { LAYERS } from './layers.mjs';
import { demangle } from './mangled.mjs';

export const FAMILIES = [...ELEMENTWISE, ...LAYERS];

/** How products, copies and fills are counted; no kernel of a name. */
export const OTHER_FORMULAS = [
  {
    names: ['cublas…gemm…'],
    formula:
      'bytes: both factors and the result once, the result twice where a device copy of its size came right before (a full C is copied, then added to); operations: 2 m n k. A batched call whose count is not in the log is unknown',
    source: 'core/providers/cuda/math/gemm.cc, core/providers/cuda/math/matmul.cc',
  },
  {
    names: ['memcpyAsync', 'memsetAsync'],
    formula:
      'device to device 2 × bytes, fill 1 × bytes; between host and device bytes over the bus',
    source: 'CUDA runtime',
  },
];

const byName = new Map(FAMILIES.flatMap((family) => family.names.map((name) => [name, family])));

/** cublasComputeType_t: 68 is CUBLAS_COMPUTE_32F, 74 …_FAST_16F, 75 …_FAST_16BF, 77 …_FAST_TF32. */
const COMPUTE_UNIT = { 64: 'half', 74: 'half', 75: 'half', 77: 'tf32' };

function productUnit({ call, at, comp }) {
  if (/^cublasD/.test(call)) return 'fp64';
  if (COMPUTE_UNIT[comp] !== undefined) return COMPUTE_UNIT[comp];
  return DATA_BYTES[at] === 2 ? 'half' : 'fp32';
}

function productCost(launch, before) {
  const { call, m, n, k } = launch;
  if (m === undefined || n === undefined || k === undefined) throw new Error('m, n, k');
  const count = launch.count ?? (/Batched/.test(call) ? null : 1);
  if (count === null) throw new Error('how many products the call makes');
  const size = productBytes(launch);
  if (size.factor === null || size.result === null) throw new Error('types of the factors');
  const result = m * n * size.result;
  const added = before?.kind === 'copy' && before.bytes === result * count ? 2 : 1;
  return {
    bytes: count * ((m * k + k * n) * size.factor + added * result),
    operations: count * 2 * m * n * k,
    unit: productUnit(launch),
  };
}

function copyCost({ bytes, from, to }) {
  if (from === 'D' && to === 'D') return { bytes: 2 * bytes, operations: 0 };
  return { bytes, operations: 0, over: 'host' };
}

/** `{kind, label, cost()}` of one launch. */
function describe(launch, sizes, before) {
  if (launch.kind === 'product') {
    const { call, m, n, k, count } = launch;
    const times = count === undefined ? '' : ` × ${count}`;
    return {
      kind: launch.last ? 'head' : 'product',
      label: m === undefined ? call : `${call} ${m} × ${n} × ${k}${times}`,
      cost: () => productCost(launch, before),
    };
  }
  if (launch.kind === 'copy') {
    const { bytes, from, to } = launch;
    const logits = sizes.scored * sizes.vocab * sizes.logit;
    const onDevice = bytes === logits ? 'logits' : 'passes';
    return {
      kind: from === 'D' && to === 'D' ? onDevice : 'bus',
      label: `copy ${from} → ${to} ${bytes} B`,
      cost: () => copyCost(launch),
    };
  }
  if (launch.kind === 'set') {
    const { bytes } = launch;
    return { kind: 'passes', label: `fill ${bytes} B`, cost: () => ({ bytes, operations: 0 }) };
  }
  const { name, args, grid } = launch;
  const family = byName.get(name);
  const operator = args?.map((arg) => arg.name ?? '').find((text) => /OP_/.test(text)) ?? '';
  return {
    kind: family?.kind ?? 'passes',
    label: `${[name, operator.split('::').at(-1)].filter(Boolean).join(' ')} [${grid}]`,
    cost: () => {
      if (family === undefined) throw new Error('the kernel: no family has it');
      if (args === null && family.untyped !== true) throw new Error('types: its name has none');
      return family.cost(launch, sizes, before);
    },
  };
}

/**
 * Elements of each rotation of a layer go to the narrow norms of the same layer, where there are as
 * many of them: which of the two is which does not matter to their sum.
 */
function matchNorms(launches, { headDim }) {
  let norms = [];
  let turned = [];
  for (const launch of launches) {
    if (launch.name === 'cuApplyLayerNorm' && launch.block[1] === 1) norms.push(launch);
    if (launch.name === 'RotaryEmbeddingBSNH') turned.push(launch.grid);
    if (launch.name !== 'flash_fwd_kernel') continue;
    if (norms.length === turned.length) {
      norms.forEach((norm, i) => {
        norm.turned = turned[i].reduce((a, b) => a * b) * headDim;
      });
    }
    norms = [];
    turned = [];
  }
}

/**
 * One entry a launch of the batch, in order: `{kind, label, launch, bytes, operations, unit, over}`,
 * or `unknown` with what is not known in place of the numbers; `least` where bytes are a lower bound.
 */
export function workOf(batch, sizes) {
  const launches = batch.map((launch) =>
    launch.kind === 'kernel' ? { ...launch, ...demangle(launch.mangled) } : { ...launch },
  );
  const last = launches.findLastIndex(({ kind }) => kind === 'product');
  if (last >= 0) launches[last].last = true;
  const attended = launches.findLastIndex(({ name }) => name === 'flash_fwd_kernel');
  launches.forEach((launch, i) => {
    launch.afterAttention = i > attended;
  });
  matchNorms(launches, sizes);
  return launches.map((launch, i) => {
    const { kind, label, cost } = describe(launch, sizes, launches[i - 1]);
    try {
      return { kind, label, launch, unit: 'fp32', over: 'device', ...cost() };
    } catch (error) {
      return { kind, label, launch, unknown: error.message };
    }
  });
}
