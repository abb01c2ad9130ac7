/**
 * Judges a claimed pair of val_loss and val_bpb by the denominator that it implies.
 *
 * `val_bpb = val_loss / ln 2 · tokens / bytes`, so a pair reveals bytes per token, and with the
 * token count the bytes; rounding intervals of the printed digits are carried through.
 */
import { KNOWN_SETS } from '../data/known.js';
import { usageError } from '../errors.js';
import { BLUNT, type ClaimVerdict, judge } from './claim-verdict.js';
import {
  type Interval,
  impliedBytesPerToken,
  middle,
  overlaps,
  type Printed,
  printedDecimal,
  relativeHalfWidth,
  scaled,
} from './decimals.js';
import { FAMILIES, type Family, familyOf } from './families.js';
import { DENOMINATORS, type Denominator } from './known-sets.js';
import { MISTAKES, type Mistake } from './mistakes.js';

export interface ClaimInput {
  /** Mean nats per target; as text to keep the printed digits. */
  readonly valLoss: string | number;
  /** Bits per byte; as text to keep the printed digits. */
  readonly valBpb: string | number;
  /** Scored targets, where the claim states them (`val_tokens`, `tokens:` of the loader). */
  readonly tokens?: number | undefined;
  /** A family, or a tokenizer's name or path that speaks of one. */
  readonly family?: string | undefined;
}

/** A denominator or a mistake that the claim is consistent with. */
export interface Fit {
  readonly kind: 'set' | 'mistake';
  readonly name: string;
  /** Known set (`KNOWN_SETS`), or the mistake's id. */
  readonly id: string;
  readonly family: Family | null;
  readonly window: Denominator['window'];
  readonly role: 'right' | 'partial' | 'other-set' | 'mistake';
  /** Claimed bytes per token over expected, minus one; null where the token count decided. */
  readonly deviation: number | null;
  /** Half-width of the expectation, relative: a sharp fit says more than one in a wide band. */
  readonly tolerance: number;
  readonly explanation: string;
  readonly remedy: string | null;
  readonly source: string;
}

export interface Claim {
  readonly valLoss: Printed;
  readonly valBpb: Printed;
  readonly tokens: number | null;
  readonly family: Family | null;
  /** Every value that rounds to the printed digits. */
  readonly bytesPerToken: Interval;
  /** `bytesPerToken · tokens`; null without a token count. */
  readonly bytes: Interval | null;
  /** Best first. */
  readonly fits: readonly Fit[];
  /** The known right accounting that comes closest, fitting or not. */
  readonly nearest: { readonly name: string; readonly deviation: number } | null;
  readonly verdict: ClaimVerdict;
  /** One or two sentences: the verdict in words. */
  readonly explanation: string;
}

/**
 * What a claimed score fits.
 *
 * @throws BPB_CLAIM_NUMBER, BPB_CLAIM_TOKENS, BPB_CLAIM_FAMILY (exit 2)
 */
export function claim(input: ClaimInput): Claim {
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
  const mistakes = MISTAKES.flatMap((m) => mistakeFit(m, { bytesPerToken, bytes, tokens, family }));
  const elsewhere =
    inFamily.length === 0 && family !== null ? sets.filter((d) => !ofFamily(d)) : [];
  const all = [
    ...inFamily.map((d) => setFit(d, bytesPerToken, tokens)),
    ...mistakes,
    ...elsewhere.map((d) => otherTokenizer(d, bytesPerToken, family!)),
  ];
  const fits = withoutGuesses(all, bytesPerToken, family);
  // Sharpest expectation first; all published sets count as equally sharp and keep their order.
  fits.sort((a, b) => blunted(a.tolerance) - blunted(b.tolerance));
  const nearest = nearestRight(bytesPerToken, ofFamily);
  const facts = { valLoss, valBpb, tokens, family, bytesPerToken, bytes, fits, nearest };
  return { ...facts, ...judge(facts) };
}

function checkedTokens(tokens: number | undefined): number | null {
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

function checkedFamily(name: string | undefined): Family | null {
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

/**
 * Computed tails only where no published fingerprint fits, those being thousands of times sharper;
 * and of the computed ones that of the claimed token count, where it is one of theirs.
 */
function sharpest(fits: readonly Denominator[], tokens: number | null): readonly Denominator[] {
  const published = fits.filter((d) => d.bytes !== null || d.targets === null);
  if (published.length > 0) return published;
  const counted = fits.filter((d) => d.targets === tokens);
  return counted.length > 0 ? counted : fits;
}

function setFit(d: Denominator, claimed: Interval, tokens: number | null): Fit {
  // Far fewer or more score terms than the set has: the quotient fits, the coverage does not.
  const targets = d.targets ?? targetsOf(d.set);
  const share = tokens === null || targets === null ? 1 : tokens / targets;
  const part = share < 0.995 && d.role === 'right';
  const role = part ? 'partial' : share > 1.005 ? 'other-set' : d.role;
  const coverage =
    share === 1 || role === d.role
      ? ''
      : ` ${tokens?.toLocaleString('en-US')} targets are claimed where the set has ${targets?.toLocaleString('en-US')}.`;
  const words = {
    right: 'bytes per token of right accounting on this set.',
    partial: 'bytes per token of right accounting, over part of the set.',
    'other-set': 'not the canonical validation set.',
  } as const;
  return {
    kind: 'set',
    name: d.name,
    id: d.set,
    family: d.family,
    window: d.window,
    role,
    ...distance(claimed, d.bytesPerToken),
    explanation: `${words[role]}${coverage}${d.note === null ? '' : ` Note: ${d.note}.`}`,
    remedy: role === 'right' ? null : 'Score the whole canonical set of 50,000 documents.',
    source: d.source,
  };
}

/** Published score terms of a set, for the rows whose own count is not known. */
function targetsOf(set: string): number | null {
  return KNOWN_SETS.find(({ name }) => name === set)?.targets[0] ?? null;
}

/** The stated tokenizer cannot have these bytes per token, another one has them exactly. */
function otherTokenizer(d: Denominator, claimed: Interval, family: Family): Fit {
  return {
    ...setFit(d, claimed, null),
    kind: 'mistake',
    id: 'other-tokenizer',
    role: 'mistake',
    explanation: `These are the bytes per token of ${d.name}, not of ${family}, which the claim names.`,
    remedy: 'Name the tokenizer that was used, or count the bytes with the one that is named.',
  };
}

interface Claimed {
  readonly bytesPerToken: Interval;
  readonly bytes: Interval | null;
  readonly tokens: number | null;
  readonly family: Family | null;
}

function mistakeFit(mistake: Mistake, claimed: Claimed): Fit[] {
  const { id, name, role, explanation, remedy, source, families } = mistake;
  const common = { kind: 'mistake', id, name, role, explanation, remedy, source } as const;
  const { bytes, tokens, family, bytesPerToken } = claimed;
  if (tokens !== null && mistake.targets?.includes(tokens)) {
    return [{ ...common, family: null, window: 'any', deviation: null, tolerance: 0 }];
  }
  const total = bytes && mistake.bytes?.find((b) => bytes.low <= b && b <= bytes.high);
  if (total) {
    const at = distance(bytes, { low: total, high: total });
    return [{ ...common, family, window: 'any', ...at }];
  }
  const expectations: [Family | null, Interval][] = [];
  if (mistake.bytesPerToken !== undefined) {
    expectations.push([null, { low: mistake.bytesPerToken, high: mistake.bytesPerToken }]);
  }
  for (const d of mistake.ratio === undefined ? [] : references(family, families)) {
    expectations.push([d.family, scaled(d.bytesPerToken, mistake.ratio!)]);
  }
  const best = expectations.find(([, expected]) => overlaps(expected, bytesPerToken));
  if (best === undefined) return [];
  const suffix = family === null && best[0] !== null ? ` (if the tokenizer is ${best[0]})` : '';
  return [
    {
      ...common,
      name: `${name}${suffix}`,
      family: best[0],
      window: 'any',
      ...distance(bytesPerToken, best[1]),
    },
  ];
}

/** One right denominator per family, the published one that stands first. */
function references(family: Family | null, allowed: readonly Family[] = FAMILIES): Denominator[] {
  return FAMILIES.filter((f) => allowed.includes(f) && (family === null || f === family))
    .map((f) => DENOMINATORS.find((d) => d.family === f && d.role === 'right'))
    .filter((d) => d !== undefined);
}

function distance(claimed: Interval, expected: Interval): { deviation: number; tolerance: number } {
  const finite = Number.isFinite(claimed.high) ? middle(claimed) : claimed.low;
  return {
    deviation: finite / middle(expected) - 1,
    tolerance: (expected.high - expected.low) / 2 / middle(expected),
  };
}

function nearestRight(claimed: Interval, ofFamily: (d: Denominator) => boolean): Claim['nearest'] {
  let best: Claim['nearest'] = null;
  for (const d of DENOMINATORS) {
    if (d.role !== 'right' || !ofFamily(d)) continue;
    const { deviation } = distance(claimed, d.bytesPerToken);
    if (best === null || Math.abs(deviation) < Math.abs(best.deviation)) {
      best = { name: d.name, deviation };
    }
  }
  return best;
}
