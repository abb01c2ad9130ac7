/**
 * `math`
 */
import { greatest } from '../extremes.js';
import { NdArray } from '../library/array.js';
import { logOfNumbers, pairNumbers } from '../library/losses.js';
import { collected, numberArgument, unknownIn } from '../methods.js';
import type { Runtime } from '../runtime.js';
import { Sum } from '../sums.js';
import { type Keywords, NativeFunction, PyObject, type Value } from '../values.js';

/** Integers beyond this are not computed. */
const FACTORIAL_MAX = 170;

/** What only models compute of tokens. */
const OF_MODELS = new Set(['sin', 'cos', 'tan', 'tanh']);

/** Logarithms, by what they are times the natural one. */
const LOGS: Readonly<Record<string, number>> = {
  log: 1,
  log2: 1 / Math.LN2,
  log10: 1 / Math.LN10,
};

type OfNumbers = (runtime: Runtime, ...numbers: number[]) => Value;

/** A function of numbers; of anything that is no plain number the result is not known. */
function ofNumbers(name: string, compute: OfNumbers): NativeFunction {
  return new NativeFunction(name, (args: readonly Value[], keywords: Keywords, runtime) => {
    const unknown = unknownIn(args, keywords);
    if (unknown !== null) return unknown;
    const numbers: number[] = [];
    for (const arg of args) {
      if (OF_MODELS.has(name) && arg instanceof Sum && arg.kind === 'count') {
        return pairNumber(arg) ?? runtime.unknown(`math.${name} of tokens`);
      }
      const logs = arg instanceof Sum && numbers.length === 0 ? logOf(name, arg, runtime) : null;
      if (logs !== null) return logs;
      const number = arg instanceof PyObject ? asNumber(arg, runtime) : arg;
      if (typeof number !== 'number' && typeof number !== 'boolean') {
        return number instanceof PyObject
          ? runtime.unknown(`math.${name} of what is not known`)
          : runtime.raise('TypeError', 'must be real number');
      }
      numbers.push(Number(number));
    }
    return compute(runtime, ...numbers);
  });
}

/** Of one token, or of a target and the token before it, which is the earlier one. */
function pairNumber({ terms, value }: Sum): Value {
  if (value === null || terms.size === 0 || terms.size > 2) return null;
  const token = new Sum('count', new Map([[greatest(terms.keys()), value]]), 0);
  return pairNumbers(NdArray.of([token], [], 'int64', 'numpy'));
}

/** The logarithm of a probability that belongs to one target; null for every other number. */
function logOf(name: string, number: Sum, runtime: Runtime): Value | null {
  const scale = LOGS[name];
  if (scale === undefined || number.kind !== 'count' || number.tag === null) return null;
  const logs = logOfNumbers(NdArray.of([number], [], 'float64', 'numpy'));
  return logs === null ? null : runtime.binary('*', logs, scale);
}

function asNumber(value: PyObject, runtime: Runtime): Value {
  const method = value.attribute('__float__', runtime);
  return method === undefined ? value : runtime.call(method, []);
}

function real(compute: (...numbers: number[]) => number): OfNumbers {
  return (runtime, ...numbers) => {
    const result = compute(...numbers);
    const lost = Number.isNaN(result) && !numbers.some(Number.isNaN);
    return lost ? runtime.raise('ValueError', 'math domain error') : result;
  };
}

function whole(compute: (number: number) => number): OfNumbers {
  return (runtime, number) => {
    const value = number ?? 0;
    if (!Number.isFinite(value)) {
      runtime.raise(
        Number.isNaN(value) ? 'ValueError' : 'OverflowError',
        'cannot convert float to integer',
      );
    }
    return compute(value) + 0;
  };
}

function divisor(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

function combinations(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let result = 1;
  for (let i = 1; i <= Math.min(k, n - k, 2_000); i++) result = (result * (n - i + 1)) / i;
  return Math.round(result);
}

const FUNCTIONS: ReadonlyMap<string, OfNumbers> = new Map<string, OfNumbers>([
  ['sqrt', real((x) => Math.sqrt(x!))],
  [
    'exp',
    (runtime, x) => {
      const result = Math.exp(x!);
      return result === Infinity && x !== Infinity
        ? runtime.raise('OverflowError', 'math range error')
        : result;
    },
  ],
  ['expm1', real((x) => Math.expm1(x!))],
  [
    'log',
    (runtime, x, base) => {
      if (x! <= 0) return runtime.raise('ValueError', 'math domain error');
      return base === undefined ? Math.log(x!) : Math.log(x!) / Math.log(base);
    },
  ],
  [
    'log2',
    (runtime, x) => (x! <= 0 ? runtime.raise('ValueError', 'math domain error') : Math.log2(x!)),
  ],
  [
    'log10',
    (runtime, x) => (x! <= 0 ? runtime.raise('ValueError', 'math domain error') : Math.log10(x!)),
  ],
  ['log1p', real((x) => Math.log1p(x!))],
  ['pow', real((x, y) => x! ** y!)],
  ['floor', whole(Math.floor)],
  ['ceil', whole(Math.ceil)],
  ['trunc', whole(Math.trunc)],
  ['fabs', real((x) => Math.abs(x!))],
  ['sin', real((x) => Math.sin(x!))],
  ['cos', real((x) => Math.cos(x!))],
  ['tan', real((x) => Math.tan(x!))],
  ['tanh', real((x) => Math.tanh(x!))],
  ['asin', real((x) => Math.asin(x!))],
  ['acos', real((x) => Math.acos(x!))],
  ['atan', real((x) => Math.atan(x!))],
  ['atan2', real((x, y) => Math.atan2(x!, y!))],
  ['hypot', real((...xs) => Math.hypot(...xs))],
  ['fmod', real((x, y) => x! % y!)],
  ['copysign', real((x, y) => Math.abs(x!) * (y! < 0 || Object.is(y, -0) ? -1 : 1))],
  ['degrees', real((x) => (x! * 180) / Math.PI)],
  ['radians', real((x) => (x! * Math.PI) / 180)],
  ['gcd', real((...xs) => xs.reduce(divisor, 0))],
  [
    'lcm',
    real((...xs) =>
      xs.reduce((a, b) => (a === 0 || b === 0 ? 0 : Math.abs(a * b) / divisor(a, b)), 1),
    ),
  ],
  ['isqrt', whole((x) => Math.floor(Math.sqrt(x)))],
  ['comb', real((n, k) => combinations(n!, k!))],
  [
    'factorial',
    (runtime, n) => {
      if (n! < 0) return runtime.raise('ValueError', 'factorial() not defined for negative values');
      if (n! > FACTORIAL_MAX) return runtime.unknown('an integer that is too large');
      let result = 1;
      for (let i = 2; i <= n!; i++) result *= i;
      return result > Number.MAX_SAFE_INTEGER
        ? runtime.unknown('an integer that is too large')
        : result;
    },
  ],
  ['isnan', (_runtime, x) => Number.isNaN(x)],
  ['isinf', (_runtime, x) => Math.abs(x!) === Infinity],
  ['isfinite', (_runtime, x) => Number.isFinite(x)],
]);

export function mathModule(): Map<string, Value> {
  const members = new Map<string, Value>([
    ['pi', Math.PI],
    ['e', Math.E],
    ['tau', 2 * Math.PI],
    ['inf', Infinity],
    ['nan', Number.NaN],
  ]);
  for (const [name, compute] of FUNCTIONS) members.set(name, ofNumbers(name, compute));
  members.set(
    'isclose',
    new NativeFunction('isclose', (args, keywords, runtime) => {
      const unknown = unknownIn(args, keywords);
      if (unknown !== null) return unknown;
      const [a, b] = args.map((arg) => numberArgument(arg, 0, runtime));
      const relative = numberArgument(keywords.get('rel_tol'), 1e-9, runtime);
      const absolute = numberArgument(keywords.get('abs_tol'), 0, runtime);
      if (a === b) return true;
      return (
        Math.abs(a! - b!) <= Math.max(relative * Math.max(Math.abs(a!), Math.abs(b!)), absolute)
      );
    }),
  );
  const joined = (name: string, start: number, operator: string) =>
    new NativeFunction(name, ([values = null], keywords, runtime) => {
      const unknown = unknownIn([values], keywords);
      if (unknown !== null) return unknown;
      const items = collected(values, runtime);
      return items.reduce((total, item) => runtime.binary(operator, total, item), start);
    });
  members.set('fsum', joined('fsum', 0, '+'));
  members.set('prod', joined('prod', 1, '*'));
  return members;
}
