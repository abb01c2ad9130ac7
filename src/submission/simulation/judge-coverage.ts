/**
 * Judges which targets an evaluation scores, and how often: each once, but for the last incomplete
 * row of the stream, which the reference evaluator drops (openai/parameter-golf train_gpt.py L215-L217).
 */

import { SCORE_REST, SCORE_WHOLE } from '../source/remedies.js';
import { gapsOf, repeats } from './judge-gaps.js';
import { lengthOf, namesOf, periodOf, spansOf, totalOf } from './judge-places.js';
import { differ, grows, isOneShare } from './judge-shares.js';
import { count, type Evaluation, type Judged, type Reading } from './judge-types.js';

/** A larger share of the stream than a remainder of rows or batches. */
const MUCH = 0.25;

export function judgeCoverage(evaluation: Evaluation): Judged[] {
  const { readings } = evaluation;
  const alone = readings.filter(({ trial }) => trial.ranks === 1);
  const single = alone.length > 0 ? alone : readings;
  return [
    ...heads(evaluation, single),
    ...tails(evaluation, single),
    ...inner(evaluation, single),
    ...ranks(evaluation, readings),
  ];
}

function heads({ at }: Evaluation, readings: readonly Reading[]): Judged[] {
  const found = readings.filter((reading) => gapsOf(reading).head !== null);
  const reading = found.at(-1);
  if (reading === undefined) return [];
  const head = gapsOf(reading).head!;
  const lengths = found.map((one) => lengthOf(gapsOf(one).head!));
  const share = grows(found, lengths);
  return [
    {
      at,
      check: 'head-not-scored',
      severity: share ? 'fail' : 'warn',
      explanation: `${capital(namesOf([head]))} of ${count(reading.last)} are never scored${share ? ', a share that grows with the set' : ''}.`,
      remedy: 'Let the first window score all of its targets.',
    },
  ];
}

function tails({ at }: Evaluation, readings: readonly Reading[]): Judged[] {
  const found = readings.filter((reading) => gapsOf(reading).tail !== null);
  const reading = found.at(-1);
  if (reading === undefined) return [];
  const tail = gapsOf(reading).tail!;
  const ends = found.map((one) => gapsOf(one).tail!.from);
  if (found.length > 1 && ends.every((end) => end === ends[0]) && differ(found)) {
    const lengths = found.map(({ last }) => count(last)).join(' and of ');
    return [
      truncated(
        at,
        `Targets up to ${count(ends[0]! - 1)} are scored of ${lengths}: a fixed number, however long the set is.`,
      ),
    ];
  }
  // Nothing lost of a shorter stream, and much of a longer one: a number, not a remainder.
  const shorter = readings.some((one) => one.last < reading.last && !found.includes(one));
  if (shorter && lengthOf(tail) > MUCH * reading.last) {
    return [
      truncated(
        at,
        `Targets up to ${count(tail.from - 1)} of ${count(reading.last)} are scored, and of shorter streams all: a fixed number, however long the set is.`,
      ),
    ];
  }
  const left = found.map((one) => lengthOf(gapsOf(one).tail!));
  if (grows(found, left)) {
    return [
      truncated(
        at,
        `${capital(namesOf([tail]))} of ${count(reading.last)} are never scored, a share that grows with the set.`,
      ),
    ];
  }
  const row = reading.trial.seqLen;
  const rest = row === null ? 0 : reading.last % row;
  const than =
    rest > 0 && rest < lengthOf(tail)
      ? `, more than the last incomplete row of the stream (${rest})`
      : '';
  return [
    {
      at,
      check: 'tail-not-scored',
      severity: 'warn',
      explanation: `The last ${count(lengthOf(tail))} of ${count(reading.last)} targets are never scored${than}.`,
      remedy: SCORE_REST,
    },
  ];
}

function inner({ at }: Evaluation, readings: readonly Reading[]): Judged[] {
  const found = readings.filter((reading) => gapsOf(reading).inner.length > 0);
  const reading = found.at(-1);
  if (reading === undefined) return [];
  const { last, trial, right } = reading;
  const spans = gapsOf(reading).inner;
  const starts = new Set(trial.set.starts);
  const total = totalOf(spans);
  const amounts = found.map((one) => totalOf(gapsOf(one).inner));
  const period = periodOf(spans);
  const share = grows(found, amounts) || repeats(found, period);
  const whole = `${count(total)} of ${count(last)} targets are never scored`;
  const atStarts = spans.every((span) => starts.has(span.from) || starts.has(span.from - 1));
  if (atStarts && spans.length > starts.size / 2) {
    const bytes = spans.some(({ from, to }) => {
      for (let p = from; p <= to; p++) if ((right[p] ?? 0) > 0) return true;
      return false;
    });
    return [
      {
        at,
        check: grows(found, amounts, 0) ? 'truncated-set' : 'gap-not-scored',
        severity: bytes && share ? 'fail' : 'warn',
        explanation: `${whole}: ${bytes ? 'the first ones' : 'the first token'} of each document (${namesOf(spans)}).`,
        remedy:
          'Let each document’s span include the first token of the next as its last target, as a stream has it.',
      },
    ];
  }
  const regular =
    period === null
      ? namesOf(spans)
      : `${count(lengthOf(spans[1]!))} of every ${count(period)} (${namesOf(spans)})`;
  if (share) return [truncated(at, `${whole}: ${regular}.`)];
  return [
    {
      at,
      check: 'gap-not-scored',
      severity: 'warn',
      explanation: `${whole}: ${regular}.`,
      remedy: 'Let each window, each shard and each document follow the one before.',
    },
  ];
}

/** Targets that one rank scores and several do not. */
function ranks({ at }: Evaluation, readings: readonly Reading[]): Judged[] {
  const alone = readings.filter(({ trial }) => trial.ranks === 1);
  for (const reading of readings) {
    const { last, trial, weights } = reading;
    const one = alone.find((other) => other.last === last);
    if (trial.ranks === 1 || one === undefined || isOneShare(reading, one)) continue;
    const lost = [...one.weights.keys()].filter((position) => !weights.has(position));
    if (lost.length === 0) continue;
    return [
      {
        at,
        check: 'rank-remainder',
        severity: 'warn',
        explanation: `With ${trial.ranks} ranks ${count(lost.length)} of ${count(last)} targets are not scored that one rank scores (${namesOf(spansOf(lost.sort((a, b) => a - b)))}): the score depends on the number of ranks.`,
        remedy: SCORE_REST,
      },
    ];
  }
  return [];
}

function truncated(at: Judged['at'], explanation: string): Judged {
  return { at, check: 'truncated-set', severity: 'fail', explanation, remedy: SCORE_WHOLE };
}

const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);
