/**
 * Arithmetic of Python's integers and floats on JavaScript's numbers.
 */
import type { Runtime } from './runtime.js';
import type { Value } from './values.js';

const EXACT = Number.MAX_SAFE_INTEGER;

export function arithmetic(
  operator: string,
  left: number,
  right: number,
  runtime: Runtime,
): Value | undefined {
  const result = computed(operator, left, right, runtime);
  if (result === undefined || (result <= EXACT && result >= -EXACT)) return result;
  if (!Number.isInteger(left) || !Number.isInteger(right)) return result;
  return Number.isFinite(result) && isExact(operator, left, right, result)
    ? result
    : runtime.unknown('an integer that is too large');
}

function computed(
  operator: string,
  left: number,
  right: number,
  runtime: Runtime,
): number | undefined {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      if (right === 0) runtime.raise('ZeroDivisionError', 'division by zero');
      return left / right;
    case '//': {
      if (right === 0) runtime.raise('ZeroDivisionError', 'integer division or modulo by zero');
      const quotient = (left - modulo(left, right)) / right;
      return Number.isFinite(right) ? Math.round(quotient) : Math.floor(left / right);
    }
    case '%':
      if (right === 0) runtime.raise('ZeroDivisionError', 'integer division or modulo by zero');
      return modulo(left, right);
    case '**':
      if (left === 0 && right < 0) {
        runtime.raise('ZeroDivisionError', '0.0 cannot be raised to a negative power');
      }
      return left ** right;
    case '<<':
    case '>>':
      if (right < 0) runtime.raise('ValueError', 'negative shift count');
      return operator === '<<' ? left * 2 ** right : Math.floor(left / 2 ** right);
    case '&':
    case '|':
    case '^':
      return bitwise(operator, left, right);
    default:
      return undefined;
  }
}

/** The remainder with the sign of the divisor. */
function modulo(left: number, right: number): number {
  const rest = left % right;
  return rest !== 0 && rest < 0 !== right < 0 ? rest + right : rest;
}

function bitwise(operator: string, left: number, right: number): number | undefined {
  if (!Number.isInteger(left) || !Number.isInteger(right)) return undefined;
  if ((left | 0) === left && (right | 0) === right) {
    if (operator === '&') return left & right;
    return operator === '|' ? left | right : left ^ right;
  }
  const [a, b] = [BigInt(left), BigInt(right)];
  if (operator === '&') return Number(a & b);
  return Number(operator === '|' ? a | b : a ^ b);
}

/** Whether a result beyond 2⁵³ is the integer itself, as a power of two is. */
function isExact(operator: string, left: number, right: number, result: number): boolean {
  const [a, b] = [BigInt(left), BigInt(right)];
  switch (operator) {
    case '+':
      return a + b === BigInt(result);
    case '-':
      return a - b === BigInt(result);
    case '*':
      return a * b === BigInt(result);
    case '**':
      return right <= 2_000 && a ** b === BigInt(result);
    case '<<':
      return right <= 2_000 && a << b === BigInt(result);
    case '&':
      return (a & b) === BigInt(result);
    case '|':
      return (a | b) === BigInt(result);
    case '^':
      return (a ^ b) === BigInt(result);
    default:
      // A quotient or remainder of floats.
      return true;
  }
}
