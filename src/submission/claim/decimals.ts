/**
 * Printed decimals as intervals: what a rounded figure can have been before it was rounded.
 */
import { usageError } from '../../errors.js';

/** A closed interval, `low ≤ high`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A figure as it was printed, with the interval of values that print so. */
export interface Printed extends Interval {
  readonly text: string;
  readonly value: number;
  /** Half a unit of the last printed digit. */
  readonly halfUnit: number;
}

/**
 * Evaluators hold the mean loss in float32 at some point before they print it: half an ulp,
 * relative. Matters only for figures with 8 decimals and more.
 */
const FLOAT32_HALF_ULP = 2 ** -24;

const DECIMAL = /^[+]?(\d{1,12})(?:\.(\d{0,17}))?(?:[eE]([+-]?\d{1,2}))?$/;

/**
 * Reads a positive figure and the precision of its digits.
 *
 * Text keeps trailing zeros ("1.2360" is four decimals); a number cannot, so its interval is that
 * of its shortest form and may be wider than what was printed.
 *
 * @param name of the flag or option, for the message
 * @throws BPB_CLAIM_NUMBER when it is not a positive finite decimal
 */
export function printedDecimal(input: string | number, name: string): Printed {
  const text = (typeof input === 'number' ? String(input) : input).trim();
  const match = DECIMAL.exec(text);
  const value = match === null ? Number.NaN : Number(text);
  if (match === null || !Number.isFinite(value) || value <= 0) {
    throw usageError('BPB_CLAIM_NUMBER', {
      message: `${name} is not a positive number`,
      path: name,
      expected: 'a positive decimal with its printed digits, such as 1.2244',
      actual: JSON.stringify(text.slice(0, 40)),
      hint: 'Copy the figure as the log prints it; trailing zeros count as precision.',
    });
  }
  const decimals = (match[2]?.length ?? 0) - Number(match[3] ?? 0);
  const halfUnit = 0.5 * 10 ** -decimals;
  // A figure whose last digit is as large as itself bounds nothing from below.
  return { text, value, halfUnit, low: Math.max(value - halfUnit, 0), high: value + halfUnit };
}

/**
 * Bytes per token that a loss and a bpb imply, `val_loss / (ln 2 · val_bpb)`, over all values that
 * round to the printed digits.
 */
export function impliedBytesPerToken(valLoss: Printed, valBpb: Printed): Interval {
  return {
    low: (valLoss.low / (Math.LN2 * valBpb.high)) * (1 - FLOAT32_HALF_ULP),
    // Zero below: nothing bounds the quotient from above.
    high: (valLoss.high / (Math.LN2 * valBpb.low)) * (1 + FLOAT32_HALF_ULP),
  };
}

export function overlaps(a: Interval, b: Interval): boolean {
  return a.low <= b.high && b.low <= a.high;
}

export function scaled(interval: Interval, by: Interval | number): Interval {
  const factor = typeof by === 'number' ? { low: by, high: by } : by;
  return { low: interval.low * factor.low, high: interval.high * factor.high };
}

export function middle({ low, high }: Interval): number {
  return (low + high) / 2;
}

/** Half the width over the middle; infinite where nothing bounds the interval. */
export function relativeHalfWidth({ low, high }: Interval): number {
  return Number.isFinite(high) ? (high - low) / (high + low) : Number.POSITIVE_INFINITY;
}
