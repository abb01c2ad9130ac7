/**
 * The readable scorer: the formula on rows that can be worked out by hand.
 */

import { describe, expect, test } from 'vitest';
import { capped, rowNats, targetNats } from '#bpb/engine/softmax';
import { decodeHalves } from '#bpb/onnx/float16';
import { decodeBfloat16s } from '../helpers/logits.js';

const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: minusInf } = Number;

/** A row of logits: fp32 as every engine gets it. */
function row(...logits: number[]): Float32Array {
  return Float32Array.from(logits);
}

describe('rows that are no distribution', () => {
  test.each([
    ['a NaN first', [nan, 1, 2]],
    ['a NaN last', [1, 2, nan]],
    ['a NaN beside +Infinity', [inf, nan, 0]],
    ['+Infinity', [0, inf, 0]],
    ['nothing but -Infinity', [minusInf, minusInf]],
  ])('%s gives NaN, with and without a softcap', (_, logits) => {
    expect(rowNats(row(...logits), 0, null)).toBeNaN();
    expect(rowNats(row(...logits), 1, 30)).toBeNaN();
  });

  test('a row or target outside the matrix throws', () => {
    const logits = { values: row(1, 2, 3, 4), vocabulary: 2 };
    const scored = Uint32Array.of(0);
    expect(() => targetNats(logits, scored, Int32Array.of(2), null)).toThrow(RangeError);
    expect(() => targetNats(logits, scored, Int32Array.of(-1), null)).toThrow(RangeError);
    expect(() => targetNats(logits, Uint32Array.of(2), Int32Array.of(0), null)).toThrow(RangeError);
  });
});

describe('nats', () => {
  test('equal logits share the probability', () => {
    expect(rowNats(new Float32Array(8).fill(-3), 5, null)).toBeCloseTo(Math.log(8), 15);
  });

  test('two logits are a logistic', () => {
    expect(rowNats(row(0, 2), 0, null)).toBeCloseTo(Math.log1p(Math.exp(2)), 15);
  });

  test('a shift of all logits changes nothing, however large', () => {
    expect(rowNats(row(2 ** 20, 2 ** 20 + 2), 0, null)).toBe(rowNats(row(0, 2), 0, null));
  });

  test('a hopeless target keeps its distance where its probability would be 0', () => {
    expect(rowNats(row(1e8, 0), 1, null)).toBe(1e8);
    expect(rowNats(row(1e8, 0), 0, null)).toBe(0);
  });

  test('-Infinity on the target is +Infinity nats, elsewhere nothing', () => {
    expect(rowNats(row(0, minusInf, 0), 1, null)).toBe(inf);
    expect(rowNats(row(0, minusInf, 0), 0, null)).toBeCloseTo(Math.log(2), 15);
  });

  test('a softcap squeezes every logit before the softmax, -Infinity to -c', () => {
    const x = row(40, -5, 3);
    const squeezed = x.map((logit) => capped(logit, 30));
    expect(rowNats(x, 2, 30)).toBeCloseTo(rowNats(squeezed, 2, null), 5);
    expect(capped(minusInf, 30)).toBe(-30);
    expect(rowNats(row(0, minusInf), 1, 30)).toBeCloseTo(30, 12);
  });

  test('are rounded to fp32 for each scored row', () => {
    const logits = { values: row(0, 0, 0, 1), vocabulary: 2 };
    const nats = targetNats(logits, Uint32Array.of(1, 0), Int32Array.of(0, 1), null);
    expect([...nats]).toEqual([Math.fround(Math.log1p(Math.E)), Math.fround(Math.LN2)]);
  });
});

describe('16-bit floats', () => {
  test.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x7c00, inf],
    [0xfc00, minusInf],
    [0x7c01, nan],
  ])('fp16 %i is %d', (bits, value) => {
    expect(decodeHalves(Uint16Array.of(bits))[0]).toBe(value);
  });

  test.each([
    [0x3f80, 1],
    [0xc000, -2],
    [0x0001, 2 ** -133],
    [0x7f80, inf],
    [0xff80, minusInf],
    [0x7fc0, nan],
  ])('bf16 %i is %d', (bits, value) => {
    expect(decodeBfloat16s(Uint16Array.of(bits))[0]).toBe(value);
  });
});
