/**
 * Checks of a claimed quotient of bytes and tokens: which accounting, right or wrong, it fits.
 */
import type { TextFacts } from '../collect.js';
import { effectOf } from '../mistake-effects.js';
import { type AuditFacts, type Check, type ClaimFacts, check } from './check.js';

/** Quotients that agree this closely are the same: the tails of other windows move it by less. */
const SAME = 1e-3;

const near = (a: number, b: number) => Math.abs(a / b - 1) < SAME;

const middle = ({ right }: ClaimFacts) => (right.low + right.high) / 2;

const isRight = ({ bytesPerToken, right }: ClaimFacts) =>
  bytesPerToken >= right.low && bytesPerToken <= right.high;

/** One decimal at most (3.5, 4.3): no documents average to so round a number. */
const isRound = (quotient: number) => Math.abs(quotient * 10 - Math.round(quotient * 10)) < 1e-9;

/**
 * What averaging the documents' own bpb implies, every token being equally hard: weighted by
 * tokens, and each document alike.
 */
function means({ means: m }: TextFacts): [string, number][] {
  return [
    ['weighted by tokens', m.tokens / m.squaredTokensPerByte],
    ['each document alike', m.documents / m.tokensPerByte],
  ];
}

function meanThatFits({ text, claim }: AuditFacts & { claim: ClaimFacts }): string | null {
  if (text === null || text.means.documents < 2) return null;
  for (const [name, quotient] of means(text)) {
    if (near(quotient, claim.bytesPerToken) && !near(quotient, middle(claim))) return name;
  }
  return null;
}

function mistakeThatFits({ mistakes, claim }: AuditFacts & { claim: ClaimFacts }) {
  return mistakes.find(({ bytes }) => near(bytes / claim.targets, claim.bytesPerToken)) ?? null;
}

const detailOf = (claim: ClaimFacts) =>
  `${claim.bytesPerToken} bytes a token claimed, ${middle(claim).toFixed(6)} in the data`;

const effectOfClaim = (claim: ClaimFacts) => effectOf(claim.bytesPerToken, middle(claim));

export const CLAIM_CHECKS: readonly Check[] = [
  check({
    name: 'constant-bytes-per-token',
    severity: 'fail',
    explanation:
      'The bytes were assumed as a constant for each token (3.5 in pull request 875, 4.3 in another record), not counted.',
    remedy: 'Sum the bytes of the scored targets; never assume a quotient.',
    needs: ['claim'],
    run: ({ claim }) =>
      !isRight(claim) && isRound(claim.bytesPerToken)
        ? { detail: detailOf(claim), effect: effectOfClaim(claim) }
        : null,
  }),
  check({
    name: 'mean-of-documents',
    severity: 'fail',
    explanation:
      'The quotient is that of a mean over documents, weighted by tokens or not: a bpb is the sum of all bits over the sum of all bytes.',
    remedy: 'Add up nats and bytes over all targets and divide once, at the end.',
    needs: ['claim', 'text'],
    run: (facts) => {
      const { claim } = facts;
      if (isRight(claim) || isRound(claim.bytesPerToken)) return null;
      const name = meanThatFits(facts);
      return name === null
        ? null
        : { detail: `${detailOf(claim)}: a mean ${name}`, effect: effectOfClaim(claim) };
    },
  }),
  check({
    name: 'claimed-accounting',
    severity: 'fail',
    explanation: 'The claimed bytes per token are not those of this data under this tokenizer.',
    remedy: 'Print tokens and bytes of your evaluation, and compare them with this report.',
    needs: ['claim'],
    run: (facts) => {
      const { claim } = facts;
      if (isRight(claim) || isRound(claim.bytesPerToken) || meanThatFits(facts) !== null)
        return null;
      const mistake = mistakeThatFits(facts);
      const fits = mistake === null ? 'no known mistake fits' : `fits: ${mistake.name}`;
      return { detail: `${detailOf(claim)}; ${fits}`, effect: effectOfClaim(claim) };
    },
  }),
];
