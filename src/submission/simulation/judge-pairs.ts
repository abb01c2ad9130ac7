/**
 * Losses that are counted by pairs of a token and its target, or by targets alone, instead of one by one.
 *
 * Such a sum has the first target of each pair, times the number of the pair's targets. An evaluation that goes through
 * the stream scores many pairs at several places; one that scores each at one, some of them several times, counts.
 */
import { least } from '../python/extremes.js';
import { Ratio, Sum } from '../python/sums.js';
import { near } from './judge-places.js';
import type { Score, SmallSet, Trial } from './types.js';

/** The targets that the losses of one stand for. */
type Plan = ReadonlyMap<number, readonly number[]>;

/** With each of the counted targets in place of the first of its kind; the score itself where nothing is counted so. */
export function spreadOverPairs(trial: Trial, score: Score): Score {
  const { value } = score;
  const losses = value instanceof Ratio ? value.numerator : value;
  if (!(losses instanceof Sum) || losses.kind !== 'loss' || losses.over !== null) return score;
  const plan = planOf(losses.terms, trial.set);
  if (plan === null) return score;
  const numerator = spread(losses, plan);
  if (!(value instanceof Ratio)) return { ...score, value: numerator };
  const { denominator } = value;
  const counted = denominator instanceof Sum && isOf(denominator, plan);
  return {
    ...score,
    value: new Ratio(numerator, counted ? spread(denominator, plan) : denominator),
  };
}

/** All that it counts is at the places of the plan. */
const isOf = ({ terms }: Sum, plan: Plan): boolean =>
  [...terms].every(([position, value]) => value === 0 || plan.has(position));

function spread(sum: Sum, plan: Plan): Sum {
  const terms = new Map<number, number>();
  for (const [position, value] of sum.terms) {
    const places = plan.get(position) ?? [position];
    for (const at of places) terms.set(at, (terms.get(at) ?? 0) + value / places.length);
  }
  return new Sum(sum.kind, terms, sum.constant, sum.type);
}

function planOf(terms: ReadonlyMap<number, number>, set: SmallSet): Plan | null {
  const { ids, pieces } = set;
  const scored = [...terms].filter(([, coefficient]) => coefficient !== 0);
  const unit = least(scored.map(([, coefficient]) => Math.abs(coefficient)));
  const times = new Map(scored.map(([at, coefficient]) => [at, Math.abs(coefficient) / unit]));
  if (![...times.values()].some((each) => each > 1)) return null;
  for (const [at, each] of times) {
    if (at < 1 || at >= ids.length || !near(each, Math.round(each))) return null;
  }
  const pair = (at: number) => ids[at - 1]! * pieces.length + ids[at]!;
  return planBy(times, pair, ids.length) ?? planBy(times, (at) => ids[at]!, ids.length);
}

/** Null where some kind is scored at two places, or more often than it is in the stream. */
function planBy(
  times: ReadonlyMap<number, number>,
  kindOf: (position: number) => number,
  length: number,
): Plan | null {
  const places = new Map<number, number[]>();
  for (let at = 1; at < length; at++) {
    const own = places.get(kindOf(at));
    if (own === undefined) places.set(kindOf(at), [at]);
    else own.push(at);
  }
  const plan = new Map<number, readonly number[]>();
  const seen = new Set<number>();
  for (const [at, each] of times) {
    if (seen.has(kindOf(at))) return null;
    seen.add(kindOf(at));
    const all = places.get(kindOf(at))!;
    const count = Math.round(each);
    if (count > all.length) return null;
    const from = Math.min(all.indexOf(at), all.length - count);
    plan.set(at, all.slice(from, from + count));
  }
  return plan;
}
