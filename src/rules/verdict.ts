/**
 * Verdict of one rule on one result, and the report of all.
 */
import { type Finding, fail } from '../finding.js';
import type { LoadedRules } from './load.js';

export interface RuleVerdict {
  /** Name of the rule; a finding of the name `rules-<rule>` stands for a failed one. */
  readonly rule: string;
  readonly verdict: 'pass' | 'fail';
  readonly expected: string;
  readonly found: string;
}

/** Which rules something was judged by, and how. */
export interface RulesReport {
  name: string;
  /** Format of the rules. */
  version: string;
  sha256: string;
  verdicts: RuleVerdict[];
}

export function verdict(
  rule: string,
  holds: boolean,
  expected: string,
  found: string,
): RuleVerdict {
  return { rule, verdict: holds ? 'pass' : 'fail', expected, found };
}

export function reportOf({ rules, sha256 }: LoadedRules, verdicts: RuleVerdict[]): RulesReport {
  return { name: rules.name, version: rules.format, sha256, verdicts };
}

/** A finding for each rule that does not hold. */
export function ruleFindings({ name, verdicts }: RulesReport): Finding[] {
  return verdicts
    .filter((each) => each.verdict === 'fail')
    .map(({ rule, expected, found }) =>
      fail(
        `rules-${rule}`,
        `the rules ${name} do not allow it: ${rule}: ${found}; allowed: ${expected}`,
        HINTS[rule] ?? null,
      ),
    );
}

/** The way out for whoever may change what a rule is about. */
const HINTS: Readonly<Record<string, string>> = {
  window: '--window MODE, or `evaluation.window` in artifact.json',
  'seq-len': '--seq-len N, or `evaluation.seqLen` in artifact.json',
  stride: '--stride N, or `evaluation.stride` in artifact.json',
  tail: '--tail drop or --tail score, or `evaluation.tail` in artifact.json',
  compat: '--compat NAME or --compat none, or `evaluation.compat` in artifact.json',
  'document-start': '--document-start ID, or `tokenizer.documentStart` in artifact.json',
  data: 'give the data that the rules name with --data; --docs FILE shows which documents they are',
  tokenizer: 'score with a tokenizer of the rules; --docs FILE confirms the bytes of another',
  normalizer: 'train the tokenizer with nmt_nfkc or identity',
  size: 'where something is missing, name it in `counted` in artifact.json; where it is too much, store the model smaller',
  uncounted: 'add the files to `counted` in artifact.json, or move them out of the folder',
  coverage: 'score the whole stream: no --part, no --limit-docs, --tail score',
  probes: 'bpb probe ARTIFACT says what each of them saw',
  verification: 'leave --verify-rows out; where no reference engine runs the model, none can pass',
  'every-row': 'bpb probe ARTIFACT --every-row names the row where a prediction moved most',
  control:
    'give documents of the same kind that nobody could train on: --control-docs FILE or --control-data DIR, 50 and more',
  accepted: 'leave --accept out, or name the finding in `accept` of the rules',
};
