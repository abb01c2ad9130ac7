/**
 * Judgement of a claimed pair of val_loss and val_bpb by the denominator that it implies.
 *
 * `val_bpb = val_loss / ln 2 · tokens / bytes`, so a pair reveals bytes per token, and with the
 * token count the bytes; rounding intervals of the printed digits are carried through.
 */
import { usageError } from '../../errors.js';
import { FAMILIES, type Family, familyOf } from '../families.js';
import { DENOMINATORS, type Denominator } from './bytes-per-token.js';
import {
  type Interval,
  impliedBytesPerToken,
  overlaps,
  printedDecimal,
  relativeHalfWidth,
  scaled,
} from './decimals.js';
import { mistakeFit, nearestRight, otherTokenizer, setFit, sharpest } from './fits.js';
import { MISTAKES } from './mistakes.js';
import { otherExplanations } from './others.js';
import { possibleFits } from './possible.js';
import type { Claim, ClaimInput, Fit } from './types.js';
import { BLUNT, judge } from './verdict.js';

/**
 * What a claimed score fits.
 *
 * @throws BPB_CLAIM_NUMBER, BPB_CLAIM_TOKENS, BPB_CLAIM_FAMILY (exit 2)
 */
export function judgeClaim(input: ClaimInput): Claim {
  const valLoss = printedDecimal(input.valLoss, '--val-loss');
  const valBpb = printedDecimal(input.valBpb, '--val-bpb');
  const tokens = checkedTokens(input.tokens);
  const family = checkedFamily(input.family) ?? familyOfTokens(tokens);
  const bytesPerToken = impliedBytesPerToken(valLoss, valBpb);
  const bytes = tokens === null ? null : scaled(bytesPerToken, tokens);

  const ofFamily = (d: Denominator) => family === null || d.family === family;
  const sets = sharpest(
    DENOMINATORS.filter((d) => overlaps(d.bytesPerToken, bytesPerToken)),
    tokens,
  );
  const inFamily = sets.filter(ofFamily);
  const claimed = { loss: valLoss, bytesPerToken, bytes, tokens, family };
  const mistakes = MISTAKES.flatMap((m) => mistakeFit(m, claimed));
  const elsewhere =
    inFamily.length === 0 && family !== null ? sets.filter((d) => !ofFamily(d)) : [];
  const all = [
    ...inFamily.map((d) => setFit(d, bytesPerToken, tokens, valLoss)),
    ...mistakes,
    ...elsewhere.map((d) => otherTokenizer(d, bytesPerToken, family!, valLoss)),
  ];
  const known = withoutGuesses(all, bytesPerToken, family);
  // Sharpest expectation first; all published sets count as equally sharp and keep their order.
  known.sort((a, b) => blunted(a.tolerance) - blunted(b.tolerance));
  // Where sharp digits fit something known, that it could be something else as well is no news.
  const open = known.length === 0 || relativeHalfWidth(bytesPerToken) > BLUNT;
  const fits = open ? [...known, ...possibleFits(claimed)] : known;
  const others = otherExplanations(claimed, fits);
  const nearest = nearestRight(bytesPerToken, ofFamily);
  const facts = { valLoss, valBpb, tokens, family, bytesPerToken, bytes, fits, others, nearest };
  return { ...facts, ...judge(facts) };
}

/** @throws BPB_CLAIM_TOKENS */
export function checkedTokens(tokens: number | undefined): number | null {
  if (tokens === undefined) return null;
  if (Number.isSafeInteger(tokens) && tokens > 0) return tokens;
  throw usageError('BPB_CLAIM_TOKENS', {
    message: 'the token count is not a positive integer',
    path: '--tokens',
    expected: 'the number of scored targets, such as 62021632',
    actual: String(tokens),
    hint: 'Logs print it as val_tokens, or as tokens: on the val_loader line.',
  });
}

/** @throws BPB_CLAIM_FAMILY */
export function checkedFamily(name: string | undefined): Family | null {
  if (name === undefined) return null;
  const family = familyOf(name);
  if (family !== null) return family;
  throw usageError('BPB_CLAIM_FAMILY', {
    message: 'the tokenizer family is not known',
    path: '--tokenizer-family',
    expected: FAMILIES.join(', '),
    actual: JSON.stringify(name.slice(0, 80)),
    hint: 'Leave it out to compare with every family.',
  });
}

/** A published target count names its tokenizer when only one has it. */
function familyOfTokens(tokens: number | null): Family | null {
  const families = new Set(DENOMINATORS.filter((d) => d.targets === tokens).map((d) => d.family));
  return families.size === 1 ? ([...families][0] ?? null) : null;
}

function blunted(tolerance: number): number {
  return tolerance < 2e-6 ? 0 : tolerance;
}

/** Drops bands of mistakes under a tokenizer that nobody named, where sharp digits fit a set. */
function withoutGuesses(fits: readonly Fit[], claimed: Interval, family: Family | null): Fit[] {
  const sharp = relativeHalfWidth(claimed) < BLUNT && fits.some((fit) => fit.kind === 'set');
  return fits.filter(
    (fit) => !sharp || family !== null || fit.kind === 'set' || fit.tolerance < BLUNT,
  );
}
