/** The wire reader: whatever is malformed is refused at its place, whatever was written comes back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireReader } from '#bpb/protobuf/wire';
import { refusalOf } from '../helpers/refusal.js';
import { bytesField, uintField, varint } from '../helpers/sentencepiece.js';

const reader = (bytes: Uint8Array | number[]) =>
  new WireReader(Uint8Array.from(bytes), { path: 'x.bin', code: 'BPB_TEST', what: 'a test' });

/** Reads every field and skips its value. */
function walk(bytes: Uint8Array | number[]): number {
  const r = reader(bytes);
  let fields = 0;
  for (; r.next(); fields++) r.skip();
  return fields;
}

describe('refused', () => {
  const cases: [string, number[], RegExp][] = [
    ['a varint cut short', [0x08, 0x80], /cut short/],
    ['a varint of 11 bytes', [0x08, ...Array(10).fill(0x80), 1], /longer than 10/],
    ['a varint beyond 64 bits', [0x08, ...Array(9).fill(0xff), 2], /beyond 64/],
    ['a length beyond the end', [0x0a, 5, 1], /5 bytes where 1 are left/],
    ['a length of 2^63', [0x0a, ...Array(9).fill(0x80), 1], /9223372036854775808 bytes/],
    ['a group', [0x0b], /group/],
    ['the end of a group', [0x0c], /group/],
    ['field number 0', [0x00, 1], /field number 0/],
    ['wire type 6', [0x0e], /wire type 6/],
    ['a fixed64 cut short', [0x09, 1, 2, 3], /cut short/],
    ['a fixed32 cut short', [0x0d, 1], /cut short/],
    ['a field number beyond 29 bits', [...varint(1n << 40n)], /too large/],
  ];
  it.each(cases)('%s', async (_, bytes, message) => {
    const refusal = await refusalOf(() => walk(bytes));
    expect(refusal.code).toBe('BPB_TEST');
    expect(refusal.path).toBe('x.bin');
    expect(refusal.message).toMatch(message);
  });

  it('a known field with another wire type', async () => {
    const r = reader(uintField(1, 7));
    r.next();
    expect((await refusalOf(() => r.bytes())).message).toMatch(/wire type 0 instead of 2/);
  });

  it('invalid UTF-8 in a string, at its offset in the whole file', async () => {
    const outer = reader(bytesField(1, bytesField(2, Uint8Array.of(0xff))));
    outer.next();
    const inner = outer.message();
    inner.next();
    expect((await refusalOf(() => inner.string())).message).toMatch(/invalid UTF-8 at byte 5/);
  });

  it('100,000 nested groups, without a deep stack', async () => {
    expect((await refusalOf(() => walk(new Uint8Array(100_000).fill(0x0b)))).code).toBe('BPB_TEST');
  });
});

it('random bytes are read or refused, and never anything else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      try {
        expect(walk(bytes)).toBeGreaterThanOrEqual(0);
      } catch {
        expect((await refusalOf(() => walk(bytes))).code).toBe('BPB_TEST');
      }
    }),
  );
});

it('every 64-bit number comes back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (value) => {
      const r = reader(uintField(3, value));
      expect(r.next()).toBe(true);
      expect(r.field).toBe(3);
      expect(r.int64()).toBe(value);
      expect(r.next()).toBe(false);
    }),
  );
});

it('packed and single values of a repeated field come back', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -5n, max: 1n << 62n })), (values) => {
      const packed = reader(bytesField(1, Buffer.concat(values.map(varint))));
      packed.next();
      const numbers: number[] = [];
      expect(packed.numbers('int64', numbers, 0)).toBe(values.length);
      expect(numbers).toEqual(values.map(Number));
    }),
  );
  const single = reader(uintField(1, 300));
  single.next();
  const numbers: number[] = [];
  single.numbers('int64', numbers, 0);
  expect(numbers).toEqual([300]);
});
