/**
 * Judgement of the tokenizer: named by its sha256, or another one whose bytes are confirmed.
 */
import type { RunFacts, ScoreFacts } from './facts.js';
import type { Rules } from './schema.js';
import { nameOfTokenizer } from './tokenizers.js';
import { type RuleVerdict, verdict } from './verdict.js';

/** @param facts without totals of a probe, which confirms no bytes */
export function judgeTokenizer(
  rules: Rules,
  facts: Pick<RunFacts, 'tokenizer'> & { readonly totals: ScoreFacts['totals'] | null },
): RuleVerdict[] {
  const { tokenizers } = rules;
  if (tokenizers === undefined) return [];
  const { named = [], others } = tokenizers;
  const names = named.map(({ name }) => name);
  const confirmed =
    others === 'refused' ? [] : [`another with bytes confirmed by ${others.join(' or ')}`];
  const expected = [...names, ...confirmed].join(', ');
  const { sha256 } = facts.tokenizer;
  const name = nameOfTokenizer(rules, sha256);
  if (name !== null) return [verdict('tokenizer', true, expected, name)];
  const other = `another one, ${sha256.slice(0, 12)}`;
  if (others === 'refused') return [verdict('tokenizer', false, expected, other)];
  // Whether its bytes are confirmed is for a score to say.
  if (facts.totals === null) return [];
  const by = facts.totals.denominator.confirmed_by;
  const holds = others.some((each) => each === by);
  return [verdict('tokenizer', holds, expected, `${other}, bytes confirmed by ${by}`)];
}
