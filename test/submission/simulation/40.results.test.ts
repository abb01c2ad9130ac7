/**
 * Which quotients of a run are its results, and how ranks exchange their sums.
 */
import { describe, expect, test } from 'vitest';
import { Ratio, Sum } from '#bpb/submission/python/sums';
import { Exchange } from '#bpb/submission/simulation/modules/distributed';
import { Observations, scoresOf } from '#bpb/submission/simulation/observations';

const losses = (from: number, to: number) =>
  new Sum('loss', new Map(Array.from({ length: to - from }, (_, i) => [from + i, 1])), 0);

type Observation = Parameters<typeof scoresOf>[0][number];

interface Made {
  readonly line: number;
  readonly activation?: number;
  readonly functions?: readonly string[];
}

function over(
  from: number,
  to: number,
  { line, activation = 1, functions = [] }: Made,
): Observation {
  return {
    kind: 'bpb',
    value: new Ratio(losses(from, to), 7),
    at: { path: 'train.py', layer: 0, line, reason: '' },
    functions: ['<module>', 'evaluate', ...functions],
    activation,
    loop: 0,
  };
}

const finals = (made: readonly Observation[]) =>
  scoresOf(made).map(({ at, final }) => [at.line, final]);

describe('results among quotients', () => {
  test('what is made once after the loop, not what grows in it', () => {
    const running = [10, 20, 30].map((to) => over(1, to, { line: 5 }));
    expect(finals([...running, over(1, 40, { line: 9 })])).toEqual([
      [5, false],
      [9, true],
    ]);
  });

  test('the last of what grows, where nothing takes its place', () => {
    expect(finals([10, 20, 40].map((to) => over(1, to, { line: 5 })))).toEqual([[5, true]]);
  });

  test('no figure of one batch, and none of one part before the whole in a helper', () => {
    expect(finals([over(1, 10, { line: 5 }), over(10, 20, { line: 5 })])).toEqual([[5, false]]);
    const batches = [1, 2, 3].map((k) => over(10 * k, 10 * k + 10, { line: 5, activation: k }));
    expect(finals(batches)).toEqual([[5, false]]);
    const helper = over(1, 40, { line: 20, activation: 2, functions: ['score'] });
    expect(finals([over(1, 10, { line: 5 }), helper])).toEqual([
      [5, false],
      [20, true],
    ]);
  });

  test('what is evaluated twice by the same function is one result', () => {
    const first = over(1, 40, { line: 9, activation: 1 });
    const second = over(1, 40, { line: 9, activation: 2 });
    expect(finals([first, second])).toEqual([[9, true]]);
  });

  test('of one place the printed one, and none that the same function makes after it', () => {
    const whole = over(1, 40, { line: 9 });
    const sample = over(1, 10, { line: 9, activation: 2 });
    const other = over(1, 10, { line: 8, activation: 2 });
    const scores = scoresOf([whole, other, sample], whole);
    expect(scores).toMatchObject([{ value: whole.value, final: true, printed: true }]);
    expect(scoresOf([whole, other, sample])).toMatchObject([
      { at: { line: 8 } },
      { value: sample.value },
    ]);
    expect(scoresOf([whole, sample], sample)).toMatchObject([
      { value: sample.value, printed: true },
    ]);
  });

  test('what comes after the last print is none, unless it is printed as well', () => {
    const made = new Observations();
    const [whole, sample] = [over(1, 40, { line: 9 }), over(1, 10, { line: 12 })];
    made.add(whole);
    expect(made.printed).toBeUndefined();
    made.print(whole.value);
    made.add(sample);
    expect([made.printed, made.scored]).toEqual([whole, [whole]]);
    made.print(sample.value);
    expect([made.printed, made.scored]).toEqual([sample, [whole, sample]]);
    // A figure that no quotient of the run is says nothing of them.
    made.print(1.2);
    expect([made.printed, made.scored]).toEqual([undefined, [whole, sample]]);
  });

  test('thousands of running figures are not kept, the first and the newest are', () => {
    const kept = new Observations();
    for (let to = 2; to < 2000; to++) kept.add(over(1, to, { line: 5 }));
    expect(kept.all.length).toBeLessThan(100);
    expect((kept.all.at(-1)!.value as Ratio).numerator).toEqual(losses(1, 1999));
    expect(scoresOf(kept.all)).toHaveLength(1);
  });
});

describe('an exchange between ranks', () => {
  /** One collective call of each rank, which gives what `give` says. */
  function pass(exchange: Exchange, give: (rank: number) => number): (number | undefined)[][] {
    return Array.from({ length: exchange.ranks }, (_, rank) => {
      const k = exchange.give(rank, give(rank));
      return Array.from(
        { length: exchange.ranks },
        (_each, other) => exchange.of(other, k) as number,
      );
    });
  }

  test('settles when a second pass gives the same', () => {
    const exchange = new Exchange(3);
    expect(pass(exchange, (rank) => rank * 10)[0]).toEqual([0, undefined, undefined]);
    expect(exchange.settle()).toBe(false);
    expect(pass(exchange, (rank) => rank * 10)).toEqual([
      [0, 10, 20],
      [0, 10, 20],
      [0, 10, 20],
    ]);
    expect(exchange.settle()).toBe(true);
  });

  test('does not settle while a rank gives something else', () => {
    const exchange = new Exchange(2);
    pass(exchange, (rank) => rank);
    exchange.settle();
    pass(exchange, (rank) => rank + 1);
    expect(exchange.settle()).toBe(false);
  });
});
