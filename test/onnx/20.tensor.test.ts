/** Constants: every type in, fp32 and fp16 out, halves rounded as IEEE 754 says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { countBeyond, decodeHalves, encodeHalves } from '#bpb/onnx/float16';
import { SCHEMA } from '#bpb/onnx/schema';
import { readTensor } from '#bpb/onnx/stored-tensor';
import { Tensor, tensorFields } from '#bpb/onnx/tensor';
import { int } from '#bpb/protobuf/encode';
import { readMessage } from '#bpb/protobuf/message';
import { toHalf } from '../helpers/logits.js';

const read = (fields: Uint8Array[]) =>
  readTensor(
    readMessage(Buffer.concat(fields), SCHEMA.get('TensorProto')!, SCHEMA, {
      path: 'm',
      code: 'BPB_MODEL_NOT_ONNX',
      what: 'a tensor',
    }),
  );

describe('halves', () => {
  test('every bit pattern is read and written back', () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, k) => k);
    const values = decodeHalves(bits);
    const again = encodeHalves(values);
    for (let k = 0; k < bits.length; k++) {
      if (Number.isNaN(values[k]!)) expect(again[k]! & 0x7c00).toBe(0x7c00);
      else expect(again[k]).toBe(k);
    }
  });

  test('rounded to nearest, ties to even, as by the slow way', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65504, max: 65504 }), (value) => {
        expect(encodeHalves([value])[0]).toBe(toHalf(value));
      }),
      { numRuns: 2000 },
    );
  });

  test('subnormal ties', () => {
    const values = [2 ** -25, 1.5 * 2 ** -24, 2.5 * 2 ** -24, 2 ** -26, 3 * 2 ** -26];
    expect([...encodeHalves(values)]).toEqual([0, 2, 2, 0, 1]);
  });

  test('finite values beyond the range are cut and counted, infinities kept', () => {
    // Half a step beyond the largest is where rounding would give infinity; 1e39 is no fp32 either.
    const values = [-3.4e38, 1e9, -Infinity, 65519, 65520, -65519.9999, 1e39, Number.NaN];
    const halves = [...decodeHalves(encodeHalves(values))];
    const most = 65504;
    expect(halves).toEqual([-most, most, -Infinity, most, most, -most, most, Number.NaN]);
    expect(countBeyond(values)).toBe(5);
  });
});

describe('tensors', () => {
  test.each([
    ['a size that the data has not', [int(1, 3), int(2, 1), Buffer.from([74, 4, 0, 0, 0, 0])]],
    ['data in another file', [int(1, 1), int(2, 1), Buffer.from([106, 2, 10, 0])]],
    ['text', [int(1, 1), int(2, 8), Buffer.from([50, 1, 65])]],
  ])('what cannot be decoded is null: %s', (_, fields) => {
    expect(read(fields).decode()).toBeNull();
  });

  test.each([
    ['float', TYPE.float32, [1.5, -2]],
    ['half', TYPE.float16, [1.5, -2]],
    ['int64', TYPE.int64, [-1, 2 ** 40]],
    ['int32', TYPE.int32, [-1, 7]],
    ['int8', TYPE.int8, [-128, 127]],
    ['bool', TYPE.bool, [0, 1]],
    ['int4', TYPE.int4, [-8, 7, -1]],
    ['uint4', TYPE.uint4, [15, 0, 8]],
  ])('%s is written and read', (_, type, values) => {
    const tensor = new Tensor(type, [values.length], Float64Array.from(values));
    const decoded = read(tensorFields('t', tensor)).decode();
    expect(Array.from(decoded!.values)).toEqual(values);
    expect(decoded!.type).toBe(type);
  });

  test('four bits, two a byte, signed and not', () => {
    const fields = (type: number) => [int(1, 3), int(2, type), Buffer.from([74, 2, 0x8f, 0x07])];
    expect([...read(fields(TYPE.int4)).decode()!.values]).toEqual([-1, -8, 7]);
    expect([...read(fields(TYPE.uint4)).decode()!.values]).toEqual([15, 8, 7]);
  });

  test('the end of everything stays the largest int64', () => {
    const tensor = new Tensor(TYPE.int64, [1], Float64Array.of(2 ** 63));
    const raw = tensorFields('t', tensor).at(-1)!;
    expect(Buffer.from(raw).readBigInt64LE(raw.length - 8)).toBe(2n ** 63n - 1n);
  });

  test('a repeated axis is written out', () => {
    const tensor = new Tensor(TYPE.float32, [2, 3], Float32Array.of(1, 2, 3), [1, 3]);
    expect([...tensor.dense().values]).toEqual([1, 2, 3, 1, 2, 3]);
  });
});
