/**
 * Findings on a log beyond its single scores: labels, data, denominators, sizes.
 */
import type { Family } from '../families.js';
import type { LogFacts } from '../log/facts.js';
import type { TrainingLog } from '../log/read.js';
import { isScore, type ScoreLine } from '../log/score-line.js';
import {
  type Interval,
  impliedBytesPerToken,
  middle,
  overlaps,
  printedDecimal,
} from './decimals.js';
import { severalFinals } from './finals-findings.js';
import type { FinalClaim, LogFinding } from './log-types.js';
import { SUBSET } from './possible.js';

/** Decimal, not 16 MiB (openai/parameter-golf README.md, L207-L209). */
const SIZE_CAP = 16_000_000;
/** Denominators further apart than any dropped tail or remainder that was seen (6.5e-5). */
const APART = 1e-3;

const SEVERITY = {
  fits: null,
  partial: 'warn',
  near: 'warn',
  unknown: 'warn',
  ambiguous: 'warn',
  'other-set': 'fail',
  mistake: 'fail',
} as const;

/** All findings on a log, in a fixed order of checks. */
export function findingsOf(
  log: TrainingLog,
  finals: readonly FinalClaim[],
  family: Family | null,
): LogFinding[] {
  return [
    ...(log.finals.length === 0 ? [noFinal(log)] : []),
    ...severalFinals(finals),
    ...finals.flatMap((final) => accounting(final)),
    ...finals.flatMap((final) => label(final, log.facts)),
    ...denominators(log),
    ...overlap(log.facts, family),
    ...sizes(log.facts),
  ];
}

function noFinal(log: TrainingLog): LogFinding {
  return {
    check: 'no-final',
    severity: 'warn',
    line: log.lines.at(-1)?.lineNumber ?? null,
    explanation: 'The log ends without a final score; its last score during training was judged.',
    remedy: 'Give the whole log of the run.',
  };
}

function accounting({ line, claim, exactLine }: FinalClaim): LogFinding[] {
  const at = { line: line.lineNumber } as const;
  // A bpb without a loss has a finding of its own.
  if (line.valLoss === '') return [];
  if (claim === null) {
    const explanation = `${line.label}: val_loss ${line.valLoss} and val_bpb ${line.valBpb} are not both positive numbers.`;
    return [{ ...at, check: 'not-a-number', severity: 'fail', explanation, remedy: null }];
  }
  const judged = SEVERITY[claim.verdict];
  // Nobody submits a diagnostic: what it covers is worth knowing, no more.
  const severity = judged === 'warn' && line.role === 'diagnostic' ? 'info' : judged;
  // The line with more digits reports; the rounded one would only repeat it with doubt.
  if (severity === null || exactLine !== null) return [];
  const meant = claim.fits.find(({ role }) =>
    claim.verdict === 'unknown' ? role === 'possible' : role === claim.verdict,
  );
  const remedy = meant?.remedy ?? null;
  const explanation = `${line.label}: ${claim.explanation}`;
  return [{ ...at, check: 'accounting', severity, explanation, remedy }];
}

/** A label that names a plain round trip over a score that was made another way. */
function label({ line, window }: FinalClaim, facts: LogFacts): LogFinding[] {
  const found: LogFinding[] = [];
  const roundTrip = /roundtrip/i.test(line.label) && !/sliding|ttt/i.test(line.label);
  if (roundTrip && (window.mode === 'sliding' || window.mode === 'adaptive')) {
    found.push({
      check: 'label-window',
      severity: 'warn',
      line: line.lineNumber,
      explanation: `The label ${line.label} names a plain round trip; the score is that of ${window.mode === 'adaptive' ? 'an adaptive' : 'a sliding'} evaluation (by ${window.by}).`,
      remedy:
        'Name the evaluation in the label, and compare it only with scores of the same evaluation.',
    });
  }
  const codec = /int8_zlib/i.test(line.label);
  const model = facts.sizes.findLast(({ kind, packed }) => kind === 'model' && packed);
  if (codec && model !== undefined && !/int8\+zlib/i.test(model.label)) {
    found.push({
      check: 'label-codec',
      severity: 'info',
      line: line.lineNumber,
      explanation: `The label ${line.label} names int8 and zlib; the artifact is "${model.label}".`,
      remedy: null,
    });
  }
  return found;
}

interface Group {
  readonly line: ScoreLine;
  readonly interval: Interval;
}

/** #2138: two denominators in one log moved its headline from 1.067219 to 0.979556. */
function denominators({ lines }: TrainingLog): LogFinding[] {
  const groups = groupsOf(lines);
  if (groups.length < 2) return [];
  const list = groups
    .map(({ line, interval }) => `${middle(interval).toFixed(4)} (line ${line.lineNumber})`)
    .join(', ');
  const part = isPart(lines);
  const words = part
    ? ' Those of the steps may be over a part of the set, that of the finals is the one that counts.'
    : '';
  return [
    {
      check: 'two-denominators',
      severity: part ? 'warn' : 'fail',
      line: groups[1]?.line.lineNumber ?? null,
      explanation: `Scores of one log imply different bytes per token: ${list}.${words}`,
      remedy: 'Count the bytes once, print the total, and use it for every score (#2138).',
    },
  ];
}

/** Whether validation during training has one denominator, the finals another one, as close as those of a subset. */
function isPart(lines: readonly ScoreLine[]): boolean {
  const [steps, more] = groupsOf(lines.filter(({ role }) => role === 'step'));
  const [finals, others] = groupsOf(lines.filter(({ role }) => role !== 'step'));
  if (!steps || !finals || more !== undefined || others !== undefined) return false;
  return Math.abs(middle(steps.interval) / middle(finals.interval) - 1) < SUBSET;
}

/** The first line of each denominator; of at most five. */
function groupsOf(lines: readonly ScoreLine[]): Group[] {
  const groups: Group[] = [];
  for (const line of lines) {
    // Running figures cover part of the documents: their quotient varies without a fault.
    if (line.role === 'progress' || groups.length > 4) continue;
    if (!isScore(line)) continue;
    const interval = impliedBytesPerToken(
      printedDecimal(line.valLoss, 'val_loss'),
      printedDecimal(line.valBpb, 'val_bpb'),
    );
    const known = groups.some((group) => overlaps(widened(group.interval), widened(interval)));
    if (!known) groups.push({ line, interval });
  }
  return groups;
}

function widened({ low, high }: Interval): Interval {
  return { low: low * (1 - APART / 2), high: high * (1 + APART / 2) };
}

/** Shard counts and paths that came with training on validation documents (#2127, #1851). */
function overlap(facts: LogFacts, family: Family | null): LogFinding[] {
  const doubled = /\/datasets\/(?:.{1,200}\/)?datasets\//.test(facts.dataPath ?? '');
  const shards = facts.trainShards;
  const suspicious = shards === 1499 || (shards === 39 && family === 'caseops-sp8192');
  if (!doubled && !suspicious) return [];
  const trace = suspicious ? `train_shards ${shards}` : `the path ${facts.dataPath}`;
  return [
    {
      check: 'train-val-overlap',
      severity: 'warn',
      line: null,
      explanation: `${trace} is the trace of an export that kept only 10,000 documents for validation: 40,000 of the 50,000 validation documents then lie in the training shards.`,
      remedy:
        'Compare training and validation documents by hash (bpb audit --train-data); export with --val-docs 50000.',
    },
  ];
}

function sizes({ sizes }: LogFacts): LogFinding[] {
  const totals = sizes.filter(({ kind }) => kind === 'total');
  // The first total of most logs is that of the raw checkpoint, which nobody submits.
  const total = totals.findLast(({ packed }) => packed) ?? totals.at(-1);
  if (total === undefined) return [];
  const found: LogFinding[] = [];
  const amount = (bytes: number) => bytes.toLocaleString('en-US');
  if (total.bytes > SIZE_CAP) {
    found.push({
      check: 'size',
      severity: 'fail',
      line: total.lineNumber,
      explanation: `"${total.label}" is ${amount(total.bytes)} bytes, ${amount(total.bytes - SIZE_CAP)} over the cap of 16,000,000 (decimal, not 16 MiB).`,
      remedy: 'Shrink the artifact, or its code.',
    });
  }
  const model = sizes.findLast(
    ({ kind, packed, lineNumber }) => kind === 'model' && packed && lineNumber < total.lineNumber,
  );
  const codes = sizes.filter(({ kind }) => kind === 'code').map(({ bytes }) => bytes);
  const wrong = model && codes.length > 0 && !codes.includes(total.bytes - model.bytes);
  if (model && wrong) {
    found.push({
      check: 'size-sum',
      severity: 'warn',
      line: total.lineNumber,
      explanation: `"${total.label}" is ${amount(total.bytes)} bytes; the model has ${amount(model.bytes)} and the code ${codes.map(amount).join(' or ')}: they do not add up.`,
      remedy: 'Count the code and the model, and nothing else.',
    });
  }
  return found;
}
