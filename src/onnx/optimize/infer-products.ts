/**
 * Static inference for operators that multiply by weights: products, convolutions, quantized ones.
 */
import { TYPE } from '../element-types.js';
import type { Fact, KnownDim } from './facts.js';
import { broadcastOpen, type Dims, type Rule } from './infer-moves.js';

/** Of a shape that is not known: where time is open, fp16 still has to know the type. */
const typed = (x: Fact | undefined): Partial<Fact>[] | null => (x ? [{ type: x.type }] : null);

function productDims(a: Dims, b: Dims): Dims {
  if (!a || !b || a.length < 2 || b.length < 2) return null;
  const batch = broadcastOpen(a.slice(0, -2), b.slice(0, -2));
  return batch && [...batch, a.at(-2)!, b.at(-1)!];
}

const turned = (dims: Dims, turn: boolean): Dims =>
  turn && dims && dims.length >= 2 ? [...dims.slice(0, -2), dims.at(-1)!, dims.at(-2)!] : dims;

const matMul: Rule = (_, __, [a, b]) =>
  a && b ? [{ type: a.type, dims: productDims(a.dims, b.dims) }] : typed(a);

/** com.microsoft FusedMatMul. */
const fusedMatMul: Rule = (lookup, node, [a, b]) => {
  const flag = (name: string) => lookup.number(node, name) === 1;
  if (!a || !b || flag('transBatchA') || flag('transBatchB')) return typed(a);
  const dims = productDims(turned(a.dims, flag('transA')), turned(b.dims, flag('transB')));
  return [{ type: a.type, dims }];
};

const gemm: Rule = (lookup, node, [a, b]) => {
  if (a?.dims?.length !== 2 || b?.dims?.length !== 2) return typed(a);
  const rows = a.dims[lookup.number(node, 'transA') === 1 ? 1 : 0]!;
  const columns = b.dims[lookup.number(node, 'transB') === 1 ? 0 : 1]!;
  return [{ type: a.type, dims: [rows, columns] }];
};

/** com.microsoft MatMulNBits: `[…, K]` by weights of N columns. */
const matMulNBits: Rule = (lookup, node, [x]) => {
  const width = lookup.number(node, 'N');
  return x?.dims && width ? [{ type: x.type, dims: [...x.dims.slice(0, -1), width] }] : typed(x);
};

const quantize: Rule = (lookup, node, [x, , zero]) => {
  const type = lookup.number(node, 'output_dtype') || zero?.type || TYPE.uint8;
  return x ? [{ type, dims: x.dims }] : null;
};

const qLinearMatMul: Rule = (_, __, inputs) => {
  const [a, b, zero] = [inputs[0], inputs[3], inputs[7]];
  return a && b && zero ? [{ type: zero.type, dims: productDims(a.dims, b.dims) }] : null;
};

/** `[N, C, …]` by kernels `[M, C / group, …]`. */
const conv: Rule = (lookup, node, [x, kernels]) => {
  const [dims, kernel] = [x?.dims, kernels?.dims];
  const axes = (dims?.length ?? 0) - 2;
  const automatic = (node.attributes.get('auto_pad')?.value ?? 'NOTSET') !== 'NOTSET';
  if (!x || !dims || !kernel || axes < 1 || automatic) return typed(x);
  const list = (name: string, value: number) =>
    lookup.list(node, name) ?? new Array<number>(2 * axes).fill(value);
  const [pads, strides, dilations] = [list('pads', 0), list('strides', 1), list('dilations', 1)];
  const spatial = dims.slice(2).map((size, k): KnownDim | undefined => {
    const width = kernel[k + 2];
    if (size === null || width === null || width === undefined) return undefined;
    const room = size + pads[k]! + pads[k + axes]! - dilations[k]! * (width - 1) - 1;
    const places = Math.floor(room / strides[k]!) + 1;
    return places > 0 && Number.isSafeInteger(places) ? places : undefined;
  });
  if (spatial.includes(undefined)) return typed(x);
  return [{ type: x.type, dims: [dims[0]!, kernel[0]!, ...(spatial as KnownDim[])] }];
};

export const PRODUCTS: Readonly<Record<string, Rule>> = {
  MatMul: matMul,
  FusedMatMul: fusedMatMul,
  Gemm: gemm,
  MatMulNBits: matMulNBits,
  QuantizeLinear: quantize,
  DequantizeLinear: (_, __, [x, scale]) => [{ type: scale?.type ?? 0, dims: x?.dims ?? null }],
  QLinearMatMul: qLinearMatMul,
  Conv: conv,
};
