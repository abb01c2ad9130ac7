/**
 * Operators in 16-bit floating point: what of a node's values is in it, and where values are rounded to it.
 */
import type { Message } from '../protobuf/message.js';
import { TYPE } from './element-types.js';
import { attributeOf, type Given } from './node-attribute.js';
import { givesNoFloat } from './not-float.js';
import { ATTRIBUTE, TENSOR } from './schema.js';

/** A 16-bit floating-point type. */
export type Half = 'fp16' | 'bf16';

/** The type where it has 16 bits of floating point, else null. */
export function halfOf(elementType: number | undefined): Half | null {
  if (elementType === TYPE.float16) return 'fp16';
  return elementType === TYPE.bfloat16 ? 'bf16' : null;
}

/** bf16, which has fewer bits of fraction, before fp16; null where no value has 16 bits. */
export function coarsest(halves: readonly (Half | null)[]): Half | null {
  if (halves.includes('bf16')) return 'bf16';
  return halves.includes('fp16') ? 'fp16' : null;
}

/** Copies of their inputs' elements, or of some of them: nothing is rounded. */
const COPIES =
  /^(Identity|Reshape|Squeeze|Unsqueeze|Flatten|Transpose|Gather\w*|Slice|Split|Concat|Expand|Tile|Pad|Where|Scatter\w*|TopK|Trilu)$/;
/** The type of the output is an attribute. */
const BY_ATTRIBUTE: Readonly<Record<string, string>> = {
  Cast: 'to',
  EyeLike: 'dtype',
  RandomNormal: 'dtype',
  RandomUniform: 'dtype',
};
/** The type of the output is that of the second input: a pattern, a scale, a gain. */
const BY_SECOND = /^(CastLike|DequantizeLinear|RMSNormalization|SimplifiedLayerNormalization)$/;
/** Outputs after the first are positions or truth values. */
const FIRST_ALONE = /^(TopK|Unique|MaxPool|Dropout)$/;

/**
 * What a node's outputs are in. Operators that are not listed give what their inputs are in.
 *
 * @param inputs what they are in
 * @param given attributes of the function's caller
 */
export function outputHalf(
  node: Message,
  op: string,
  inputs: readonly (Half | null)[],
  given: Given,
): Half | null {
  if (givesNoFloat(op)) return null;
  const typed = BY_ATTRIBUTE[op];
  if (typed !== undefined) return halfOf(attributeOf(node, typed, given)?.number(ATTRIBUTE.i));
  if (op === 'Constant' || op === 'ConstantOfShape') {
    const value = attributeOf(node, 'value', given)?.child(ATTRIBUTE.t);
    return halfOf(value?.number(TENSOR.data_type));
  }
  return BY_SECOND.test(op) ? (inputs[1] ?? null) : coarsest(inputs);
}

/** Whether the outputs after the first are no floating-point numbers. */
export function givesPlaces(op: string): boolean {
  return FIRST_ALONE.test(op);
}

/**
 * Whether a node that gives 16-bit values of varying ones rounds them.
 *
 * @param first what its first input is in
 * @param given what its output is in
 */
export function roundsToHalf(op: string, first: Half | null, given: Half): boolean {
  return op === 'Cast' || op === 'CastLike' ? first !== given : !COPIES.test(op);
}
