/**
 * Takes the quotient of a run apart: which targets' losses it has, with which weights, over which bytes.
 */

import { apart } from '../python/added.js';
import { least } from '../python/extremes.js';
import { Ratio, Sum } from '../python/sums.js';
import { characterCounts, decodedBytes } from './judge-decoded.js';
import { bytesOfKinds } from './judge-kinds.js';
import { spreadOverPairs } from './judge-pairs.js';
import { modeOf, near } from './judge-places.js';
import type { Reading } from './judge-types.js';
import { type Score, SIDECAR, type Trial } from './types.js';

/** Null where the value has no losses of targets. */
export function readScore(trial: Trial, given: Score): Reading | null {
  const score = spreadOverPairs(trial, given);
  const { set } = trial;
  const length = set.ids.length;
  const { value } = score;
  const losses = value instanceof Ratio ? value.numerator : value;
  if (!(losses instanceof Sum) || losses.kind !== 'loss') return null;
  const coefficients = new Map<number, number>();
  let sidecarLosses = 0;
  let padding = 0;
  const additions = new Set<number>();
  for (const [at, coefficient] of losses.terms) {
    if (coefficient === 0) continue;
    const { position, added } = apart(at);
    if (added !== null) additions.add(added);
    if (position >= SIDECAR) sidecarLosses++;
    else if (position < 0) padding += Math.abs(coefficient);
    else coefficients.set(position, (coefficients.get(position) ?? 0) + Math.abs(coefficient));
  }
  if (coefficients.size === 0) return null;

  const unit = least(coefficients.values());
  const weights = new Map([...coefficients].map(([position, c]) => [position, c / unit]));
  const right = set.sidecar ?? set.bytes;
  const own = countedBytes(value, trial);
  const ofKinds =
    own === null || own.fromSidecar ? null : bytesOfKinds(own.terms, coefficients, right, set);
  const counted =
    (ofKinds === null ? own : { terms: ofKinds, fromSidecar: false, inAll: 'rule' as const }) ??
    bytesOf(losses.over, trial) ??
    totalled(score, coefficients, right, trial);
  const scale = counted === null ? null : scaleOf(counted.terms, right, coefficients, unit);
  const spread = spreadOf(weights);
  const ofScores = losses.over !== null && counted !== null && own === null;
  return {
    trial,
    score,
    last: length - 1,
    right,
    weights,
    spread,
    areMeans: spread === 'whole' && scale?.follows !== true && areMeans(weights),
    bytes:
      counted === null
        ? null
        : new Map([...counted.terms].map(([position, b]) => [position, b / scale!.bytes])),
    bytesFollow: scale?.follows ?? false,
    fromSidecar: counted?.fromSidecar ?? false,
    inAll: counted?.inAll ?? null,
    ofScores,
    scores: ofScores ? timesOf(scale!.bytes) : 1,
    padding: padding / unit,
    running: running(value, losses),
    additions: [...additions].flatMap((number) => trial.additions?.[number] ?? []),
    sidecarLosses,
    factor: ofScores
      ? meanFactor(value, coefficients, (position) => right[position] ?? 0)
      : counted === null
        ? meanFactor(value, coefficients, () => 1)
        : scale!.factor,
  };
}

/** The byte count that the losses are divided by; null where it is a number, or one count for all targets. */
function countedBytes(value: Ratio | Sum, trial: Trial) {
  return value instanceof Ratio && value.denominator instanceof Sum
    ? bytesOf(value.denominator, trial)
    : null;
}

/**
 * The right bytes, where losses of equal weight are divided by the number that these are in all: counted from texts,
 * say, so that no count says which targets it belongs to; or that of their characters. Null where it is another.
 */
function totalled(
  { value, printed }: Score,
  coefficients: ReadonlyMap<number, number>,
  right: readonly number[],
  trial: Trial,
) {
  const [unit] = coefficients.values();
  if ([...coefficients.values()].some((each) => !near(each, unit!))) return null;
  if (hasTokenTerms(value, trial)) return null;
  const positions = [...coefficients.keys()];
  const bytes = divisorOf(value) / unit!;
  const bytesAre = (
    of: (position: number) => number,
    total = positions.reduce((sum, position) => sum + of(position), 0),
    inAll: Reading['inAll'] = 'rule',
  ) => {
    const base = [unit! * Math.LN2, unit!].find((each) => near(bytes, (total * each) / unit!));
    if (base === undefined) return null;
    return { terms: new Map(positions.map((p) => [p, of(p) * base])), fromSidecar: false, inAll };
  };
  if (printed && ofBytes(trial)) {
    const ones = bytesAre(() => 1);
    if (ones !== null) return ones;
  }
  const total = positions.reduce((sum, position) => sum + (right[position] ?? 0), 0);
  // A mean per byte that is the mean per token says nothing.
  if (total === positions.length) return null;
  const bytesOfRule = (position: number) => right[position] ?? 0;
  const decoded = decodedBytes(trial.set, positions);
  const known =
    bytesAre(bytesOfRule) ?? (decoded === null ? null : bytesAre(bytesOfRule, decoded, 'text'));
  if (known !== null || !printed) return known;
  const counts = characterCounts(trial.set, positions);
  return (
    counts.map((each) => bytesAre(bytesOfRule, each, 'characters')).find((each) => each) ?? null
  );
}

/** The divisor is made of counts of targets, which say themselves what they count. */
const hasTokenTerms = (value: Ratio | Sum, trial: Trial): boolean =>
  value instanceof Ratio &&
  value.denominator instanceof Sum &&
  value.denominator.constant === 0 &&
  [...value.denominator.terms.keys()].some((tag) => tag >= 0 && tag < trial.set.ids.length);

function running(value: Ratio | Sum, losses: Sum): string | null {
  const below =
    value instanceof Ratio && value.denominator instanceof Sum ? value.denominator : null;
  return losses.type.running ?? below?.type.running ?? null;
}

/** A vocabulary of bytes alone: a target has one byte or none, so that a count of targets may be their bytes. */
const ofBytes = ({ set }: Trial): boolean => set.pieces.every(({ type }) => type !== 'normal');

function bytesOf(denominator: Sum | null, trial: Trial) {
  if (denominator === null || denominator.kind !== 'count') return null;
  // A number beside the terms was counted of targets, too, but of which is not known.
  if (denominator.constant !== 0) return null;
  const terms = new Map<number, number>();
  let fromSidecar = false;
  for (const [tag, bytes] of denominator.terms) {
    if (bytes === 0 || tag < 0) continue;
    if (tag >= SIDECAR) fromSidecar = true;
    // A position that is counted as a token and as an entry has both.
    const position = tag >= SIDECAR ? tag - SIDECAR : tag;
    terms.set(position, (terms.get(position) ?? 0) + bytes);
  }
  const first = terms.values().next().value;
  if (first === undefined) return null;
  const byteLike = [...terms.values()].some((bytes) => !near(bytes / first, 1));
  return byteLike || ofBytes(trial) ? { terms, fromSidecar, inAll: null } : null;
}

/**
 * The number by which the terms of both sums were scaled: quotients of a score are often made of
 * means, so that only the proportion of losses and bytes is fixed.
 */
function scaleOf(
  bytes: ReadonlyMap<number, number>,
  right: readonly number[],
  coefficients: ReadonlyMap<number, number>,
  unit: number,
) {
  const known = [...bytes].filter(([position]) => (right[position] ?? 0) > 0);
  const typical = modeOf(coefficients.values())!;
  const common = modeOf(known.map(([position, b]) => b / right[position]!)) ?? 1;
  let best = { bytes: common, hits: -1, follows: false };
  // In bits, in nats, and whatever fits most targets: the first that fits best.
  for (const base of [typical, unit]) {
    for (const scale of [base * Math.LN2, base, common]) {
      let once = 0;
      let often = 0;
      for (const [position, b] of known) {
        if (near(b / scale, right[position]!)) once++;
        const weight = (coefficients.get(position) ?? unit) / unit;
        if (near(b / scale, right[position]! * weight)) often++;
      }
      if (Math.max(once, often) <= best.hits) continue;
      best = { bytes: scale, hits: Math.max(once, often), follows: often > once };
    }
  }
  const perLoss = best.follows ? unit : typical;
  return { ...best, factor: (perLoss * Math.LN2) / best.bytes };
}

/** How often bytes were added up, in nats or in bits. */
const timesOf = (bytes: number): number =>
  [bytes, bytes / Math.LN2].find((times) => near(times, Math.round(times))) ?? 1;

/**
 * For a mean loss per target: 1 in bits, ln 2 in nats, a fraction of it where a constant divides it; so for a mean of
 * scores.
 *
 * @param bytes of a target by which the mean is divided
 */
function meanFactor(
  value: Ratio | Sum,
  coefficients: ReadonlyMap<number, number>,
  bytes: (position: number) => number,
): number {
  let sum = 0;
  for (const [position, coefficient] of coefficients) sum += coefficient * bytes(position);
  return (sum / divisorOf(value)) * Math.LN2;
}

/** What the losses are divided by, as a number. */
export function divisorOf(value: Ratio | Sum): number {
  if (!(value instanceof Ratio)) return 1;
  const { denominator } = value;
  if (!(denominator instanceof Sum)) return denominator;
  let total = denominator.constant;
  for (const term of denominator.terms.values()) total += term;
  return total;
}

function spreadOf(weights: ReadonlyMap<number, number>): Reading['spread'] {
  let spread: Reading['spread'] = 'equal';
  for (const weight of weights.values()) {
    if (!near(weight, Math.round(weight))) return 'fractions';
    if (!near(weight, 1)) spread = 'whole';
  }
  return spread;
}

/**
 * In means over batches the targets of a batch have the inverse of its length for a weight: each
 * stretch of weight k is made of whole batches of a kth of the largest. What is added up k times
 * has stretches of any length.
 */
function areMeans(weights: ReadonlyMap<number, number>): boolean {
  const sorted = [...weights].sort(([a], [b]) => a - b);
  const stretches: { length: number; factor: number }[] = [];
  for (const [, weight] of sorted) {
    const factor = Math.round(weight);
    const stretch = stretches.at(-1);
    if (stretch?.factor === factor) stretch.length++;
    else stretches.push({ length: 1, factor });
  }
  const largest = stretches.reduce((all, { length, factor }) => divisor(all, length * factor), 0);
  return stretches.every(({ factor }) => largest % factor === 0);
}

/** Greatest common divisor. */
const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
