/** Operations on arrays give what numpy and torch give. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Case, type Outcome, outcomeOf } from './cases.js';
import { NAMED } from './named-cases.js';
import { indexCase, operatorCase, Random, setCase } from './random-cases.js';
import { TestRuntime } from './runtime.js';

const has = (module: string) => spawnSync('python3', ['-c', `import ${module}`]).status === 0;
const LIBRARIES = (['numpy', 'torch'] as const).map((name) => ({
  name,
  there: has(name) && has('numpy'),
}));

function refereed(cases: readonly Case[]): Outcome[] {
  const script = join(import.meta.dirname, 'referee.py');
  const answer = execFileSync('python3', [script], {
    input: JSON.stringify(cases),
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(answer.toString());
}

/** Halves and floats of the libraries are sums in another order: to the width of the type. */
const TOLERANCE: Record<string, number> = {
  float16: 2e-3,
  bfloat16: 2e-2,
  float32: 2e-6,
  float64: 1e-12,
};

/** What a library refuses by the types of its elements is allowed here: no script that runs does it. */
const OF_SHAPES = /^(IndexError|ValueError)|size|shape|broadcast|dimension|out of (range|bounds)/;

function same(mine: Outcome, theirs: Outcome): boolean {
  if (theirs.error !== undefined) return mine.error !== undefined || !OF_SHAPES.test(theirs.error);
  if (mine.parts?.length !== theirs.parts!.length) return false;
  return theirs.parts!.every((part, i) => {
    const own = mine.parts![i]!;
    if (own.shape.join() !== part.shape.join()) return false;
    if (part.dtype !== null && own.dtype !== null && own.dtype !== part.dtype) return false;
    const tolerance = TOLERANCE[part.dtype ?? 'float64'] ?? 0;
    return part.data.every((value, k) => {
      const [x, y] = [
        own.data[k]!,
        Number(value === ('nan' as never) ? Number.NaN : String(value).replace('inf', 'Infinity')),
      ];
      return (
        Object.is(x, y) ||
        x === y ||
        Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y)) ||
        (Number.isNaN(x) && Number.isNaN(y))
      );
    });
  });
}

function check(cases: readonly Case[]): void {
  const answers = refereed(cases);
  const wrong = cases.flatMap((each, i) => {
    const mine = outcomeOf(each, new TestRuntime());
    return same(mine, answers[i]!)
      ? []
      : [
          {
            case: JSON.stringify(each),
            mine: JSON.stringify(mine),
            theirs: JSON.stringify(answers[i]),
          },
        ];
  });
  expect(wrong.slice(0, 5), `${wrong.length} of ${cases.length}`).toEqual([]);
}

for (const { name, there } of LIBRARIES) {
  describe.skipIf(!there)(`${name} (needs python3 with ${name})`, () => {
    const many = (count: number, make: (random: Random, library: typeof name) => Case) => {
      const random = new Random(name === 'numpy' ? 11 : 12);
      return Array.from({ length: count }, () => make(random, name));
    };
    test('3000 random indexes', () => check(many(3000, indexCase)));
    test('2000 random writes', () => check(many(2000, setCase)));
    test('3000 random operators with broadcasting', () => check(many(3000, operatorCase)));
    test('operations by name', () => check(NAMED.filter(({ library }) => library === name)));
  });
}
