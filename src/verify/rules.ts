/**
 * The check of a result against an organizer's rules: those of the caller, or the shipped ones that it names.
 */
import { z } from 'zod';
import { BYTES_LIMIT } from '../artifact/size.js';
import { judgeRules } from '../rules/judge.js';
import { type LoadedRules, loadRules } from '../rules/load.js';
import type { Rules } from '../rules/schema.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { failed, notChecked, passed } from './check.js';
import type { VerifyCheck } from './types.js';

const RULES = { name: 'rules', what: 'the rules allow what the result says' };

/** Rules that come with the package, which a result may name. */
const SHIPPED = 'parameter-golf';

/** What only rules read of a result: the schema of results lets it be absent, for the older ones. */
const factsSchema = z.looseObject({
  tokenizer: z.looseObject({ normalizer_sha256: z.string().nullable() }),
  artifact: z.looseObject({ not_counted: z.array(z.string()), uncounted: z.array(z.string()) }),
  totals: z.looseObject({
    denominator: z.looseObject({ confirmed_by: z.string() }),
    documents_altered: z.int().nullable(),
  }),
  data: z.looseObject({ documents: z.looseObject({ bytes: z.int() }).nullable() }),
  decided_by: z.record(z.string(), z.string()),
});

type Ruled = Pick<ScoreResult | ClaimedResult, 'rules'>;

/** The rules that a result names, where the caller or this package has them; else null. */
export function knownRules({ rules }: Ruled, source: string | undefined): Rules | null {
  if (rules === null || rules === undefined) return null;
  const all = [...(source === undefined ? [] : [source]), SHIPPED].map(loadRules);
  return all.find(({ sha256 }) => sha256 === rules.sha256)?.rules ?? null;
}

/** The cap of a result, by the rules that it names; null where nobody here has them. */
export function capOf({ rules: named }: Ruled, rules: Rules | null): number | null {
  if (rules !== null) return rules.size?.limit ?? BYTES_LIMIT;
  return named === null || named === undefined ? BYTES_LIMIT : null;
}

/** No check where neither the caller nor the result names rules. */
export function rulesChecks(
  result: ScoreResult | ClaimedResult,
  source: string | undefined,
): VerifyCheck[] {
  const own = result.rules ?? null;
  if (own === null) {
    const decided = decidedByRules(result);
    if (decided.length > 0) {
      return [
        failed(RULES, 'rules in the result', `none, and rules decided ${decided.join(', ')}`),
      ];
    }
    if (source === undefined) return [];
  }
  const loaded = loadRules(source ?? SHIPPED);
  if (source === undefined && loaded.sha256 !== own!.sha256) {
    return [notChecked(RULES, 'its rules are not shipped: --rules FILE gives them')];
  }
  if (result.engine === null) return [notChecked(RULES, 'a claimed score is not judged by rules')];
  if (result.decided_by === undefined) {
    return [notChecked(RULES, 'an older result does not say who decided its settings')];
  }
  if (!factsSchema.safeParse(result).success) {
    return [failed(RULES, 'every field that rules are judged on', 'some are missing or of no use')];
  }
  return [judgedBy(loaded, result)];
}

/** What a result says that rules decided. */
function decidedByRules({ decided_by = {}, totals }: ScoreResult | ClaimedResult): string[] {
  const settings = Object.keys(decided_by).filter((name) => decided_by[name] === 'rules');
  const isNamed = totals.denominator?.confirmed_by === 'rules';
  return isNamed ? [...settings, 'the denominator'] : settings;
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
