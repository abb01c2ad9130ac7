/**
 * The check of a result against an organizer's rules: those of the caller, or the shipped ones that it names.
 */
import { judgeRules } from '../rules/judge.js';
import { type LoadedRules, loadRules } from '../rules/load.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { failed, notChecked, passed } from './check.js';
import type { VerifyCheck } from './types.js';

const RULES = { name: 'rules', what: 'the rules allow what the result says' };

/** Rules that come with the package, which a result may name. */
const SHIPPED = 'parameter-golf';

/** No check where neither the caller nor the result names rules. */
export function rulesChecks(
  result: ScoreResult | ClaimedResult,
  source: string | undefined,
): VerifyCheck[] {
  const own = result.rules ?? null;
  if (source === undefined && own === null) return [];
  const loaded = loadRules(source ?? SHIPPED);
  if (source === undefined && loaded.sha256 !== own!.sha256) {
    return [notChecked(RULES, 'its rules are not shipped: --rules FILE gives them')];
  }
  if (result.engine === null) return [notChecked(RULES, 'a claimed score is not judged by rules')];
  if (result.decided_by === undefined) {
    return [notChecked(RULES, 'an older result does not say who decided its settings')];
  }
  return [judgedBy(loaded, result)];
}

function judgedBy({ rules, sha256 }: LoadedRules, result: ScoreResult): VerifyCheck {
  const verdicts = judgeRules(rules, result);
  const wrong = verdicts.filter(({ verdict }) => verdict === 'fail');
  const own = result.rules?.sha256 === sha256 ? result.rules : null;
  // The result is a stranger's: verdicts on the very same rules must be those that it gives.
  const other =
    own &&
    verdicts.find(
      ({ rule, verdict }) =>
        !own.verdicts.some((each) => each.rule === rule && each.verdict === verdict),
    );
  if (other)
    return failed(RULES, `${other.rule}: ${other.verdict}`, 'another verdict in the result');
  if (wrong.length === 0) return passed(RULES, rules.name);
  const list = (side: 'expected' | 'found') =>
    wrong.map((each) => `${each.rule}: ${each[side]}`).join('; ');
  return failed(RULES, list('expected'), list('found'), `rules ${rules.name}`);
}
