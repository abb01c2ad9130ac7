/**
 * The arguments of the attention kernel: whatever is wrong with them is an exception, never a wild read.
 */

import { expect, test } from 'vitest';
import { type AttentionOptions, attentionInputs } from '../helpers/attention.js';
import { requireAddon } from '../helpers/native.js';

const addon = requireAddon();
const good = attentionInputs({ rows: 2, time: 3, qHeads: 4, kvHeads: 2, size: 8 });

test('what is right passes', () => {
  expect(addon.causalAttention(good).length).toBe(good.q.length);
  const none = { q: new Float32Array(0), positions: new Int32Array(0) };
  expect(addon.causalAttention({ ...good, ...none }).length).toBe(0);
});

test.each([
  ['keys of another shape', { k: new Float32Array(7) }, RangeError],
  ['no keys', { k: new Float32Array(0), v: new Float32Array(0) }, RangeError],
  ['values of another shape', { v: new Float32Array(48) }, RangeError],
  ['queries of another shape', { q: new Float32Array(8) }, RangeError],
  ['keys of another type', { k: new Float64Array(96) }, TypeError],
  ['query heads that the key heads do not divide', { kvHeads: 3 }, RangeError],
  ['no heads', { qHeads: 0 }, RangeError],
  ['heads beyond 32 bits', { q: new Float32Array(0), qHeads: 2 ** 24 }, RangeError],
  ['sizes beyond 64 bits', { rows: 2 ** 24, time: 2 ** 24, kvHeads: 2 ** 24 }, RangeError],
  ['a time that is no number', { time: '3' }, TypeError],
  ['a scale that is text', { scale: '1' }, TypeError],
  ['positions as a list', { positions: [0] }, TypeError],
  ['a position beyond the rows', { positions: Int32Array.of(6) }, RangeError],
  ['a negative position', { positions: Int32Array.of(-1) }, RangeError],
  ['fewer positions than queries', { positions: Int32Array.of(0) }, RangeError],
  ['an unknown instruction set', { isa: 'mmx' }, RangeError],
  ['no threads', { threads: 0 }, RangeError],
])('%s: refused', (_, change, error) => {
  expect(() => addon.causalAttention({ ...good, ...change } as AttentionOptions)).toThrow(error);
});
