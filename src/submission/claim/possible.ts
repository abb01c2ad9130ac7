/**
 * What else a denominator can come from that is close to right accounting: explanations with a wide
 * expectation, of which no verdict is made.
 */
import type { Family } from '../families.js';
import { evidence, issue, lines, nonRecord, record } from '../sources.js';
import { DENOMINATORS, type Denominator } from './bytes-per-token.js';
import { type Interval, overlaps, scaled } from './decimals.js';
import { type ClaimedFigures, distance, expects, references, targetsOf } from './fits.js';
import type { Fit } from './types.js';

interface Possibility {
  readonly id: string;
  readonly name: string;
  readonly explanation: string;
  readonly remedy: string;
  readonly source: string;
  /** Expected bytes per token of a tokenizer; null where it cannot happen to it. */
  readonly of: (right: Denominator) => Interval | null;
}

/** Other builds of a tokenizer and dropped remainders differ by less than this, mistakes by more. */
export const NEAR = 1e-3;
/** Largest difference between subsets of one tokenizer's text that was seen: 0.26 %. An assumption beyond it. */
export const SUBSET = 0.01;
/** Repeated targets, seq_len − stride, at the longest window and the shortest stride that were seen. */
const REPEATS_MAX = 8192 - 16;
/** The longest tail that a usual sequence length drops. */
const TAIL_MAX = 32_768 - 1;
/** As for dropped tails: the repeated stretch is not the average text. */
const SPREAD = 0.5;

const POSSIBILITIES: readonly Possibility[] = [
  {
    id: 'last-stride-twice',
    name: 'the last stride scored several times',
    explanation:
      'Short last windows that score the last targets again (seq_len − stride of them) change bytes per token by so much at most.',
    remedy: 'Score each target once: stop at the first window that reaches the end.',
    source: record('2026-03-19_SlidingWindowEval/train_gpt.py', 'L859-L861'),
    of: (right) => changedBy(right, REPEATS_MAX),
  },
  {
    id: 'other-tail',
    name: 'another tail dropped',
    explanation:
      'The targets behind the last whole row are dropped: with another sequence length other ones, which changes bytes per token by so much at most.',
    remedy: 'State seq_len and the count of targets.',
    source: lines('train_gpt.py', 'L213-L219'),
    of: (right) => changedBy(right, TAIL_MAX),
  },
  {
    id: 'another-build',
    name: 'another build of the vocabulary, or another export',
    explanation:
      'Vocabularies of one size that were trained again, and exports of the same documents, differ by so much at most.',
    remedy: 'Name the tokenizer and its hash; bpb audit counts its bytes on the documents.',
    source: record('2026-04-03_MuonEqR_DepthRecurrence_WD090_AllInt6/train_seed0.log', 'L221'),
    of: ({ bytesPerToken }) => scaled(bytesPerToken, { low: 1 - NEAR, high: 1 + NEAR }),
  },
  {
    id: 'another-subset',
    name: 'another subset of the text',
    explanation:
      'A part of the documents, or other documents, have other words: bytes per token were seen to differ by 0.26 %.',
    remedy: 'State the count of targets and of documents; score the whole canonical set.',
    source: `${issue(837)} ${evidence('bytes-of-the-known-sets')}`,
    of: ({ bytesPerToken }) => scaled(bytesPerToken, { low: 1 - SUBSET, high: 1 + SUBSET }),
  },
  {
    id: 'no-byte-fallback',
    name: 'a vocabulary without byte pieces (no byte fallback)',
    explanation:
      'The 256 places of byte pieces hold longer pieces instead: 6.28 % more bytes per token in the logs of one record. What has no piece is then an unknown token of 0 bytes.',
    remedy: 'Name the tokenizer; bpb audit counts unknown tokens and the bytes that they lose.',
    source: nonRecord('2026-04-05_118M_XNOR-Net_FP8_1024D_10L/log_10mins_seed-42.txt', 'L1721'),
    // Measured 1.06276 to 1.06281 with printed digits; another build moves it as much as any.
    of: ({ family, bytesPerToken }) =>
      family === 'sp1024'
        ? scaled(bytesPerToken, { low: 1.0628 * (1 - NEAR), high: 1.0628 * (1 + NEAR) })
        : null,
  },
];

/** Bytes per token where so many targets more or fewer are of another kind than the average. */
function changedBy({ set, targets, bytesPerToken }: Denominator, most: number): Interval | null {
  const count = targets ?? targetsOf(set);
  if (count === null) return null;
  const share = (SPREAD * most) / count;
  return scaled(bytesPerToken, { low: 1 - share, high: 1 + share });
}

/** One tokenizer's expectation of one possibility. */
interface Expected {
  readonly possibility: Possibility;
  readonly family: Family;
  readonly expected: Interval;
}

export function possibleExpectations(family: Family | null): Expected[] {
  const rights = references(family).flatMap(({ family: of }) => rightsOf(of));
  return POSSIBILITIES.flatMap((possibility) =>
    rights.flatMap((right) => {
      const expected = possibility.of(right);
      return expected === null ? [] : [{ possibility, family: right.family, expected }];
    }),
  );
}

/** The counted rows of a tokenizer, else those of which a quotient was printed. */
function rightsOf(family: Family): Denominator[] {
  const rights = DENOMINATORS.filter((d) => d.family === family && d.role === 'right');
  const counted = rights.filter(({ bytes }) => bytes !== null);
  return counted.length > 0 ? counted : rights.filter(({ targets }) => targets === null);
}

/** Those that the claim is consistent with, each once; the narrowest expectation first. */
export function possibleFits({ bytesPerToken, family, loss }: ClaimedFigures): Fit[] {
  const found = new Map<string, Fit>();
  for (const { possibility, family: of, expected } of possibleExpectations(family)) {
    if (!overlaps(expected, bytesPerToken)) continue;
    const { of: _, name, ...words } = possibility;
    const suffix = family === null ? ` (if the tokenizer is ${of})` : '';
    const fit: Fit = {
      kind: 'possible',
      ...words,
      name: `${name}${suffix}`,
      family: of,
      window: 'any',
      role: 'possible',
      ...distance(bytesPerToken, expected),
      ...expects(expected, loss),
    };
    const known = found.get(fit.id);
    if (known === undefined || Math.abs(fit.deviation!) < Math.abs(known.deviation!)) {
      found.set(fit.id, fit);
    }
  }
  return [...found.values()].sort((a, b) => a.tolerance - b.tolerance);
}
