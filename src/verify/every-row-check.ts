/**
 * Check of what a result says of scoring every row again against its own counts, and the verdict on them.
 */
import { CONFIDENCE, leakAtMost } from '../run/every-row/bound.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import type { ProbeVerdict } from '../verdict.js';
import { equalFigures, type Figure } from './check.js';
import type { VerifyCheck } from './types.js';

const QUESTION = {
  name: 'every-row',
  what: 'the bound and the verdict on every row follow from its counts',
};

type EveryRow = NonNullable<ScoreResult['every_row']>;

/** Sums of doubles that are divided in another order. */
const ROUNDING = 1e-9;
const VERDICTS = ['pass', 'warn', 'fail', 'not_applicable'] as const;

/** Null where the result says nothing of it: an older one, or rows that were scored once. */
export function everyRowCheck(result: ScoreResult | ClaimedResult): VerifyCheck | null {
  if (result.engine === null) return null;
  const { every_row: said, probes, seed, coverage } = result;
  const judged = probes?.find(({ name }) => name === QUESTION.name);
  if (!said && judged === undefined) return null;
  if (!said || judged === undefined) {
    const [field, found] = said ? ['its verdict in probes', 'none'] : ['every_row', String(said)];
    return equalFigures(QUESTION, [{ field, expected: 'both or neither', found }]);
  }
  return equalFigures(QUESTION, [
    { field: 'every_row.seed', expected: seed, found: said.seed },
    ...countFigures(said, coverage.scored + coverage.repeated),
    ...verdictFigures(said, judged),
  ]);
}

/** @param targets that were scored, of which every row has one at least */
function countFigures(said: EveryRow, targets: number): Figure[] {
  const { rows, rows_without_later_input: uncut, cuts_per_row: each, cuts } = said;
  const { effective_cuts: effective, targets_compared: compared } = said;
  const { moved_cuts: movedCuts, moved_targets: moved, worst, largest_nats: largest } = said;
  const about = (field: string, found: unknown, expected: string, holds: boolean): Figure => ({
    ...{ field: `every_row.${field}`, expected, found, holds },
  });
  const most = cuts * (1 + ROUNDING);
  const named = worst === null ? 'none' : 'a target';
  const isMoved = moved > 0;
  return [
    about('rows', rows, `1 to ${targets}`, rows >= 1 && rows <= targets),
    { field: 'every_row.cuts', expected: each * (rows - uncut), found: cuts },
    about('effective_cuts', effective, `at most ${cuts}`, effective <= most),
    about('effective_cuts', effective, 'above 0 with cuts', effective > 0 === cuts > 0),
    about('targets_compared', compared, `at least ${cuts}`, compared >= cuts),
    about('moved_cuts', movedCuts, `at most ${cuts}`, movedCuts <= cuts),
    about('moved_targets', moved, `at least ${movedCuts}`, moved >= movedCuts),
    about('moved_targets', moved, `at most ${compared}`, moved <= compared),
    about('moved_targets', moved, 'some, as cuts moved', isMoved === movedCuts > 0),
    about('worst', named, isMoved ? 'a target' : 'none', (worst !== null) === isMoved),
    about('largest_nats', largest, isMoved ? 'above 0' : '0', (largest !== 0) === isMoved),
  ];
}

function verdictFigures(said: EveryRow, { verdict, tolerance }: ProbeVerdict): Figure[] {
  const { cuts, moved_targets: moved, largest_nats: largest, effective_cuts: effective } = said;
  const bound = verdict === 'fail' || effective === 0 ? null : leakAtMost(effective);
  const within = largest !== null && tolerance !== null && largest <= tolerance;
  // Where repeated runs agree to the last bit, whatever moved is warned of. A mean beyond its own
  // tolerance fails too, whatever is within this one.
  const where = {
    not_applicable: cuts === 0,
    pass: within && (moved === 0 || said.noise_nats !== 0),
    warn: within && moved > 0,
    fail: moved > 0,
  };
  const allowed = VERDICTS.filter(
    (each) => where[each] && (each === 'not_applicable') === (cuts === 0),
  );
  return [
    {
      field: 'its verdict in probes',
      expected: allowed.join(' or '),
      found: verdict,
      holds: allowed.includes(verdict),
    },
    { field: 'every_row.confidence', expected: CONFIDENCE, found: said.confidence },
    {
      field: 'every_row.leak_at_most',
      expected: bound,
      found: said.leak_at_most,
      tolerance: ROUNDING,
    },
  ];
}
