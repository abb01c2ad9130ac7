/**
 * Judges what the losses are divided by: bytes that were counted, or a number in their place.
 */
import { SUM_BYTES } from '../source/remedies.js';
import { LN2_TOLERANCE, near } from './judge-places.js';
import { divisorOf } from './judge-reading.js';
import { count, type Evaluation, type Judged } from './judge-types.js';

/** Bytes per token that someone could assume; the published sets have 2.44 to 4.07. */
const ASSUMED = [1.5, 10] as const;
/** A stated byte total has at least so many times the targets of a small set. */
const STATED_MIN = 1e6;

export function judgeConstants({ at, kind, readings }: Evaluation): Judged[] {
  // What differs from one set to the other is counted, whatever it counts.
  const factors = readings.flatMap(({ trial, factor }) =>
    trial.ranks === 1 ? (factor ?? []) : [],
  );
  if (factors.some((factor) => Math.abs(factor / factors[0]! - 1) > LN2_TOLERANCE)) return [];
  const found: Judged[] = [];
  for (const reading of readings) {
    if (reading.bytes !== null || reading.trial.ranks > 1 || found.length > 0) continue;
    const divisor = divisorOf(reading.score.value);
    if (divisor >= STATED_MIN) {
      found.push(words(at, `The bytes are stated as ${count(divisor)} instead of counted`));
      continue;
    }
    const inBits = 1 / reading.factor!;
    // Means in nats and bits per target are no scores in bytes.
    const plain = [1, 1 / Math.LN2].some((known) => Math.abs(inBits / known - 1) < LN2_TOLERANCE);
    const inNats = inBits * Math.LN2;
    // A loss over a whole number may be a share of ranks, of steps, of models.
    if (plain || (kind !== 'bpb' && near(inNats, Math.round(inNats)))) continue;
    const assumed = isRound(inNats) && !isRound(inBits) ? inNats : inBits;
    if (assumed < ASSUMED[0] || assumed > ASSUMED[1]) continue;
    const shown = Number(assumed.toFixed(4));
    found.push(words(at, `The bytes are assumed to be ${shown} per token instead of counted`));
  }
  return found;
}

/** A number that someone wrote down. */
const isRound = (value: number): boolean =>
  Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-5;

function words(at: Judged['at'], what: string): Judged {
  return {
    at,
    check: 'bytes-per-token',
    severity: 'fail',
    explanation: `${what}: the published sets have 2.44 to 4.07 per token, by tokenizer and text.`,
    remedy: SUM_BYTES,
  };
}
