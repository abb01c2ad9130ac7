/** The comparison of two files of nats, by which a GPU's score is judged. */
import { expect, test } from 'vitest';

const script = new URL('../../scripts/gpu/compare.mjs', import.meta.url).href;
const { compareTargets } = (await import(script)) as {
  compareTargets: (found: Buffer, expected: Buffer) => Record<string, number>;
};
const nats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);

test('mean size, signed mean and largest difference, over what was scored', () => {
  const found = nats(1, 2.5, Number.NaN, 3);
  const expected = nats(1.5, 2, Number.NaN, 2);
  const result = compareTargets(found, expected);
  expect(result).toEqual({ targets: 3, mean_abs: 2 / 3, mean_signed: 1 / 3, max_abs: 1 });
});

test('files of other targets are no comparison', () => {
  expect(() => compareTargets(nats(1), nats(1, 2))).toThrow('expected 8');
  expect(() => compareTargets(nats(1), nats(Number.NaN))).toThrow('target 0');
});
