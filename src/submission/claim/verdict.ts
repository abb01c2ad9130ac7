/**
 * Verdict on a claim, from what it fits: one word, and one or two sentences.
 */

import { BYTES } from '../published-set.js';
import { middle, relativeHalfWidth } from './decimals.js';
import { references, targetsOf, tooFew, tooMany } from './fits.js';
import { NEAR } from './possible.js';
import type { Claim, ClaimVerdict, Fit } from './types.js';

/** Relative width of bytes per token beyond which a set and a mistake cannot be distinguished. */
export const BLUNT = 1e-3;

type Facts = Pick<
  Claim,
  'valLoss' | 'bytesPerToken' | 'bytes' | 'fits' | 'nearest' | 'family' | 'tokens'
>;

export function judge(facts: Facts): { verdict: ClaimVerdict; explanation: string } {
  const verdict = verdictOf(facts);
  return { verdict, explanation: explain(verdict, facts) };
}

function verdictOf(facts: Facts): ClaimVerdict {
  const { fits, bytesPerToken, nearest } = facts;
  const has = (role: Fit['role']) => fits.some((fit) => fit.role === role);
  // Counted evidence stands above the quotient: this many targets are no coincidence.
  const counted = fits.find((fit) => fit.deviation === null);
  if (counted && counted.role !== 'right' && counted.role !== 'possible') return counted.role;
  const good = has('right') || has('partial');
  const wrong = fits.filter((fit) => fit.role === 'mistake' || fit.role === 'other-set');
  if (good && wrong.length > 0) {
    if (relativeHalfWidth(bytesPerToken) > BLUNT) return 'ambiguous';
    // Sharp digits on a sharply known set outweigh a mistake's wide band, not another sharp set.
    if (wrong.some((fit) => fit.role === 'other-set' || fit.tolerance < 1e-6)) return 'ambiguous';
  }
  // However few the digits are, so few targets are a part of the set.
  if (!good && has('other-set') && tooFew(facts.bytes)) return 'other-set';
  // Where few digits allow a mistake, they allow what is merely another text as well.
  if (!good && wrong.length > 0 && has('possible')) return 'ambiguous';
  if (has('right')) return 'fits';
  if (has('partial')) return 'partial';
  if (!has('other-set') && wrong.length > 0 && guessed(facts)) return 'ambiguous';
  const isNear = nearest !== null && Math.abs(nearest.deviation) < NEAR;
  if (isNear && !has('other-set') && !tooMany(facts.bytes)) return 'near';
  if (wrong.length > 0) return has('other-set') ? 'other-set' : 'mistake';
  return 'unknown';
}

/**
 * Whether each mistake that fits is one of a tokenizer that neither its name nor the count of targets shows.
 * The bands of all tokenizers together cover half of all bytes per token from 1.8 to 4.6: what lies in one of
 * them is as well the right accounting of a vocabulary that nobody knows.
 */
function guessed({ fits, family, tokens, bytesPerToken }: Facts): boolean {
  if (family !== null) return false;
  const width = relativeHalfWidth(bytesPerToken);
  return fits
    .filter(({ role }) => role === 'mistake')
    .every((fit) => Math.max(fit.tolerance, width) > BLUNT && !countedAs(fit.family, tokens));
}

/** Whether so many targets are those of the tokenizer's canonical set, other tails and windows allowed. */
function countedAs(family: Fit['family'], tokens: number | null): boolean {
  const right = family === null ? undefined : references(family)[0];
  const targets = right === undefined ? null : (right.targets ?? targetsOf(right.set));
  return tokens !== null && targets !== null && Math.abs(tokens / targets - 1) < NEAR;
}

function explain(verdict: ClaimVerdict, facts: Facts): string {
  const { fits, nearest, bytesPerToken } = facts;
  const names = [...new Set(fits.map((fit) => fit.name))].slice(0, 4).join('; ');
  const first = fits[0];
  switch (verdict) {
    case 'fits': {
      const right = fits.filter((fit) => fit.role === 'right');
      const partial = fits.some((fit) => fit.role === 'partial');
      const alike = [...new Set(right.map((fit) => fit.name))].join('; ');
      return `The claim fits ${alike}.${partial ? ' Its digits cannot exclude dropped rank remainders.' : ''}`;
    }
    case 'partial':
    case 'other-set':
    case 'mistake': {
      const fit =
        fits.find((f) => f.deviation === null) ?? fits.find((f) => f.role === verdict) ?? first;
      if (fit === undefined) return verdict;
      return `${fit.name}: ${fit.explanation}${arithmetic(fit, facts)}`;
    }
    case 'near':
      return `The claim is ${percent(nearest?.deviation ?? 0)} off ${nearest?.name}, more than its digits allow: another build of the tokenizer, another export, or part of the set.`;
    case 'ambiguous':
      if (!fits.some(({ role }) => role !== 'mistake') && guessed(facts)) {
        return `A known mistake, or a tokenizer that is not known: the claim fits ${names}.${inAll(facts)} Give the tokenizer or the token count; of one’s own, bpb audit counts the bytes.`;
      }
      return `The printed digits pin bytes per token only to ±${percent(relativeHalfWidth(bytesPerToken))}; the claim fits ${names}. Give more digits, the token count or the tokenizer.`;
    case 'unknown':
      return `No known set or mistake has these bytes per token${away(nearest)}.${inAll(facts)}${possible(fits)}`;
  }
}

/** With the count of targets, the bytes of the claim against those of the set, which no tokenizer changes. */
function inAll({ bytes, tokens }: Facts): string {
  if (bytes === null || !Number.isFinite(bytes.high)) return '';
  const [low, high] = [bytes.low, bytes.high].map((x) => ((100 * x) / BYTES).toPrecision(4));
  const share = low === high ? low : `${low} to ${high}`;
  return ` With ${count(tokens!)} targets it is of ${share} % of the ${count(BYTES)} bytes that the set has, whatever the tokenizer.`;
}

const count = (value: number): string => value.toLocaleString('en-US');

/** The implied bytes per token over those of right accounting and, of a mistake, the val_bpb with these. */
function arithmetic({ family, role }: Fit, { bytesPerToken, valLoss }: Facts): string {
  const right = family === null ? undefined : references(family)[0];
  if (right === undefined || !Number.isFinite(bytesPerToken.high)) return '';
  const implied = middle(bytesPerToken);
  const expected = middle(right.bytesPerToken);
  const bpb = valLoss.value / Math.LN2 / expected;
  // No more digits than the claim has.
  const digits = relativeHalfWidth(bytesPerToken) < 1e-6 ? 6 : 4;
  const [a, b, c, d] = [implied, implied / expected, expected, bpb].map((x) => x.toFixed(digits));
  // The loss on another text says nothing of the bpb on this one.
  const corrected = role === 'mistake' ? `; with these the val_bpb is ${d}` : '';
  return ` It implies ${a} bytes a token, ${b} times the ${c} of ${right.name}${corrected}.`;
}

function away(nearest: Claim['nearest']): string {
  if (nearest === null) return '';
  return `; the nearest right accounting, ${nearest.name}, is ${percent(nearest.deviation)} away`;
}

/** What is only possible is said as that: its expectation is wide, and nothing excludes the others. */
function possible(fits: readonly Fit[]): string {
  const names = fits.filter(({ role }) => role === 'possible').map(({ name }) => name);
  return names.length === 0 ? '' : ` The figures allow, without showing it: ${names.join('; ')}.`;
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toPrecision(3)} %` : 'anything';
}
