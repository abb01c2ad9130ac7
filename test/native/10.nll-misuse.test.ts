/**
 * The scorer's arguments: whatever is wrong with them is an exception, never a wild read.
 */

import { expect, test } from 'vitest';
import type { NllOptions } from '#bpb/engine/addon';
import { requireAddon } from '../helpers/native.js';

const addon = requireAddon();

/** Two rows of three fp32 logits. */
const good: NllOptions = {
  logits: new ArrayBuffer(24),
  type: 'fp32',
  rows: 2,
  vocab: 3,
  stride: 3,
  offset: 0,
  targets: Int32Array.of(0, 2),
};

test('what is right passes', () => {
  expect([...addon.nll(good)]).toEqual([Math.log(3), Math.log(3)].map(Math.fround));
});

test.each([
  ['a target beyond the vocabulary', { targets: Int32Array.of(0, 3) }, RangeError],
  ['a negative target', { targets: Int32Array.of(-1, 0) }, RangeError],
  ['too few targets', { targets: Int32Array.of(0) }, RangeError],
  ['targets of another type', { targets: Float32Array.of(0, 1) }, TypeError],
  ['targets as a list', { targets: [0, 1] }, TypeError],
  ['rows beyond the buffer', { rows: 3, targets: new Int32Array(3) }, RangeError],
  ['an offset beyond the buffer', { offset: 25 }, RangeError],
  ['an offset that pushes the last row out', { offset: 1 }, RangeError],
  ['a negative offset', { offset: -4 }, RangeError],
  ['a stride below the vocabulary', { stride: 2 }, RangeError],
  ['a stride that leaves the buffer', { stride: 4 }, RangeError],
  ['no vocabulary', { vocab: 0 }, RangeError],
  ['a fractional size', { rows: 1.5 }, RangeError],
  ['a size that is NaN', { rows: Number.NaN }, RangeError],
  ['a size that is text', { rows: '2' }, TypeError],
  ['logits that are no buffer', { logits: new Float32Array(6) }, TypeError],
  ['an unknown type', { type: 'fp8' }, RangeError],
  ['an unknown instruction set', { isa: 'mmx' }, RangeError],
  ['a softcap of 0', { softcap: 0 }, RangeError],
  ['a softcap that is NaN', { softcap: Number.NaN }, RangeError],
  ['a softcap that is text', { softcap: '30' }, TypeError],
])('%s is refused', (_, change, error) => {
  expect(() => addon.nll({ ...good, ...change } as NllOptions)).toThrow(error);
});

test('no options at all are refused', () => {
  expect(() => (addon.nll as unknown as () => void)()).toThrow(TypeError);
});

test('no rows are no nats', () => {
  expect(addon.nll({ ...good, rows: 0, targets: new Int32Array(0) }).length).toBe(0);
});
