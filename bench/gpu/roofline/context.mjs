/**
 * Sizes of the model that launches alone do not hold one by one, read from the batch as a whole.
 *
 * A kernel's grid shows how many elements it walks, but a layer norm's is cut at 65,535 blocks, and
 * the scorer's is as large as the device. Where a size cannot be read it is null, and what needs it
 * is unknown.
 */
import { demangle } from './mangled.mjs';

/** cudaDataType_t of cuBLAS: CUDA_R_32F, CUDA_R_16F, CUDA_R_16BF. */
export const DATA_BYTES = { 0: 4, 2: 2, 14: 2 };

/** Bytes of an element of a product's first factor and of its result; null where the log has none. */
export function productBytes({ call, at, ct }) {
  if (/^cublasS/.test(call)) return { factor: 4, result: 4 };
  if (/^cublasD/.test(call)) return { factor: 8, result: 8 };
  return { factor: DATA_BYTES[at] ?? null, result: DATA_BYTES[ct ?? at] ?? null };
}

const kernelsNamed = (batch, name) =>
  batch
    .filter(({ kind }) => kind === 'kernel')
    .map((launch) => ({ ...launch, ...demangle(launch.mangled) }))
    .filter((launch) => launch.name === name);

/**
 * Heads by the grids of the kernels that walk them: flash attention's third axis is heads; the
 * rotation's too, of q, of k or of both; GroupQueryAttention's preparation has heads + 2 · kvHeads in
 * the second. Where one kernel splits and turns q, k and v, the product before it has that many heads.
 */
function headsOf(batch) {
  const [flash] = kernelsNamed(batch, 'flash_fwd_kernel');
  const heads = flash?.grid[2] ?? null;
  const headDim = flash?.args?.[0]?.args?.[0] ?? null;
  const [unpack] = kernelsNamed(batch, 'UnpackRoPEAppend');
  if (heads !== null && unpack !== undefined) {
    return { heads, headDim, kvHeads: (unpack.grid[1] - heads) / 2 };
  }
  const whole = batch.findIndex(
    ({ mangled }) => mangled !== undefined && /^split_norm_rotary/.test(demangle(mangled).name),
  );
  if (heads !== null && whole >= 0) {
    const columns = batch.slice(0, whole).findLast(({ kind }) => kind === 'product')?.m;
    return {
      heads,
      headDim,
      kvHeads: columns === undefined ? null : (columns / headDim - heads) / 2,
    };
  }
  const turned = kernelsNamed(batch, 'RotaryEmbeddingBSNH').map(({ grid }) => grid[2]);
  const least = Math.min(...turned);
  if (heads === null || turned.length === 0) return { heads, headDim, kvHeads: null };
  return { heads, headDim, kvHeads: least > heads ? least - heads : least };
}

/**
 * `{tokens, scored, vocab, dim, element, logit, rows, seqLen, heads, kvHeads, headDim, layers}` of one batch.
 * The first product is of all tokens, the last one is the head: vocab · dim by the scored positions.
 * `given` overrides; sizes are counts, `element` and `logit` bytes of one.
 */
export function readContext(batch, given = {}) {
  const products = batch.filter(({ kind, n }) => kind === 'product' && n !== undefined);
  const first = products[0] ?? {};
  const head = products.at(-1) ?? {};
  const [flash] = kernelsNamed(batch, 'flash_fwd_kernel');
  const [rotary] = kernelsNamed(batch, 'RotaryEmbeddingBSNH');
  const rows = flash?.grid[1] ?? rotary?.grid[1] ?? null;
  const tokens = first.n ?? null;
  const read = {
    tokens,
    scored: head.n ?? null,
    vocab: head.m ?? null,
    dim: head.k ?? null,
    element: head.call === undefined ? null : productBytes(head).factor,
    logit: head.call === undefined ? null : productBytes(head).result,
    rows,
    seqLen: rows === null || tokens === null ? null : tokens / rows,
    layers: kernelsNamed(batch, 'flash_fwd_kernel').length || null,
    ...headsOf(batch),
  };
  return { ...read, ...given };
}
