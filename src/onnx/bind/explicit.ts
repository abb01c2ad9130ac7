/**
 * Inputs whose values a caller or a manifest names: the kind is checked against type and shape.
 */
import { isFloat, TYPE } from '../element-types.js';
import type { Port } from '../port.js';
import { isOpen, named, placed, type TokenAxes } from './axes.js';
import { perRow, type Reading, single } from './recognise.js';
import { emptied } from './state.js';
import type { InputKind } from './types.js';

/** Least and most of the whole numbers that a type holds. */
const RANGES = new Map<number, readonly [number, number]>([
  [TYPE.bool, [0, 1]],
  [TYPE.uint8, [0, 255]],
  [TYPE.int8, [-128, 127]],
  [TYPE.uint16, [0, 65535]],
  [TYPE.int16, [-32768, 32767]],
  [TYPE.int32, [-(2 ** 31), 2 ** 31 - 1]],
  [TYPE.uint32, [0, 2 ** 32 - 1]],
  [TYPE.int64, [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
  [TYPE.uint64, [0, Number.MAX_SAFE_INTEGER]],
]);

/** @param past names of axes along which a past is empty */
export function bindAs(
  kind: InputKind,
  port: Port,
  axes: TokenAxes,
  past: ReadonlySet<string>,
): Reading {
  const { elementType, dims } = port;
  const isNumeric =
    isFloat(elementType) || elementType === TYPE.bfloat16 || RANGES.has(elementType);
  if (!isNumeric) return { reason: 'it is no tensor of numbers' };
  const reason = (text: string) => ({ reason: text });
  if (kind === 'empty') {
    const reading = dims && emptied({ ...port, dims }, axes);
    return reading ?? reason('no axis of it is open, so none can be empty');
  }
  if (kind === 'length' || kind === 'last') {
    // An open axis is that of the rows.
    const perRows = dims?.length === 1 && isOpen(dims[0]!);
    const layout = perRows ? perRow(port, axes) : (single(port) ?? perRow(port, axes));
    return layout === null ? reason(`${kind} is one number, or one a row`) : { kind, ...layout };
  }
  if (kind === 'positions') {
    if (elementType === TYPE.bool) return reason('booleans cannot hold positions');
    const rank = dims?.length ?? 2;
    const wanted = (['any', 'batch', 'time'] as const).slice(3 - rank);
    const layout = rank > 3 ? null : placed(port, wanted, axes);
    return layout === null
      ? reason('positions run along the last axis, which is that of time')
      : { kind, ...layout };
  }
  const value = kind === 'ones' ? 1 : kind === 'zeros' ? 0 : kind.constant;
  const range = RANGES.get(elementType);
  if (range !== undefined && !(Number.isInteger(value) && value >= range[0] && value <= range[1])) {
    return reason(`its type does not hold ${value}`);
  }
  const layout = dims === null ? placed(port, ['batch', 'time'], axes) : named(port, axes, past);
  if (layout !== null) return { kind, ...layout };
  return reason('the size of one of its open axes is not known');
}
