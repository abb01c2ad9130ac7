/** Losses and byte counts of an evaluation, by the target that each term belongs to. */
import { describe, expect, test } from 'vitest';
import { NdArray } from '#bpb/submission/python/library/array';
import { Ratio, Sum } from '#bpb/submission/python/sums';
import { Unknown, type Value } from '#bpb/submission/python/values';
import { slice, TestRuntime } from './runtime.js';

const STREAM = [1, 7, 5, 9, 7, 3, 8, 2, 6, 4, 5, 7];
const BYTES = [0, 0, 3, 1, 4, 2, 5, 1, 2, 6];

function stream(library: 'torch' | 'numpy' = 'torch'): NdArray {
  const tags = Int32Array.from(STREAM, (_, i) => i);
  return new NdArray([STREAM.length], 'int64', Float64Array.from(STREAM), tags, 'plain', library);
}

const table = (library: 'torch' | 'numpy' = 'torch') =>
  new NdArray([10], 'int16', Float64Array.from(BYTES), null, 'plain', library);

function setting() {
  const runtime = new TestRuntime();
  const tokens = stream();
  const x = runtime.item(tokens, slice(null, -1)) as NdArray;
  const y = runtime.item(tokens, slice(1)) as NdArray;
  const logits = new Unknown({ path: 's.py', layer: 0, line: 1, reason: 'a model' });
  return { runtime, tokens, x, y, logits };
}

/** The sum in a tensor of no dimension, or as a number of Python. */
const sumOf = (value: Value): Sum => {
  const own = value instanceof NdArray ? value.element(0) : value;
  if (!(own instanceof Sum)) throw new Error('expected a sum');
  return own;
};

const each = (coefficient: number, from = 1, to = 11) =>
  new Map(Array.from({ length: to - from + 1 }, (_, i) => [from + i, coefficient]));

const numbered = (sum: Sum) => new Map([...sum.terms].sort(([a], [b]) => a - b));

describe('losses', () => {
  test('the sum of a cross entropy of unknown logits has each target once', () => {
    const { runtime, y, logits } = setting();
    const losses = runtime.of('torch.nn.functional', 'cross_entropy', [logits, y], {
      reduction: 'none',
    });
    expect(numbered(sumOf(runtime.method(losses, 'sum')))).toEqual(each(1));
    const mean = runtime.of('torch.nn.functional', 'cross_entropy', [logits, y]);
    expect(numbered(sumOf(runtime.binary('*', mean, 11)))).toEqual(each(1));
  });

  test('what is ignored is left out of the sum and of the count', () => {
    const { runtime, y, logits } = setting();
    const masked = runtime.of('torch', 'where', [runtime.binary('>', y, 4), y, -100]);
    const mean = runtime.of('torch.nn.functional', 'cross_entropy', [logits, masked]);
    const kept = STREAM.flatMap((id, i) => (i > 0 && id > 4 ? [i] : []));
    expect([...sumOf(mean).terms.keys()].sort((a, b) => a - b)).toEqual(kept);
    for (const share of sumOf(mean).terms.values()) expect(share).toBeCloseTo(1 / kept.length, 15);
  });

  test.each<[string, (s: ReturnType<typeof setting>) => Value]>([
    [
      'gather',
      ({ runtime, y, logits }) =>
        runtime.method(logits, 'gather', [-1, runtime.method(y, 'unsqueeze', [-1])]),
    ],
    [
      'index',
      ({ runtime, y, logits }) =>
        runtime.item(logits, runtime.tuple([runtime.of('torch', 'arange', [11]), y])),
    ],
    [
      'range',
      ({ runtime, y, logits }) => runtime.item(logits, runtime.tuple([runtime.list([0]), y])),
    ],
  ])('log-probabilities by %s are minus the losses', (_, pick) => {
    const all = setting();
    const total = all.runtime.method(pick(all), 'sum');
    expect(numbered(sumOf(all.runtime.unary('-', total)))).toEqual(each(1));
  });

  test('a normaliser less the logits of the targets is their loss', () => {
    const { runtime, y, logits } = setting();
    const index = runtime.method(y, 'unsqueeze', [-1]);
    const picked = runtime.method(logits, 'gather', [-1, index]);
    const losses = runtime.binary('-', logits, picked);
    expect(numbered(sumOf(runtime.method(losses, 'sum')))).toEqual(each(1));
  });

  test('minus the logarithm of the probabilities of the targets is their loss', () => {
    const { runtime, y, logits } = setting();
    const index = runtime.method(y, 'unsqueeze', [-1]);
    const picked = runtime.method(logits, 'gather', [-1, index]);
    const losses = runtime.unary('-', runtime.of('torch', 'log', [picked]));
    expect(numbered(sumOf(runtime.method(losses, 'sum')))).toEqual(each(1));
  });

  test('a model called with ids and targets gives their mean, or one for each where it is indexed', () => {
    const { runtime, x, y, logits } = setting();
    const loss = runtime.call(logits, [x, y]);
    expect(numbered(sumOf(runtime.binary('*', runtime.method(loss, 'item'), 11)))).toEqual(each(1));
    const tail = runtime.item(loss, slice(3));
    expect(numbered(sumOf(runtime.method(tail, 'sum')))).toEqual(each(1, 4));
  });

  test('a table that is not known, indexed by tokens, is no loss', () => {
    const { runtime, y, logits } = setting();
    expect(runtime.item(logits, y)).toBeInstanceOf(Unknown);
  });

  test('a loss that is multiplied by another is not known', () => {
    const { runtime, x, y, logits } = setting();
    const loss = runtime.method(runtime.call(logits, [x, y]), 'item');
    expect(runtime.binary('*', loss, loss)).toBeInstanceOf(Unknown);
    expect(runtime.truth(loss)).toBeNull();
  });
});

describe('byte counts', () => {
  test('bytes belong to the target, and flags of both tokens to the later', () => {
    const { runtime, x, y } = setting();
    const flags = runtime.binary('==', table(), 5);
    const after = runtime.binary('!=', table(), 0);
    const spaces = runtime.binary('&', runtime.item(flags, y), runtime.item(after, x));
    const bytes = runtime.binary('+', runtime.item(table(), y), spaces);
    const sum = sumOf(runtime.method(bytes, 'sum'));
    const right = STREAM.slice(1).map((id, i) => {
      return BYTES[id]! + (BYTES[id] === 5 && BYTES[STREAM[i]!] !== 0 ? 1 : 0);
    });
    expect(STREAM.slice(1).map((_, i) => sum.terms.get(i + 1) ?? 0)).toEqual(right);
    expect(sum.value).toBe(right.reduce((a, b) => a + b, 0));
  });

  test('Python numbers of tokens keep their position through lists and int()', () => {
    const { runtime, y } = setting();
    const listed = runtime.sequence(runtime.method(y, 'tolist'))!;
    const again = runtime.of('torch', 'tensor', [runtime.list([...listed])]) as NdArray;
    expect([...again.tags!]).toEqual(STREAM.slice(1).map((_, i) => i + 1));
    expect(runtime.equal(listed[0]!, 7)).toBe(true);
  });

  test('a copy into zeros keeps the positions, and what stays zero has none', () => {
    const { runtime, y } = setting();
    const rows = runtime.of('torch', 'zeros', [2, 12]) as NdArray;
    runtime.setItem(rows, runtime.tuple([1, slice(null, 11)]), y);
    const [first, second] = [0, 1].map((i) => runtime.item(rows, i) as NdArray);
    expect(first!.tagged).toBe(false);
    expect([...second!.tags!]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1]);
  });
});

describe('quotients', () => {
  test('loss over tokens, divided by ln 2, times tokens over bytes, is loss over bytes', () => {
    const { runtime, y, logits } = setting();
    const losses = runtime.of('torch.nn.functional', 'cross_entropy', [logits, y], {
      reduction: 'sum',
    });
    const bytes = runtime.method(runtime.item(table(), y), 'sum');
    const tokens = runtime.method(runtime.binary('>=', y, 0), 'sum');
    const perToken = runtime.binary('/', runtime.binary('/', losses, tokens), Math.LN2);
    const score = runtime.binary('*', perToken, runtime.binary('/', tokens, bytes)) as NdArray;
    const ratio = score.element(0) as Ratio;
    expect(ratio).toBeInstanceOf(Ratio);
    for (const share of (ratio.numerator as Sum).terms.values()) {
      expect(share).toBeCloseTo(1 / Math.LN2, 14);
    }
    expect((ratio.denominator as Sum).value).toBe(sumOf(bytes).value);
    expect(runtime.quotients.length).toBeGreaterThan(0);
  });

  test('a mean of means weighs the targets of a short batch more', () => {
    const { runtime, x, y, logits } = setting();
    const part = (from: number, to: number) => {
      const own = [x, y].map((each) => runtime.item(each, slice(from, to)));
      return runtime.method(runtime.call(logits, own), 'item');
    };
    const mean = sumOf(runtime.binary('/', runtime.binary('+', part(0, 8), part(8, 11)), 2));
    expect(mean.terms.get(1)).toBeCloseTo(1 / 16, 14);
    expect(mean.terms.get(11)).toBeCloseTo(1 / 6, 14);
  });

  test('a sum of ratios over different bytes says over which', () => {
    const { runtime, x, y, logits } = setting();
    const part = (from: number, to: number) => {
      const own = [x, y].map((each) => runtime.item(each, slice(from, to)));
      const bytes = runtime.method(runtime.item(table(), own[1]!), 'sum');
      return runtime.method(runtime.binary('/', runtime.call(logits, own), bytes), 'item');
    };
    const sum = runtime.binary('+', part(0, 4), part(4, 11)) as Sum;
    expect(sum.over?.terms.size).toBeGreaterThan(0);
  });
});

describe('types of running sums', () => {
  test.each([
    ['float32', 'float32'],
    ['bfloat16', 'bfloat16'],
    ['float64', null],
  ])('added up in %s', (dtype, running) => {
    const { runtime, x, y, logits } = setting();
    const type = runtime.attribute(runtime.host.module('torch', runtime)!, dtype);
    const total = runtime.of('torch', 'zeros', [runtime.tuple([])], { dtype: type }) as NdArray;
    for (const [from, to] of [
      [0, 5],
      [5, 11],
    ]) {
      const own = [x, y].map((each) => runtime.item(each, slice(from!, to!)));
      total.update('+', runtime.call(logits, own), runtime);
    }
    expect(sumOf(runtime.method(total, 'item')).type.running).toBe(running);
  });

  test('a batch that is summed at once in float32 is no running sum', () => {
    const { runtime, y, logits } = setting();
    const losses = runtime.of('torch.nn.functional', 'cross_entropy', [logits, y], {
      reduction: 'none',
    });
    expect(sumOf(runtime.method(losses, 'sum')).type.running).toBeNull();
  });
});

describe('limits', () => {
  test('an array of a thousand million elements has a shape and no elements', () => {
    const runtime = new TestRuntime();
    const array = runtime.of('torch', 'zeros', [1e9]) as NdArray;
    expect(array.shape).toEqual([1e9]);
    expect(array.data.length).toBe(0);
    expect(runtime.stops).toHaveLength(1);
  });

  test('adding to a sum ten thousand times is not quadratic work', () => {
    const { runtime, y } = setting();
    let total: Value = 0;
    const bytes = runtime.method(runtime.item(table(), y), 'sum');
    for (let i = 0; i < 10_000; i += 1) total = runtime.binary('+', total, bytes);
    expect(sumOf(total).value).toBe(10_000 * sumOf(bytes).value!);
  });

  test('an unknown index makes what is written to unknown', () => {
    const { runtime, y, logits } = setting();
    const array = runtime.of('torch', 'zeros', [20]) as NdArray;
    runtime.setItem(array, logits, 3);
    expect(array.unknown).not.toBeNull();
    expect(runtime.method(runtime.binary('+', y, logits), 'sum')).toBeInstanceOf(Unknown);
  });

  test('a slice that leaves nothing out is told to the host', () => {
    const { runtime, tokens } = setting();
    runtime.item(tokens, slice(null, 3_000_000));
    expect(runtime.limits).toEqual([[3_000_000, STREAM.length]]);
  });
});
