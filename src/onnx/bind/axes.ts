/**
 * Sizes of the axes of an input, in terms of the batch and time axes of the token ids.
 */
import type { Dim, Port } from '../port.js';
import type { Size } from './emit.js';

/** The axes of the token ids; '?' where nothing is declared. */
export interface TokenAxes {
  readonly batch: Dim;
  readonly time: Dim;
}

/** Axes of the token ids that another port fixes: batches are cut and padded to them. */
export interface FixedSizes {
  readonly batch?: number;
  readonly time?: number;
}

export interface Layout {
  readonly sizes: readonly Size[];
  readonly fixes: FixedSizes;
}

export const NO_FIXES: FixedSizes = {};

/** Names that stand for all positions that a query may see: as many as it has, where nothing is past. */
const WHOLE = /total|past|cache|full|kv|key|mask|seq|time|len|token|position|context|history/i;

/** Whether a declared axis is known to be the same as one of the token ids. */
export function isSame(dim: Dim, token: Dim): boolean {
  return dim !== '?' && dim === token;
}

export function isOpen(dim: Dim): dim is string {
  return typeof dim === 'string';
}

/**
 * The layout of an input whose axes are known by their place; null where its rank or a fixed axis
 * contradicts that. Where no shape is declared, it is as wanted.
 *
 * @param wanted `batch`, `time`, or `any` for an axis that keeps its fixed size
 */
export function placed(
  { dims }: Pick<Port, 'dims'>,
  wanted: readonly ('batch' | 'time' | 'any')[],
  axes: TokenAxes,
): Layout | null {
  if (dims === null) return wanted.includes('any') ? null : { sizes: wanted as Size[], fixes: {} };
  if (dims.length !== wanted.length) return null;
  const sizes: Size[] = [];
  let fixes = NO_FIXES;
  for (const [at, dim] of dims.entries()) {
    const role = wanted[at]!;
    if (role === 'any') {
      if (isOpen(dim)) return null;
      sizes.push(dim);
      continue;
    }
    const place = sizeAt(dim, role, axes);
    if (place === null) return null;
    sizes.push(place.size);
    fixes = { ...fixes, ...place.fixes };
  }
  return { sizes, fixes };
}

/** Null for a fixed size that contradicts the token ids'. */
function sizeAt(
  dim: Dim,
  role: 'batch' | 'time',
  axes: TokenAxes,
): { size: Size; fixes: FixedSizes } | null {
  const token = axes[role];
  if (isOpen(dim)) return { size: role, fixes: {} };
  if (dim === token) return { size: role, fixes: {} };
  // One row for all: it is broadcast along the batch, and fixes nothing.
  if (role === 'batch' && dim === 1) return { size: 1, fixes: {} };
  return isOpen(token) ? { size: role, fixes: { [role]: dim } } : null;
}

/**
 * The layout of an input of any rank, by the names of its axes and their places; null where the size of
 * an axis cannot be known.
 *
 * @param past names of axes along which a past is empty
 */
export function named(
  { dims }: Pick<Port, 'dims'>,
  axes: TokenAxes,
  past: ReadonlySet<string>,
): Layout | null {
  if (dims === null) return null;
  const sizes: Size[] = [];
  for (const [at, dim] of dims.entries()) {
    if (!isOpen(dim)) sizes.push(dim);
    else if (isSame(dim, axes.batch)) sizes.push('batch');
    else if (isSame(dim, axes.time)) sizes.push('time');
    else if (past.has(dim)) sizes.push(0);
    else if (at === 0) sizes.push(dims.length === 1 && WHOLE.test(dim) ? 'time' : 'batch');
    else if (WHOLE.test(dim) || (dims.length === 2 && dim === '?')) sizes.push('time');
    else return null;
  }
  return { sizes, fixes: NO_FIXES };
}
