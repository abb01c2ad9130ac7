/**
 * Judges whether losses and bytes are of the same targets, each as often.
 */
import { greatest } from '../python/extremes.js';
import { Ratio, Sum } from '../python/sums.js';
import { countsOf } from './judge-counts.js';
import { LN2_DIGITS, LN2_TOLERANCE, namesOf, near, spansOf } from './judge-places.js';
import { isOneShare } from './judge-shares.js';
import { count, type Evaluation, type Judged, type Reading } from './judge-types.js';

/** Fewer than this share of the targets are a constant number of them. */
const SHARE_MIN = 0.02;
const SAME = 'Take the bytes of exactly those targets whose losses are added up.';

export function judgeTargets(evaluation: Evaluation): Judged[] {
  const other = [...strangers(evaluation), ...otherTargets(evaluation)];
  if (other.some(({ severity }) => severity === 'fail')) return other;
  // What is counted several times is so less often at the ends of the set.
  const often = otherCount(evaluation);
  return often.length > 0 ? often : other;
}

/** Losses of what is no target of the stream: padding, and the first token. */
function strangers({ at, readings }: Evaluation): Judged[] {
  const reading = readings.find(({ padding, weights }) => padding > 0 || weights.has(0));
  if (reading === undefined) return [];
  const { padding, weights, last } = reading;
  const shifted = weights.has(0) && countsAt(reading, greatest(weights.keys()) + 1);
  const shares = readings.map((one) => one.padding / one.last);
  const grave = shifted || Math.min(...shares) > SHARE_MIN;
  const what = shifted
    ? 'The losses are of the inputs, the bytes of the targets'
    : weights.has(0)
      ? 'The first token of the stream is scored, which nothing precedes'
      : `Losses of padding, ${count(Math.round(padding))} beside the ${count(last)} targets of the set, are added up`;
  return [
    {
      at,
      check: 'other-targets',
      severity: grave ? 'fail' : 'warn',
      explanation: `${what}.`,
      remedy: SAME,
    },
  ];
}

/** Something is counted at a position, whether it is known of what all the bytes are or not. */
function countsAt({ bytes, score }: Reading, position: number): boolean {
  if (bytes !== null) return bytes.has(position);
  const below = score.value instanceof Ratio ? score.value.denominator : null;
  return below instanceof Sum && below.kind === 'count' && below.terms.has(position);
}

/** Bytes of targets whose losses are not in the sum, and losses of targets whose bytes are not. */
function otherTargets(evaluation: Evaluation): Judged[] {
  const found = evaluation.readings.flatMap((reading) => {
    const alone = evaluation.readings.find(
      ({ trial, last }) => trial.ranks === 1 && last === reading.last,
    );
    // Sums of one rank alone are judged as such.
    if (alone !== undefined && alone !== reading && isOneShare(reading, alone)) return [];
    const differing = differences(reading);
    return differing === null ? [] : [{ reading, ...differing }];
  });
  const worst = found.reduce<(typeof found)[number] | null>(
    (best, one) => (best === null || one.share > best.share ? one : best),
    null,
  );
  if (worst === null) return [];
  const { reading, extra, lost, often } = worst;
  const parts = [
    extra.length > 0 ? `the bytes of ${placed(extra)} are counted, their losses are not` : '',
    lost.length > 0 ? `the losses of ${placed(lost)} are counted, their bytes are not` : '',
    often.length > 0
      ? `the bytes of ${placed(often)} are not counted as often as their losses`
      : '',
  ].filter((part) => part !== '');
  const ranks = reading.trial.ranks > 1 ? ` with ${reading.trial.ranks} ranks` : '';
  const every = found.every((one) => one.share > SHARE_MIN);
  return [
    {
      at: evaluation.at,
      check: 'other-targets',
      severity: every ? 'fail' : 'warn',
      explanation: `Losses and bytes are of different targets${ranks}: ${parts.join('; ')} (of ${count(reading.last)}).`,
      remedy: SAME,
    },
  ];
}

/** With the targets between them that have no bytes, of which nothing tells whether they were left out. */
function bridged(positions: readonly number[], { right, weights }: Reading): number[] {
  const found: number[] = [];
  for (const position of positions.toSorted((a, b) => a - b)) {
    const before = found.at(-1);
    const between: number[] = [];
    for (let p = position - 1; before !== undefined && p > before; p--) between.push(p);
    if (between.every((p) => right[p] === 0 && weights.has(p))) {
      for (const p of between.reverse()) found.push(p);
    }
    found.push(position);
  }
  return found;
}

const placed = (positions: readonly number[]): string => {
  const spans = spansOf(positions);
  return positions.length > 2 && spans.length > 1
    ? `${count(positions.length)} targets (${namesOf(spans)})`
    : namesOf(spans);
};

/** A mean loss multiplied by a number of targets that is not that of its losses, or bytes added up several times. */
function otherCount({ at, grouped, kind, readings }: Evaluation): Judged[] {
  const reading = readings.filter(({ trial, bytes }) => trial.ranks === 1 && bytes !== null).at(-1);
  if (kind !== 'bpb' || reading === undefined || grouped) return [];
  const factor = reading.factor!;
  // A quotient in nats is on its way to one in bits.
  const units = [factor, factor / Math.LN2];
  const often = units.find((unit) => unit < 0.7 && near(1 / unit, Math.round(1 / unit)));
  const inBits = often ?? units.reduce((a, b) => (Math.abs(b - 1) < Math.abs(a - 1) ? b : a));
  const off = Math.abs(inBits - 1);
  if (off < LN2_DIGITS) return [];
  return [
    {
      at,
      check: 'other-targets',
      severity: off < LN2_TOLERANCE ? 'warn' : 'fail',
      explanation:
        often !== undefined
          ? `The bytes of each target are counted ${count(Math.round(1 / often))} times as often as its loss.`
          : `The quotient is ${Number(inBits.toPrecision(4))} times the bits per byte of the targets whose losses are in it: losses, targets and bytes are not counted over the same ones.`,
      remedy: SAME,
    },
  ];
}

/** Stream positions whose bytes are counted another number of times than their losses; null where there are none. */
function differences(reading: Reading) {
  const { bytes, weights, last } = reading;
  if (bytes === null) return null;
  const { unusual } = countsOf(reading);
  const extra = [...bytes.keys()].filter((position) => !weights.has(position));
  const lost = bridged(
    [...unusual].flatMap(([position, counted]) => (counted === 0 ? [position] : [])),
    reading,
  );
  const often = [...unusual].flatMap(([position, counted]) => (counted === 0 ? [] : [position]));
  const most = Math.max(extra.length, lost.length, often.length);
  if (most === 0) return null;
  for (const positions of [extra, lost, often]) positions.sort((a, b) => a - b);
  return { extra, lost, often, share: most / last };
}
