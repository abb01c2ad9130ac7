/**
 * The rule for graphs that round activations, on differences that are drawn here: how often it fails a run that
 * chance alone moved, and what bias it finds. docs/verify.md states the figures.
 */
import { describe, expect, test } from 'vitest';
import { mulberry32 } from '#bpb/random';
import { boundedMean, Differences, ROUNDED, sizeLimit } from '#bpb/score/disagreement';

/** Standard deviations of a target in nats: MatMulNBits of level 4, and a static int8 graph, on `sotu-8x256`. */
const SPREADS = [0.0168, 0.098];

/** Of a row: its spread, and a draw of standard deviation 1. */
interface Kind {
  readonly spread: (random: () => number) => number;
  readonly draw: (normal: () => number, random: () => number) => number;
}

const KINDS: Readonly<Record<string, Kind>> = {
  normal: { spread: () => 1, draw: (normal) => normal() },
  // Heavy tails: one in nine is of a larger spread.
  heavy: {
    spread: () => 1,
    draw: (normal, random) => normal() * (random() < 0.117 ? 2.7 : 0.4),
  },
  // Four rows of five are hardly touched.
  sparse: {
    spread: (random) => (random() < 0.2 ? Math.sqrt(5) : 1e-5),
    draw: (normal) => normal(),
  },
};

function normals(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

interface Shape {
  readonly rows: number;
  readonly targets: number;
}

/**
 * @param together how far the means of rows spread, times what independent targets would
 */
function drawn(
  { rows, targets }: Shape,
  kind: Kind,
  { spread = 1, bias = 0, together = 1, random = mulberry32(1) },
): Differences {
  const normal = normals(random);
  const differences = new Differences();
  const shared = Math.sqrt((together ** 2 - 1) / targets);
  for (let row = 0; row < rows; row++) {
    differences.begin();
    const own = spread * kind.spread(random);
    const all = shared * normal();
    for (let k = 0; k < targets; k++)
      differences.add(own * (kind.draw(normal, random) + all) + bias, 0);
  }
  return differences;
}

const SHAPES: readonly Shape[] = [
  { rows: 1, targets: 4 },
  { rows: 1, targets: 32 },
  { rows: 3, targets: 32 },
  { rows: 15, targets: 32 },
  { rows: 16, targets: 32 },
  { rows: 64, targets: 32 },
  { rows: 1, targets: 512 },
  { rows: 3, targets: 512 },
];
const RUNS = 2000;

describe.each(SPREADS)('standard deviation of a target %d nats', (spread) => {
  test.each(SHAPES)('%j: chance alone fails no run', (shape) => {
    const random = mulberry32(shape.rows * 1000 + shape.targets);
    for (const kind of Object.values(KINDS)) {
      for (const together of [1, 1.16]) {
        let failed = 0;
        for (let run = 0; run < RUNS; run++) {
          const differences = drawn(shape, kind, { spread, together, random });
          if (Math.abs(differences.summary().mean_nats!) > differences.meanLimit()) failed++;
        }
        expect(failed).toBe(0);
      }
    }
  });
});

test.each(SHAPES.filter(({ rows }) => rows >= ROUNDED.groups))(
  '%j: the size of what chance makes fails no run',
  (shape) => {
    // The noise is measured on 64 rows of its own.
    const random = mulberry32(7);
    for (const kind of Object.values(KINDS)) {
      for (let run = 0; run < 500; run++) {
        const noise = drawn({ ...shape, rows: 64 }, kind, { spread: 0.098, random });
        const differences = drawn(shape, kind, { spread: 0.098, random });
        expect(differences.agreeOnAverage(noise.summary().mean_abs_nats!)).toBe(true);
      }
    }
  },
);

/** Multiples of the standard error that are found in 99 of 100 runs: t for a false alarm, and what chance makes of both. */
const FOUND: readonly (Shape & { readonly errors: number })[] = [
  { rows: 16, targets: 512, errors: 13.5 },
  { rows: 64, targets: 512, errors: 8.2 },
  { rows: 3, targets: 512, errors: 12.5 },
];

test.each(FOUND)('%j: a bias beyond it is found', ({ errors, ...shape }) => {
  const random = mulberry32(3);
  for (const spread of SPREADS) {
    const error = spread / Math.sqrt(shape.rows * shape.targets);
    const bias = ROUNDED.meanNats + errors * error;
    let found = 0;
    for (let run = 0; run < 300; run++) {
      const differences = drawn(shape, KINDS['normal']!, { spread, bias, random });
      if (!differences.agreeOnAverage(spread)) found++;
    }
    expect(found).toBeGreaterThanOrEqual(297);
  }
});

test('differences that only spread do not widen what a claim may be off by', () => {
  const differences = new Differences();
  // Of 16 rows all differ to one side, by sizes that look like chance.
  for (let row = 0; row < 16; row++) {
    differences.begin();
    for (let k = 0; k < 512; k++) differences.add(2e-3 * (0.2 + (row % 4)), 0);
  }
  expect(differences.agreeOnAverage(0)).toBe(true);
  expect(Math.abs(differences.summary().mean_nats!)).toBeGreaterThan(boundedMean(0, 16 * 512));
});

test.each([
  ['NaN', Number.NaN],
  ['an infinity', Number.POSITIVE_INFINITY],
])('%s is no agreement', (_, value) => {
  const differences = new Differences();
  differences.begin();
  for (let k = 0; k < 64; k++) differences.add(k === 5 ? value : 1, 1);
  expect(differences.agreeOnAverage(1)).toBe(false);
});

test('differences that cancel are bounded by their size', () => {
  const differences = new Differences();
  for (let row = 0; row < 32; row++) {
    differences.begin();
    for (let k = 0; k < 32; k++) differences.add(k % 2 === 0 ? 0.02 : -0.02, 0);
  }
  expect(sizeLimit(0)).toBe(ROUNDED.sizeNats);
  expect(differences.agreeOnAverage(0)).toBe(false);
  expect(differences.agreeOnAverage(0.005)).toBe(true);
});

test('a few targets made much better fail', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = mulberry32(seed);
    const differences = new Differences();
    for (let row = 0; row < 8; row++) {
      differences.begin();
      for (let k = 0; k < 64; k++) differences.add(random() < 0.05 ? -0.5 : 0, 0);
    }
    expect(differences.agreeOnAverage(0)).toBe(false);
  }
});

test('two infinities agree; the summary has the sign of the run', () => {
  const found = new Differences();
  found.begin();
  found.add(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  found.add(1, 1.5);
  expect(found.summary()).toEqual({ mean_nats: -0.25, mean_abs_nats: 0.25, max_abs_nats: 0.5 });
});
