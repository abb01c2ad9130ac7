/**
 * Python's operators on two numbers.
 */

const floorDivide = (a: number, b: number): number => Math.floor(a / b);

/** The sign is the divisor's. */
const modulo = (a: number, b: number): number => {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
};

const SMALL = 2 ** 31;
const isSmall = (x: number): boolean => x < SMALL && x >= -SMALL;

/** JavaScript's own operators work on 32 bits. */
function bitwise(small: (a: number, b: number) => number, large: (a: bigint, b: bigint) => bigint) {
  return (a: number, b: number): number => {
    if (isSmall(a) && isSmall(b)) return small(a, b);
    if (!Number.isInteger(a) || !Number.isInteger(b)) return Number.NaN;
    return Number(BigInt.asIntN(64, large(BigInt(a), BigInt(b))));
  };
}

const MAX_SHIFT = 64;

export const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '//': floorDivide,
  '%': modulo,
  '**': (a, b) => a ** b,
  '&': bitwise(
    (a, b) => a & b,
    (a, b) => a & b,
  ),
  '|': bitwise(
    (a, b) => a | b,
    (a, b) => a | b,
  ),
  '^': bitwise(
    (a, b) => a ^ b,
    (a, b) => a ^ b,
  ),
  '<<': (a, b) => (b > MAX_SHIFT ? Number.NaN : a * 2 ** b),
  '>>': (a, b) => Math.floor(a / 2 ** b),
};

export const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
