/**
 * Judges targets that are scored more than once.
 */

import { greatest, least } from '../python/extremes.js';
import { namesOf, spansOf } from './judge-places.js';
import { grows } from './judge-shares.js';
import { count, type Evaluation, type Judged } from './judge-types.js';

export function judgeRepeats({ at, grouped, readings }: Evaluation): Judged[] {
  if (grouped) return [];
  const found = readings.filter(({ spread }) => spread === 'whole');
  const alone = found.filter((one) => one.trial.ranks === 1);
  const reading = alone[0] ?? found[0];
  if (reading === undefined) return [];
  const { weights, last, trial } = reading;
  const often = [...weights].filter(([, weight]) => weight > 1.5).sort(([a], [b]) => a - b);
  const share = grows(
    alone,
    alone.map((one) => [...one.weights.values()].filter((weight) => weight > 1.5).length),
  );
  const times = often.map(([, weight]) => Math.round(weight));
  const [fewest, most] = [least(times), greatest(times)];
  const spans = spansOf(often.map(([position]) => position));
  const where =
    spans.length === 1 && spans[0]!.to >= last - 64
      ? `the last ${count(often.length)} targets that are scored`
      : `${count(often.length)} of ${count(last)} targets (${namesOf(spans)})`;
  const each = trial.ranks > 1 ? `With ${trial.ranks} ranks each` : 'Each';
  const spoken = (n: number) => (n === 2 ? 'twice' : `${n} times`);
  const how = fewest === most ? spoken(fewest) : `${fewest} to ${most} times`;
  return [
    {
      at,
      check: 'scored-twice',
      severity: share ? 'fail' : 'warn',
      explanation: `${each} of ${where} is scored ${how}${share ? ', a share that grows with the set' : ''}.`,
      remedy:
        'Give each target to one window: start a window only where it has targets that no earlier one scored.',
    },
  ];
}
