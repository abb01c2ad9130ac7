/**
 * Judgement of a summary: each score by the denominator that it implies, the means computed again, and
 * all of it compared with the logs beside it.
 */
import { basename } from 'node:path';
import { asBpbError } from '../../../errors.js';
import { type Family, familyOf } from '../../families.js';
import { judgeClaim } from '../judge-pair.js';
import type { FinalClaim } from '../log-types.js';
import { refusalOf, type Stated, verdictOf } from '../table/judge.js';
import { finalAt, type LogsBeside, lineOf, logFindings, meanLogs } from './logs.js';
import { meanFindings, namesMean, seedMeans } from './mean.js';
import type { StatedScore, Summary, SummaryClaim, SummaryFinding, SummaryScore } from './types.js';

export function judgeSummary(
  summary: Summary,
  path: string,
  beside: LogsBeside,
  stated: Stated,
): SummaryClaim {
  const family = familyOfSummary(summary, beside) ?? stated.family;
  const judge = (role: SummaryScore['role']) => (score: StatedScore) =>
    judgeScore(score, role, beside, { tokens: summary.tokens ?? stated.tokens, family });
  const { headline, seeds, others } = summary;
  const scores = [
    ...(headline === null ? [] : [judge('headline')(headline)]),
    ...seeds.map(judge('seed')),
    ...others.map(judge('other')),
  ];
  const means = seedMeans(summary);
  const findings = [
    ...scores.flatMap(accounting),
    ...meanFindings(means, seeds),
    ...sameSeeds(seeds),
    ...logFindings(scores, beside),
  ];
  const claimed = family === undefined ? null : familyOf(family);
  const judged = verdict(scores, findings, beside);
  return { path, family: claimed, ...judged, scores, means, findings };
}

/** Its own word, else what all logs beside it say. */
function familyOfSummary({ tokenizer }: Summary, { logs }: LogsBeside): Family | undefined {
  const named = tokenizer === undefined ? null : familyOf(tokenizer);
  if (named !== null) return named;
  const families = new Set(logs.map(({ family }) => family));
  return families.size === 1 ? ([...families][0] ?? undefined) : undefined;
}

function judgeScore(
  score: StatedScore,
  role: SummaryScore['role'],
  beside: LogsBeside,
  stated: Stated,
): SummaryScore {
  const about = { ...score, role, log: lineOf(score, beside) };
  if (score.valLoss === '' || score.valBpb === '') return { ...about, claim: null, error: null };
  try {
    return { ...about, claim: judgeClaim({ ...score, ...stated }), error: null };
  } catch (thrown) {
    return { ...about, claim: null, error: refusalOf(asBpbError(thrown), score.name) };
  }
}

function accounting({ name, claim, role }: SummaryScore): SummaryFinding[] {
  if (claim === null || verdictOf(claim) !== 'fail') return [];
  const remedy = claim.fits.find((fit) => fit.role === claim.verdict)?.remedy ?? null;
  const severity = role === 'other' ? 'warn' : 'fail';
  return [{ check: 'accounting', severity, explanation: `${name}: ${claim.explanation}`, remedy }];
}

/** Two seeds with the same figures, which no two runs have. */
function sameSeeds(seeds: readonly StatedScore[]): SummaryFinding[] {
  const first = new Map<string, string>();
  return seeds.flatMap(({ name, valLoss, valBpb }): SummaryFinding[] => {
    const key = `${valLoss} ${valBpb}`;
    const known = first.get(key);
    first.set(key, known ?? name);
    // Four digits may well be the same.
    if (known === undefined || !/\.\d{6}/.test(`${valLoss} ${valBpb}`)) return [];
    const explanation = `${name} has the figures of ${known}: one run, which counts once.`;
    return [{ check: 'same-seed', severity: 'warn', explanation, remedy: null }];
  });
}

function verdict(
  scores: readonly SummaryScore[],
  findings: readonly SummaryFinding[],
  beside: LogsBeside,
): Pick<SummaryClaim, 'verdict' | 'explanation'> {
  const fault = findings.find(({ severity }) => severity === 'fail');
  if (fault !== undefined) return { verdict: 'fail', explanation: fault.explanation };
  const claimed = scores.filter(({ role }) => role !== 'other');
  const judged = claimed.filter(({ claim }) => claim !== null && verdictOf(claim) === 'pass');
  const unknown = claimed.find(({ claim }) => claim?.verdict === 'unknown');
  if (unknown !== undefined) return { verdict: 'not_judged', explanation: whyNot([unknown]) };
  const open = unsupported(claimed, beside);
  if (open.length > 0) return { verdict: 'not_judged', explanation: whyNot(open) };
  if (judged.length > 0) {
    const share = `${judged.length} of ${claimed.length} scores judged`;
    return { verdict: 'pass', explanation: `${share}. ${judged[0]!.claim!.explanation}` };
  }
  const sound = confirmed(claimed, beside);
  if (sound !== null) return { verdict: 'pass', explanation: sound };
  return { verdict: 'not_judged', explanation: whyNot(claimed) };
}

/** The headline, where nothing sound stands behind it; without one, the seeds of which that is so. */
function unsupported(
  claimed: readonly SummaryScore[],
  beside: LogsBeside,
): readonly SummaryScore[] {
  const stands = (score: SummaryScore) =>
    (score.claim !== null && verdictOf(score.claim) === 'pass') ||
    (score.error === null && isSound(finalAt(score.log, beside.logs)));
  const seeds = claimed.filter(({ role }) => role === 'seed');
  const headline = claimed.find(({ role }) => role === 'headline');
  if (headline === undefined) return seeds.filter((seed) => !stands(seed));
  if (stands(headline) || meanLogs(headline, claimed, beside)?.every(isSound)) return [];
  const { valBpb } = headline;
  const bpbs = seeds.map((seed) => seed.valBpb);
  const ofSeeds =
    valBpb !== '' &&
    ((seeds.length > 1 && seeds.every(stands) && !bpbs.includes('') && namesMean(valBpb, bpbs)) ||
      seeds.some((seed) => stands(seed) && seed.valBpb !== '' && namesMean(valBpb, [seed.valBpb])));
  return ofSeeds ? [] : [headline];
}

/** JSON drops trailing zeros, and one figure implies nothing: a log that prints the score is judged for it. */
function confirmed(claimed: readonly SummaryScore[], beside: LogsBeside): string | null {
  for (const score of claimed) {
    if (score.error !== null) continue;
    const found =
      score.claim === null
        ? `It states ${figureOf(score)} alone`
        : 'Alone it fits several accountings';
    const final = finalAt(score.log, beside.logs);
    if (final !== null && isSound(final)) {
      return `${found}; line ${score.log!.line} of ${basename(score.log!.path)} prints the score, and is judged.`;
    }
    const finals = score.role === 'headline' ? meanLogs(score, claimed, beside) : null;
    if (finals?.every(isSound)) {
      return `${found}; it is the mean of ${finals.length} scores in the logs beside it, which are judged.`;
    }
  }
  return null;
}

function whyNot(claimed: readonly SummaryScore[]): string {
  for (const { name, claim, error } of claimed) {
    if (claim !== null) return `${name}: ${claim.explanation}`;
    if (error !== null) return `${error.path}: ${error.message}`;
  }
  const figure = claimed[0] === undefined ? 'val_bpb' : figureOf(claimed[0]);
  const other = figure === 'val_loss' ? 'val_bpb' : 'val_loss';
  return `It states ${figure} alone, which implies no denominator: add ${other}.`;
}

function figureOf({ valBpb }: StatedScore): 'val_loss' | 'val_bpb' {
  return valBpb === '' ? 'val_loss' : 'val_bpb';
}

function isSound(final: FinalClaim | null): boolean {
  return final !== null && final.claim !== null && verdictOf(final.claim) === 'pass';
}
