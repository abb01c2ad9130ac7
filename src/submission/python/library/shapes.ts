/**
 * Shapes of arrays: sizes, broadcasting, positions.
 */

export type Shape = readonly number[];

export const sizeOf = (shape: Shape): number => shape.reduce((size, each) => size * each, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((each, axis) => each === b[axis]);

/** Elements between neighbours along each axis, in C order. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis -= 1) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}

/** The common shape; null where there is none. */
export function broadcastShapes(...shapes: Shape[]): number[] | null {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const common: number[] = [];
  for (let axis = 0; axis < rank; axis += 1) {
    let size = 1;
    for (const shape of shapes) {
      const each = shape[axis - rank + shape.length] ?? 1;
      if (each === size || each === 1) continue;
      if (size !== 1) return null;
      size = each;
    }
    common.push(size);
  }
  return common;
}

/** For each element of `to`, the position of the element of `from` that is spread there. */
export function spread(from: Shape, to: Shape): Int32Array {
  const strides = stridesOf(from);
  const steps = to.map((_, axis) => {
    const own = axis - to.length + from.length;
    return own < 0 || from[own] === 1 ? 0 : (strides[own] ?? 0);
  });
  return positions(to, steps, 0);
}

/** Positions `offset + Σ index · step` of all elements of a shape, in C order. */
export function positions(shape: Shape, steps: readonly number[], offset: number): Int32Array {
  const all = new Int32Array(sizeOf(shape));
  const last = shape.length - 1;
  const index = new Array<number>(shape.length).fill(0);
  const [length, step] = [shape[last] ?? 1, steps[last] ?? 0];
  let position = offset;
  for (let i = 0; i < all.length; ) {
    for (let k = 0; k < length; k += 1, i += 1) all[i] = position + k * step;
    for (let axis = last - 1; axis >= 0; axis -= 1) {
      position += steps[axis] ?? 0;
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      position -= (steps[axis] ?? 0) * (shape[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return all;
}

/** 0-based axis of a possibly negative one; null outside. */
export function axisOf(axis: number, rank: number): number | null {
  const own = axis < 0 ? axis + Math.max(rank, 1) : axis;
  return own >= 0 && own < Math.max(rank, 1) ? own : null;
}

/** `shape` with one −1 replaced; null where the sizes do not fit. */
export function fitShape(shape: Shape, size: number): number[] | null {
  const open = shape.indexOf(-1);
  if (open < 0) return sizeOf(shape) === size ? [...shape] : null;
  const rest = sizeOf(shape.filter((_, axis) => axis !== open));
  if (rest === 0 || size % rest !== 0) return null;
  return shape.map((each, axis) => (axis === open ? size / rest : each));
}
