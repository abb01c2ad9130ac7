/**
 * Inputs that carry state from call to call, by their shape: a past is empty, a state of fixed size zero.
 */
import { isFloat, TYPE } from '../element-types.js';
import type { Port } from '../port.js';
import { type FixedSizes, isOpen, isSame, NO_FIXES, type TokenAxes } from './axes.js';
import type { Size } from './emit.js';

/** Names that exporters give to state. */
const STATE = /past|cache|state|conv|recurrent|ssm|rwkv|mems?(?![a-z])|memory|history/i;
/** State that is no list of keys or values: it has one size, whatever came before. */
const FIXED_STATE = /conv|recurrent|ssm|rwkv/i;
const KEYS_OR_VALUES = /(^|[^a-z])(keys?|values?|[kv])([^a-z]|$)/i;
/** Keys and values in one cache; a `kv_state` is the sum that linear attention carries. */
const BOTH = /(^|[^a-z])kv([^a-z]|$)/i;
const PAST_AXIS = /past|cache|seq|len|time|total|history|context|position/i;
const BATCH_AXIS = /batch|^b$|^bsz?$|^n$/i;

/** How a state input is bound, or why it cannot be. */
type StateReading =
  | {
      readonly kind: 'empty' | 'zeros';
      readonly sizes: readonly Size[];
      readonly fixes: FixedSizes;
      /** Name of the axis that is empty. */
      readonly pastAxis: string | null;
    }
  | { readonly reason: string };

interface Dims extends Pick<Port, 'name' | 'elementType'> {
  readonly dims: readonly (number | string)[];
}

/** @param outputs of the graph: a state of fixed size comes out as it goes in */
export function readState(
  port: Port,
  axes: TokenAxes,
  outputs: readonly Port[],
): StateReading | null {
  const { name, elementType, dims } = port;
  const isNumeric = isFloat(elementType) || elementType === TYPE.bfloat16;
  // Caches may be quantized.
  const isSmall = elementType === TYPE.int8 || elementType === TYPE.uint8;
  if (!STATE.test(name) || !(isNumeric || isSmall)) return null;
  if (dims === null) return { reason: 'it carries state, and its shape is not declared' };
  if (dims.length < 2) return null;
  // As long as the row: hidden states, not what came before it.
  if (dims.some((dim) => isSame(dim, axes.time)) && !/past|cache/i.test(name)) return null;
  const reading = emptied({ name, elementType, dims }, axes);
  if (reading !== null) return reading;
  if (hasFixedSize(port, outputs)) return zeroed(dims, axes);
  const [batch] = dims;
  const sizes = dims.slice(1).filter((dim) => !isOpen(dim));
  const where = `${isOpen(batch!) ? 'batch, ' : ''}${sizes.join(', ')}`;
  return { reason: `its past axis is one of the fixed sizes (${where}) and cannot be empty` };
}

/**
 * Whether zeros are how the state begins. Keys of a fixed number are not such a state, whatever they are
 * called: where the attention does not mask them, zeros among them take a part of its weight.
 */
function hasFixedSize(port: Port, outputs: readonly Port[]): boolean {
  const { name } = port;
  const own = name.replace(/past_key_values/i, '');
  if (FIXED_STATE.test(own)) return true;
  if (/state/i.test(own)) return !KEYS_OR_VALUES.test(own);
  const isCache = KEYS_OR_VALUES.test(name) || BOTH.test(name);
  return !isCache && outputs.some((output) => isSameShape(output, port));
}

/** A past along its one open axis; null where it has none. */
export function emptied({ dims }: Dims, axes: TokenAxes): StateReading | null {
  const zero = dims.indexOf(0);
  const batch = batchAxis(dims, axes);
  const open = dims.flatMap((dim, at) => (isOpen(dim) && at !== batch ? [at] : []));
  if (zero < 0 && open.length === 0) return null;
  const past = open.length === 1 ? open : open.filter((at) => PAST_AXIS.test(dims[at] as string));
  if (zero < 0 && past.length !== 1) {
    return {
      reason: `its open axes are ${open.map((at) => dims[at]).join(', ')}, and one past axis is expected`,
    };
  }
  const at = zero < 0 ? past[0]! : zero;
  const other = open.find((axis) => axis !== at);
  if (other !== undefined) {
    return { reason: `the size of its axis \`${dims[other]}\` is not known` };
  }
  const sizes = dims.map((dim, axis): Size => {
    if (axis === at) return 0;
    return isOpen(dim) ? 'batch' : dim;
  });
  const pastAxis = zero < 0 ? (dims[at] as string) : null;
  return { kind: 'empty', sizes, fixes: fixesOf(dims, batch, axes), pastAxis };
}

function zeroed(dims: Dims['dims'], axes: TokenAxes): StateReading {
  const batch = batchAxis(dims, axes);
  const sizes = dims.map((dim): Size => (isOpen(dim) ? 'batch' : dim));
  return { kind: 'zeros', sizes, fixes: fixesOf(dims, batch, axes), pastAxis: null };
}

/** The open axis that is the batch's: by the name that the token ids have for it, else by its place. */
function batchAxis(dims: Dims['dims'], axes: TokenAxes): number {
  const same = dims.findIndex((dim) => isOpen(dim) && isSame(dim, axes.batch));
  if (same >= 0) return same;
  // A layer's keys and values may be stacked in front of the batch.
  const first = dims.findIndex(isOpen);
  if (first < 0 || first > 1) return -1;
  const name = dims[first] as string;
  if (BATCH_AXIS.test(name)) return first;
  // A batch that the token ids fix is a number here too.
  if (PAST_AXIS.test(name) || !isOpen(axes.batch)) return -1;
  return first;
}

/** Without an open batch axis the state is of as many rows as its first axis says. */
function fixesOf(dims: Dims['dims'], batch: number, axes: TokenAxes): FixedSizes {
  const [rows] = dims;
  if (batch >= 0 || !isOpen(axes.batch) || rows === undefined || isOpen(rows)) return NO_FIXES;
  return rows === 1 ? { batch: 1 } : NO_FIXES;
}

function isSameShape(output: Port, { elementType, dims }: Port): boolean {
  if (output.elementType !== elementType || output.dims?.length !== dims!.length) return false;
  return dims!.every(
    (dim, axis) =>
      isOpen(dim) === isOpen(output.dims![axis]!) && (isOpen(dim) || dim === output.dims![axis]),
  );
}
