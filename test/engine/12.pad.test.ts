/** Padding moves a batch into a larger shape and changes nothing of what is scored. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkBatch, checkSizes, padBatch } from '#bpb/engine/pad';
import { splitBatch } from '#bpb/engine/split';

const shapes = fc.record({
  rows: fc.integer({ min: 1, max: 5 }),
  time: fc.integer({ min: 1, max: 9 }),
  below: fc.integer({ min: 0, max: 3 }),
  right: fc.integer({ min: 0, max: 4 }),
  picks: fc.array(fc.nat(), { maxLength: 30 }),
});

test('scored positions keep their row, their offset and the id before them, in any order', () => {
  fc.assert(
    fc.property(shapes, ({ rows, time, below, right, picks }) => {
      const ids = Int32Array.from({ length: rows * time }, (_, i) => 100 + i);
      const scored = Uint32Array.from(picks, (pick) => pick % ids.length);
      const targets = Int32Array.from(scored, (_, k) => k);
      const batch = { rows, time, ids, scored, targets, spanEnds: Uint32Array.of(picks.length) };
      const axes = { fixedRows: rows + below, fixedTime: time + right };
      const padded = padBatch(batch, axes, 'm');
      expect([padded.rows, padded.time]).toEqual([rows + below, time + right]);
      expect(padded.ids.length).toBe((rows + below) * (time + right));
      const wide = time + right;
      scored.forEach((position, k) => {
        const place = Math.floor(position / time) * wide + (position % time);
        expect([padded.scored[k], padded.ids[place]]).toEqual([place, batch.ids[position]]);
      });
      // What is no input is padding, which is zero.
      expect(padded.ids.filter((id) => id !== 0)).toEqual(ids);
      expect([padded.targets, padded.spanEnds]).toEqual([targets, batch.spanEnds]);
      checkBatch(padded);
    }),
  );
});

test('a batch that fits is the batch itself', () => {
  expect(padBatch(batch, { fixedRows: null, fixedTime: 1 }, 'm')).toBe(batch);
});

const batch = {
  rows: 2,
  time: 1,
  ids: Int32Array.of(3, 4),
  scored: Uint32Array.of(1),
  targets: Int32Array.of(5),
  spanEnds: Uint32Array.of(1),
};

test.each([
  ['a negative id', { ids: Int32Array.of(0, -1) }],
  ['a negative target', { targets: Int32Array.of(-(2 ** 31)) }],
  ['a position beyond the batch', { scored: Uint32Array.of(2) }],
])('%s is left to the addon', (_, changes) => {
  expect(() => checkBatch({ ...batch, ...changes })).toThrow(RangeError);
  checkSizes({ ...batch, ...changes });
});

test('a position beyond the batch is refused by whoever moves it first', () => {
  const beyond = { ...batch, scored: Uint32Array.of(2) };
  // Padded below, it would be a place in the padding; cut by rows, it would be in no piece.
  for (const axes of [
    { fixedRows: 3, fixedTime: null },
    { fixedRows: null, fixedTime: 2 },
  ]) {
    expect(() => padBatch(beyond, axes, 'm')).toThrow(/below rows \* time/);
  }
  expect(() => splitBatch(beyond, 1)).toThrow(/below rows \* time/);
});
