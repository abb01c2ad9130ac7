/** Messages read by a schema: every field in one tree, numbers packed or not, nesting bounded. */
import { describe, expect, test } from 'vitest';
import { bytes, float, int, join } from '#bpb/protobuf/encode';
import { readMessage } from '#bpb/protobuf/message';
import { declare, type MessageType, optional, repeated } from '#bpb/protobuf/schema';
import { refusalOf } from '../helpers/refusal.js';

const schema = new Map<string, MessageType>();
const PART = declare(schema, 'Part', {
  part: optional(1, 'Part'),
  parts: repeated(2, 'Part'),
  count: optional(3, 'int32'),
  counts: repeated(4, 'int64'),
  weights: repeated(5, 'float'),
  either: optional(6, 'int64', 'choice'),
  or: optional(7, 'string', 'choice'),
});
const source = { path: 'x.bin', code: 'BPB_TEST', what: 'a test' } as const;
const read = (...fields: Uint8Array[]) =>
  readMessage(join(fields), schema.get('Part')!, schema, source);

describe('refused', () => {
  const nested = (depth: number): Uint8Array =>
    depth === 0 ? join([]) : bytes(1, nested(depth - 1));

  test.each<[string, Uint8Array[], RegExp]>([
    ['a second value', [int(3, 1), int(3, 1)], /a second count at byte 4/],
    ['a second value below', [bytes(2, []), bytes(2, [int(3, 1), int(3, 2)])], /in parts\[1\]/],
    ['two of a oneof', [int(6, 1), bytes(7, 'a')], /both either and or/],
    ['a packed field that may stand once', [bytes(3, Uint8Array.of(1))], /count with wire type 2/],
    ['32 bits exceeded', [int(3, 2 ** 31)], /the integer 2147483648, which 32 bits/],
    ['messages 101 deep', [nested(101)], /messages nested deeper than 100 in …/],
    [
      'more than 2^21 fields',
      [new Uint8Array(2 ** 22 + 2).map((_, k) => (k % 2 ? 0 : 0x12))],
      /more than 2097152 fields/,
    ],
  ])('%s', async (_, fields, problem) => {
    const error = await refusalOf(() => read(...fields));
    expect(error).toMatchObject({ code: 'BPB_TEST', path: 'x.bin' });
    expect(error.message).toMatch(problem);
  });

  test('a packed field of half a number, when it is asked for', async () => {
    const message = read(bytes(5, Uint8Array.of(0, 0)));
    expect((await refusalOf(() => message.numbers(PART.weights))).message).toMatch(
      /no whole number/,
    );
  });

  test('invalid UTF-8, when it is asked for', async () => {
    const message = read(bytes(7, Uint8Array.of(0xff)));
    expect((await refusalOf(() => message.string(PART.or))).message).toMatch(/invalid UTF-8 in or/);
  });
});

test('numbers stand packed and singly, negative ones too, and keep their order', () => {
  const packed = bytes(4, Uint8Array.of(1, 0x80, 1));
  const message = read(int(4, -1), int(4, 7), packed, int(4, 3), float(5, 0.5), float(5, -2));
  expect([...message.numbers(PART.counts)]).toEqual([-1, 7, 1, 128, 3]);
  expect([...message.numbers(PART.weights)]).toEqual([0.5, -2]);
  expect(message.count(PART.counts)).toBe(5);
  // Runs of single numbers are one entry each, however long.
  expect(message.fields.length).toBe(4);
});

test('every message is walked, and unknown fields have a path', () => {
  const message = read(bytes(1, [bytes(2, [int(3, 5)]), bytes(2, [bytes(60, 'x')])]), int(61, 1));
  expect([...message.walk()].map(({ path }) => path)).toEqual([
    '',
    'part',
    'part.parts[0]',
    'part.parts[1]',
  ]);
  expect(message.unknown()).toEqual(['61', 'part.parts[1].60']);
  expect(message.child(PART.part)!.children(PART.parts)[0]!.number(PART.count)).toBe(5);
});

test('fields are rewritten in place, and the others stay as they are', () => {
  const message = read(int(3, 1), bytes(7, 'a'), int(60, 2));
  const changed = message.rewritten(({ type }) => (type === PART.count ? [int(3, 9)] : null));
  expect(join(changed)).toEqual(join([int(3, 9), bytes(7, 'a'), int(60, 2)]));
  expect(join(message.rewritten(() => null))).toEqual(new Uint8Array(message.bytes));
});
