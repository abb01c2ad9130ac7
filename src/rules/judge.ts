/**
 * Judgement of a result by rules: a verdict for every rule, whether it holds or not.
 */

import { figure } from '../words.js';
import { requires } from './allowed.js';
import { isLimited, type RunFacts, type ScoreFacts } from './facts.js';
import { judgeData } from './judge-data.js';
import { judgeTokenizer } from './judge-tokenizer.js';
import { judgeWindow } from './judge-window.js';
import type { Rules } from './schema.js';
import { type RuleVerdict, verdict } from './verdict.js';

/** The verdicts on a score, from its result document alone. */
export function judgeRules(rules: Rules, result: ScoreFacts): RuleVerdict[] {
  return [
    ...judgeWindow(rules, result),
    ...judgeData(rules, result),
    ...judgeTokenizer(rules, result),
    ...judgeNormalizer(rules, result),
    ...judgeSize(rules, result),
    ...judgeCoverage(rules, result),
    ...judgeRequired(rules, result),
    ...judgeAccepted(rules, result),
  ];
}

/** The verdicts that a probe can give: it scores nothing, so its data and coverage are not judged. */
export function judgeProbed(rules: Rules, report: RunFacts): RuleVerdict[] {
  return [
    ...judgeWindow(rules, report),
    ...judgeTokenizer(rules, { ...report, totals: null }),
    ...judgeSize(rules, report),
  ];
}

/** Rules allow a normalizer to alter text; text that none is seen to alter needs no allowance. */
function judgeNormalizer({ normalizers }: Rules, { tokenizer, totals }: ScoreFacts): RuleVerdict[] {
  if (normalizers === undefined) return [];
  const expected = 'text as it was published, or a normalizer of the list';
  const { normalizer_sha256: sha256 } = tokenizer;
  const altered = totals.documents_altered;
  if (sha256 !== null && normalizers.includes(sha256)) {
    return [verdict('normalizer', true, expected, `normalizer ${short(sha256)}, of the list`)];
  }
  const normalizer = sha256 === null ? 'no character map' : `normalizer ${short(sha256)}`;
  const found =
    altered === null
      ? `${normalizer}; no documents to compare the text with`
      : `${normalizer}; documents altered: ${figure(altered)}`;
  return [verdict('normalizer', altered === null || altered === 0, expected, found)];
}

function judgeSize({ size }: Rules, { artifact }: RunFacts): RuleVerdict[] {
  if (size === undefined) return [];
  const { bytes_counted: bytes, not_counted, uncounted } = artifact;
  const missing = size.counted.filter((kind) => not_counted.includes(kind));
  const without = missing.length === 0 ? '' : `, without the ${missing.join(' and the ')}`;
  const verdicts = [
    verdict(
      'size',
      missing.length === 0 && bytes <= size.limit,
      `at most ${figure(size.limit)} bytes, with ${size.counted.join(', ')}`,
      `${figure(bytes)} bytes${without}`,
    ),
  ];
  if (size.uncounted === 'refused' && uncounted !== null) {
    const shown = uncounted.slice(0, 3).join(', ');
    const more = uncounted.length > 3 ? ` and ${uncounted.length - 3} more` : '';
    const found = uncounted.length === 0 ? 'none' : `${shown}${more}`;
    const expected = "no file in the artifact's folder that is not counted";
    verdicts.push(verdict('uncounted', uncounted.length === 0, expected, found));
  }
  return verdicts;
}

function judgeCoverage({ coverage: rule }: Rules, facts: ScoreFacts): RuleVerdict[] {
  if (rule === undefined) return [];
  const { scored, tokens } = facts.coverage;
  const share = tokens > 1 ? scored / (tokens - 1) : 0;
  const limited = isLimited(facts);
  const targets = `${figure(scored)} of ${figure(Math.max(0, tokens - 1))} targets`;
  const found = limited ? `${targets} of the first documents only` : targets;
  const holds = share >= rule.least && !limited;
  return [verdict('coverage', holds, `at least ${rule.least} of the targets`, found)];
}

function judgeRequired(
  rules: Rules,
  { probes, verification, generalisation }: ScoreFacts,
): RuleVerdict[] {
  const verdicts: RuleVerdict[] = [];
  if (requires(rules, 'probes')) {
    const failed = (probes ?? []).filter((each) => each.verdict === 'fail').map(({ name }) => name);
    const ran = (probes ?? []).filter(
      ({ name, verdict }) => verdict !== 'not_applicable' && name !== 'every-row',
    ).length;
    const warned = (probes ?? []).filter((each) => each.verdict === 'warn').map(({ name }) => name);
    const passed = warned.length > 0 ? `passed, with warnings: ${warned.join(', ')}` : 'passed';
    const found =
      failed.length > 0 ? `failed: ${failed.join(', ')}` : ran > 0 ? passed : 'none were run';
    verdicts.push(verdict('probes', failed.length === 0 && ran > 0, 'probes that pass', found));
  }
  if (requires(rules, 'verification')) {
    const { verdict: said, rows } = verification;
    const found = said === 'pass' ? `passed, rows: ${figure(rows)}` : said.replace('_', ' ');
    verdicts.push(verdict('verification', said === 'pass', 'a verification that passes', found));
  }
  if (requires(rules, 'every-row')) {
    // Where it does not apply, no row has a later input that could be seen.
    const said = probes?.find(({ name }) => name === 'every-row')?.verdict;
    const found = said === undefined ? 'not done' : said === 'fail' ? 'failed' : 'passed';
    const expected = 'every row scored a second time, and nothing moved';
    verdicts.push(verdict('every-row', found === 'passed', expected, found));
  }
  if (requires(rules, 'control')) {
    const found = generalisation?.verdict.replace('_', ' ') ?? 'no control set';
    const expected = 'a control set that the validation set does not beat';
    verdicts.push(verdict('control', found === 'pass', expected, found));
  }
  return verdicts;
}

/** Where rules are given, a finding is accepted only where they say that it may be. */
function judgeAccepted({ accept = [] }: Rules, { findings }: ScoreFacts): RuleVerdict[] {
  const accepted = [...new Set(findings.filter((each) => each.accepted).map(({ id }) => id))];
  const refused = accepted.filter((id) => !accept.includes(id));
  const expected = accept.length === 0 ? 'no finding accepted' : `at most ${accept.join(', ')}`;
  const found = accepted.length === 0 ? 'none' : accepted.join(', ');
  return [verdict('accepted', refused.length === 0, expected, found)];
}

function short(sha256: string): string {
  return sha256.slice(0, 12);
}
