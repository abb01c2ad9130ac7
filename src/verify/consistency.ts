/**
 * Checks of a result on its own: what its fields say of each other.
 */

import type { BpbError } from '../errors.js';
import { checkAccept } from '../evaluation/accept.js';
import { bySeverity, type Finding, fail, withholds } from '../finding.js';
import type { Rules } from '../rules/schema.js';
import { natsOf } from '../run/totals.js';
import { decidedFindings } from '../score/decided-findings.js';
import { judged, ratioFigures } from '../score/figures.js';
import {
  checkFindings,
  figureFindings,
  outcomeFindings,
  plausibility,
  unverifiedFindings,
} from '../score/findings.js';
import { claimIdentityOf, identityOf } from '../score/identity.js';
import type { ClaimedResult, ScoreResult } from '../score/result.js';
import { harnessVersion } from '../version.js';
import { checkWindowOptions } from '../windows/options.js';
import { equalFigures, type Figure, failed, notChecked, passed } from './check.js';
import { everyRowCheck } from './every-row-check.js';
import { generalisationCheck } from './generalisation-check.js';
import { capOf } from './rules.js';
import { seedChecks, verificationCheck } from './run-check.js';
import type { VerifyCheck } from './types.js';

type Result = ScoreResult | ClaimedResult;

const sum = (values: readonly number[]) => values.reduce((all, each) => all + each, 0);

/**
 * All checks that need nothing but the result; its hash was checked when it was read.
 *
 * @param rules those that the result names, where they are known
 */
export function consistencyChecks(result: Result, rules: Rules | null): VerifyCheck[] {
  const further = [generalisationCheck(result), everyRowCheck(result)];
  return [
    passed({ name: 'run-hash', what: 'run.sha256 is that of all other fields' }),
    identityCheck(result),
    coverageCheck(result),
    windowCheck(result),
    figuresCheck(result),
    findingsCheck(result, ownFindings(result)),
    sizeCheck(result, rules),
    ...(result.engine === null ? [] : [...seedChecks(result), verificationCheck(result)]),
    ...further.filter((check) => check !== null),
  ];
}

function identityCheck(result: Result): VerifyCheck {
  const question = {
    name: 'identity',
    what: 'the identity hashes are those of their fields',
  };
  const { identity, run } = result;
  const own = result.engine === null ? claimIdentityOf(result) : identityOf(result);
  const check = equalFigures(question, [
    { field: 'identity.score', expected: own.score, found: identity.score },
    { field: 'identity.bits', expected: own.bits, found: identity.bits },
  ]);
  // Another version may hash other fields.
  if (check.verdict === 'pass' || run.harness === harnessVersion()) return check;
  const versions = `${run.harness} wrote the result, ${harnessVersion()} reads it`;
  return notChecked(question, `another version may hash other fields: ${versions}`);
}

function coverageCheck({ coverage, totals, data }: Result): VerifyCheck {
  const question = {
    name: 'coverage',
    what: 'scored and skipped targets are all there are',
  };
  const { tokens, documents, scored, repeated, skipped, partial } = coverage;
  const part = coverage.part ?? null;
  const inOtherParts = skipped.some(({ reason }) => reason === 'part');
  const figures: Figure[] = [
    {
      field: 'scored + skipped',
      expected: tokens - 1,
      found: scored + sum(skipped.map((skip) => skip.targets)),
    },
    { field: 'totals.targets', expected: scored + repeated, found: totals.targets },
    { field: 'partial', expected: true, found: partial, holds: partial || part === null },
    {
      field: 'part',
      expected: 'i of n, i at most n',
      found: part?.join('/'),
      holds: part === null || part[0] <= part[1],
    },
    {
      field: 'part of skipped targets',
      expected: 'i of n',
      found: 'none',
      // Older results do not say which part they are of.
      holds: !inOtherParts || part !== null || coverage.part === undefined,
    },
    {
      field: 'documents',
      expected: `at most ${tokens}`,
      found: documents,
      holds: documents <= tokens,
    },
  ];
  const ofShards = sum(data.shards.map((shard) => shard.tokens));
  if (data.shards.length > 0) {
    const holds = partial ? ofShards >= tokens : ofShards === tokens;
    figures.push({ field: 'tokens of the shards', expected: tokens, found: ofShards, holds });
  }
  if (data.sidecars.length > 0) {
    const entries = sum(data.sidecars.map((file) => file.tokens));
    figures.push({ field: 'entries of the sidecars', expected: ofShards, found: entries });
  }
  return equalFigures(question, figures);
}

function windowCheck(result: Result): VerifyCheck {
  const question = { name: 'window', what: 'the window options do not contradict each other' };
  const { window, coverage } = result;
  if (window === null) return notChecked(question, 'a claimed score does not say its windows');
  try {
    checkWindowOptions(window);
  } catch (error) {
    return failed(question, 'a window that bpb score takes', (error as Error).message);
  }
  const { repeated } = coverage;
  const holds = repeated === 0 || window.compat !== null;
  return equalFigures(question, [
    { field: 'coverage.repeated without compat', expected: 0, found: repeated, holds },
  ]);
}

/** The score as its totals give it; intervals need the documents (documents-check.ts). */
function figuresCheck(result: Result): VerifyCheck {
  const question = {
    name: 'figures',
    what: 'ratios follow from the totals, status from findings',
  };
  const { score, totals, findings, status } = result;
  const { bytes, headline } = totals;
  const own = bytes[headline];
  const figures: Figure[] = [
    { field: 'totals.nats', expected: natsOf(BigInt(totals.nats_q30)), found: totals.nats },
  ];
  if (own === null) {
    return failed(question, `bytes by the headline accounting, ${headline}`, 'none');
  }
  const none = { val_loss: null, bits_per_token: null, val_bpb: null, bpb_original: null };
  const counted = score.infinite_targets === 0 && totals.targets > 0;
  const ratios = counted
    ? ratioFigures(BigInt(totals.nats_q30), totals.targets, {
        headline: own,
        original: bytes.original,
      })
    : none;
  const expected = judged({ ...score, ...ratios }, findings);
  figures.push({ field: 'status', expected: expected.status, found: status });
  for (const name of ['val_loss', 'bits_per_token', 'val_bpb', 'bpb_original'] as const) {
    figures.push({ field: name, expected: expected.score[name], found: score[name] });
  }
  const withheld = withholds(findings);
  for (const name of ['stderr_bpb', 'ci95_bpb'] as const) {
    if (withheld) figures.push({ field: name, expected: null, found: score[name] });
  }
  const { infinite_targets: infinite, first_infinite: first } = score;
  figures.push({
    field: 'infinite targets',
    expected: first === null ? 'none' : `from 1 to ${totals.targets}, as there is a first`,
    found: infinite,
    holds: (first !== null) === infinite > 0 && infinite <= totals.targets,
  });
  return equalFigures(question, figures);
}

/** Of `rules`, where a result has it. */
interface Judged {
  readonly verdicts: readonly { readonly rule: string; readonly verdict: 'pass' | 'fail' }[];
}

/** Findings that follow from the figures and verdicts of the result itself. */
function ownFindings(result: Result): Finding[] {
  const { score, totals, tokenizer, engine } = result;
  const width = { logits: engine?.vocabulary ?? null, tokenizer: tokenizer.vocab };
  const found = [...figureFindings({ score, totals }), ...plausibility({ score, totals }, width)];
  if (result.engine !== null) {
    found.push(...checkFindings(result, false), ...unverifiedFindings(result));
    // Older results do not say who decided.
    if (result.decided_by !== undefined) found.push(...decidedFindings(result));
  } else found.push(...outcomeFindings(result.claim.result));
  const { rules } = result as { rules?: Judged | null };
  for (const { rule, verdict } of rules?.verdicts ?? []) {
    if (verdict === 'fail') found.push(fail(`rules-${rule}`, `the rules do not allow it: ${rule}`));
  }
  return found;
}

const GRAVITY = { note: 0, warn: 1, fail: 2 } as const;

/** @param wanted what a score of these figures finds */
export function findingsCheck(
  result: Result,
  wanted: readonly Finding[],
  question = {
    name: 'findings',
    what: 'no finding is missing that its own figures give',
  },
): VerifyCheck {
  const { findings, run } = result;
  const accepted = findings.filter((each) => each.accepted).map(({ id }) => id);
  try {
    checkAccept(accepted);
  } catch (error) {
    return failed(question, 'only findings about data accepted', (error as BpbError).actual ?? '');
  }
  const has = ({ id, severity }: Finding) =>
    findings.some((each) => each.id === id && GRAVITY[each.severity] >= GRAVITY[severity]);
  const lacking = bySeverity(wanted).filter((finding) => !has(finding));
  const [first] = lacking;
  if (first === undefined) return passed(question);
  const others = run.harness !== harnessVersion();
  if (others && !withholds(lacking)) {
    const note = `${run.harness} wrote the result; this version adds: ${names(lacking)}`;
    return notChecked(question, note);
  }
  return failed(question, names(lacking), 'not among the findings', first.message);
}

const names = (findings: readonly Finding[]) =>
  findings.map(({ id, severity }) => `${id} (${severity})`).join(', ');

function sizeCheck(result: Result, rules: Rules | null): VerifyCheck {
  const { artifact } = result;
  const question = { name: 'size', what: 'the counted bytes are within the cap' };
  if (artifact === null) return notChecked(question, 'a claimed score has no artifact');
  const { bytes_counted: counted, bytes_limit: limit, within_limit: within } = artifact;
  if (counted > limit) return failed(question, `at most ${limit} bytes`, `${counted} bytes`);
  const cap = capOf(result, rules);
  if (cap !== null && limit !== cap) return failed(question, `a cap of ${cap} bytes`, `${limit}`);
  if (within === false) return failed(question, 'within_limit true', 'false');
  const note = artifact.size_note ?? 'what must be counted is not known';
  if (within === null) return notChecked(question, note);
  return cap === null
    ? notChecked(question, `its cap is that of rules that are not shipped: --rules FILE gives them`)
    : passed(question);
}
