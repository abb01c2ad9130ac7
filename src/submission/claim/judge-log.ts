/**
 * Judgement of every final score of a training log: which set, which window, which accounting.
 */
import { type Family, familyOf } from '../families.js';
import type { LogFacts } from '../log/facts.js';
import { readLog, type TrainingLog } from '../log/read.js';
import { isScore, type ScoreLine } from '../log/score-line.js';
import { overlaps, relativeHalfWidth } from './decimals.js';
import { judgeClaim } from './judge-pair.js';
import { findingsOf } from './log-findings.js';
import type { FinalClaim, LogClaim, WindowEvidence } from './log-types.js';
import { countedOf, runsOf } from './runs.js';
import type { Claim } from './types.js';
import { BLUNT } from './verdict.js';

/**
 * Reads and judges a log.
 *
 * @throws as `readLog` (exit 3)
 */
export async function claimLog(path: string): Promise<LogClaim> {
  return claimTrainingLog(await readLog(path));
}

/** What a caller says of a log that does not say it itself. */
interface Stated {
  readonly tokens?: number | undefined;
  readonly family?: string | undefined;
}

/** As `claimLog`, of a log that is parsed already. */
export function claimTrainingLog(log: TrainingLog, given: Stated = {}): LogClaim {
  const { facts, path } = log;
  const stated = familyOfLog(facts) ?? (given.family === undefined ? null : familyOf(given.family));
  const judged = log.finals.length > 0 ? log.finals : log.lines.slice(-1);
  const tokens = facts.valTokens ?? given.tokens ?? null;
  const judgeAs = (family: Family | null) => judged.map((line) => claimOf(line, tokens, family));
  const blind = judgeAs(stated);
  // One log has one tokenizer: what a score shows of it holds for the others.
  const shown = stated === null ? familyShown(blind) : null;
  const claims = shown === null ? blind : judgeAs(shown);
  const family = stated ?? claims.find((c) => c?.family)?.family ?? null;
  const runs = runsOf(log.lines, judged);
  const named = judged.filter((line) => modeOfLine(line) !== null);
  const scores = judged.map((line, index) => {
    const exact = exactSibling(index, judged, claims);
    return {
      line,
      claim: claims[index] ?? null,
      exactLine: exact === null ? null : judged[exact]!.lineNumber,
      window: windowOf(line, claims[exact ?? index] ?? null, named, facts),
      run: runs[index]!,
    };
  });
  const taken = new Set(countedOf(scores).map(({ line }) => line));
  const finals = scores.map((final): FinalClaim => ({ ...final, counted: taken.has(final.line) }));
  const headline = finals.findLast(({ counted }) => counted) ?? finals.at(-1)!;
  return { path, facts, family, finals, headline, findings: findingsOf(log, finals, family) };
}

/** The path says more than the vocabulary size: case-operator tokenizers have 8,192 pieces too. */
function familyOfLog(facts: LogFacts): Family | null {
  const named = [facts.tokenizerPath, facts.dataPath].map((path) => path && familyOf(path));
  // A case-operator data set outranks a tokenizer file that was renamed to plain "8192".
  if (named.includes('caseops-sp8192') || facts.sidecar) return 'caseops-sp8192';
  if (facts.tokenizerKind === 'byte') return 'byte260';
  return named.find((family) => family !== null && family !== '') || null;
}

/** The tokenizer whose known sets the sharp scores have, where they agree on one. */
function familyShown(claims: readonly (Claim | null)[]): Family | null {
  const families = claims.flatMap((claim) => {
    const known = claim !== null && /^(?:fits|partial|other-set)$/.test(claim.verdict);
    return known && relativeHalfWidth(claim.bytesPerToken) < BLUNT
      ? claim.fits.filter(({ kind }) => kind === 'set').map(({ family }) => family)
      : [];
  });
  const [first = null, ...more] = new Set(families);
  return more.length === 0 ? first : null;
}

function claimOf(line: ScoreLine, valTokens: number | null, family: Family | null): Claim | null {
  if (line.valLoss === '' || !isScore(line)) return null;
  return judgeClaim({
    valLoss: line.valLoss,
    valBpb: line.valBpb,
    tokens: valTokens !== null && valTokens > 0 ? valTokens : undefined,
    family: family ?? undefined,
  });
}

/** Index of a neighbouring line that prints the same score with more digits. */
function exactSibling(
  index: number,
  lines: readonly ScoreLine[],
  claims: readonly (Claim | null)[],
): number | null {
  const own = claims[index];
  if (!own) return null;
  for (const at of [index + 1, index - 1]) {
    const other = claims[at];
    if (!other || lines[at]!.role !== lines[index]!.role) continue;
    const finer = other.valLoss.halfUnit < own.valLoss.halfUnit / 10;
    if (finer && overlaps(own.valLoss, other.valLoss) && overlaps(own.valBpb, other.valBpb)) {
      return at;
    }
  }
  return null;
}

/**
 * Strongest evidence first: the fingerprint of scored-twice tokens, then words, then defaults.
 *
 * @param named the lines that say their window
 */
function windowOf(
  line: ScoreLine,
  judged: Claim | null,
  named: readonly ScoreLine[],
  facts: LogFacts,
): WindowEvidence {
  const windows = new Set(judged?.fits.filter(({ kind }) => kind === 'set').map((f) => f.window));
  if (windows.size === 1 && windows.has('sliding')) {
    return { mode: 'sliding', by: 'bytes per token' };
  }
  const own = modeOfWords(line.label);
  if (own !== null) return { mode: own, by: 'label' };
  const extra = modeOfWords(line.extras['eval_mode'] ?? '');
  if (extra !== null) return { mode: extra, by: 'line' };
  const twin = named.find((other) => sameScore(line, other));
  if (twin !== undefined) return { mode: modeOfLine(twin)!, by: 'same score' };
  if (line.extras['stride'] !== undefined) return { mode: 'sliding', by: 'line' };
  const stated = facts.evalMode === null ? null : modeOfWords(facts.evalMode);
  // It announces the evaluation of the submitted model, not those before quantization.
  if (stated !== null && line.role === 'final') return { mode: stated, by: 'final_eval_mode' };
  if (windows.size === 1 && windows.has('standard')) {
    return { mode: 'standard', by: 'bytes per token' };
  }
  if (/roundtrip/i.test(line.label)) return { mode: 'standard', by: 'label' };
  return { mode: 'unknown', by: 'none' };
}

/** The same figures, whichever of the two lines printed more digits. */
function sameScore(a: ScoreLine, b: ScoreLine): boolean {
  if (a.role !== b.role) return false;
  return (['valLoss', 'valBpb'] as const).every((key) => {
    const [short, long] = a[key].length < b[key].length ? [a[key], b[key]] : [b[key], a[key]];
    const decimals = Math.min((short.split('.')[1] ?? '').length, 17);
    return Math.abs(Number(short) - Number(long)) <= 0.5000001 * 10 ** -decimals;
  });
}

function modeOfLine(line: ScoreLine): 'sliding' | 'adaptive' | null {
  return modeOfWords(line.label) ?? modeOfWords(line.extras['eval_mode'] ?? '');
}

/** Sliding or adaptive, where the words say so; "roundtrip" says nothing about the window. */
function modeOfWords(words: string): 'sliding' | 'adaptive' | null {
  if (/ttt/i.test(words)) return 'adaptive';
  return /sliding/i.test(words) ? 'sliding' : null;
}
