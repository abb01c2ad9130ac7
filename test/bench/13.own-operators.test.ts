/** The roofline of a batch with this project's own operators, whose lines in the log say what they move. */
import { expect, test } from 'vitest';
import { kernel, logOf, NAMES, product } from './launches.js';

const part = (name: string) =>
  import(new URL(`../../bench/gpu/roofline/${name}.mjs`, import.meta.url).href);
const { keepBatch, parseLog } = await part('log');
const { readContext } = await part('context');
const { workOf } = await part('work');
const { ratesOf } = await part('rates');
const { roofline } = await part('roofline');

const T = 65536;
/** Bytes of one activation of width 512 in fp16. */
const U = T * 512 * 2;

const own = (name: string, moves: number) =>
  kernel(name, '65536,1,1').replace(name, `moves=${moves} ${name}`);

/** One layer of 9 × 512 with all of its elementwise work in three launches. */
const BATCH = [
  own('sum_norm_kernel', 4 * U),
  product(1024, T, 512),
  own('split_norm_rotary_kernel', 4 * U),
  kernel(NAMES.flash, '8,64,8', '128,1,1'),
  product(512, T, 512),
  product(1024, T, 512),
  own('squared_relu_kernel', 4 * U),
  product(512, T, 1024),
  product(1024, T, 512),
  kernel('score_kernel', '512,1,1'),
];

test('their bytes count as passes over activations, and heads come from the product before', () => {
  const batch = parseLog(logOf(BATCH));
  expect(readContext(batch)).toMatchObject({ heads: 8, headDim: 64, kvHeads: 4, layers: 1 });
  const line = roofline(batch, { rates: ratesOf('h100') });
  expect(line.passes_a_layer).toBe(12);
  expect(line.total).toMatchObject({ unknown: 0, least: false });
  expect(parseLog(keepBatch(batch, []))).toEqual(batch);
});

test('without them in the log they are unknown', () => {
  const batch = parseLog(logOf(BATCH.map((line) => line.replace(/moves=\d+ /, ''))));
  const unknown = workOf(batch, readContext(batch)).flatMap(
    (entry: { unknown?: string }) => entry.unknown ?? [],
  );
  expect(unknown).toEqual(Array(3).fill('bytes: the line of the log has no moves'));
});
