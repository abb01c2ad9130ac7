/**
 * A claimed score: losses computed elsewhere, their ledger checked and their bytes counted here.
 */
import { Accounting } from '../bytes/accounting.js';
import { inputError } from '../errors.js';
import { checkAccept } from '../evaluation/accept.js';
import { dataFindings } from '../evaluation/data-findings.js';
import { claimedSettings } from '../evaluation/decided.js';
import { openEvaluation } from '../evaluation/open.js';
import type { OpenData } from '../evaluation/open-data.js';
import { CLAIMED_CHECKS, type ClaimedOptions } from '../evaluation/options.js';
import { type CheckedLedger, checkLedger } from '../ledger/check.js';
import type { ScoreEvent, TargetRange } from '../ledger/events.js';
import { outcomeOf } from '../ledger/outcome.js';
import { Violations, violationText } from '../ledger/violations.js';
import { checkOptionTypes } from '../option-check.js';
import { DocumentTotals } from '../run/totals.js';
import { harnessVersion } from '../version.js';
import type { CoverageMap } from '../windows/coverage.js';
import { judgeBytes } from './denominator.js';
import {
  dataFigures,
  dataNotes,
  identifyData,
  judged,
  scoreFigures,
  totalFigures,
  withRunHash,
} from './figures.js';
import { figureFindings, outcomeFindings, plausibility } from './findings.js';
import { claimIdentityOf } from './identity.js';
import type { ClaimedResult } from './result.js';
import { TargetsFile } from './targets-file.js';

/**
 * Scores losses that were computed elsewhere: they are taken as they are, all else is checked.
 *
 * @example
 * ```ts
 * import { scoreClaimed } from 'bpb-harness';
 *
 * const claim = { ledger: 'run.jsonl', targets: 'targets.f32' };
 * const result = await scoreClaimed({ ...claim, data: ['shards'], tokenizer: 'tokenizer.model' });
 * console.log(result.score.evidence, result.score.val_bpb);
 * ```
 * @throws BPB_LEDGER_REFUSED where the ledger breaks a rule, or its sums are not the targets'
 */
export async function scoreClaimed(options: ClaimedOptions): Promise<ClaimedResult> {
  const started = performance.now();
  checkOptionTypes('scoreClaimed', CLAIMED_CHECKS, options);
  checkAccept(options.accept);
  const { tokenizer, data } = await openEvaluation(options, 'tokens');
  const { stream, sidecar, facts } = data;
  const accounting = new Accounting({ tokenizer, stream, sidecar, facts });
  const ofData = await dataFindings(data, null, options.accept);
  const targets = new TargetsFile(options.targets, stream.ids.length);
  const { checked, totals } = await checkClaim(options.ledger, targets, data);
  const bytes = accounting.totals(scoredRanges(checked.scores, stream.ids.length));

  const { header } = checked;
  const known = identifyData(data, checked.scored);
  const skipped = stream.ids.length - 1 - checked.scored;
  const judgedBytes = judgeBytes(bytes, {
    data,
    known,
    planned: checked.scored,
    namedByCaller: true,
  });
  const figures = {
    score: scoreFigures(totals, bytes, 'claimed'),
    totals: totalFigures(totals, bytes, judgedBytes.denominator),
  };
  const implausible = plausibility(figures, { logits: null, tokenizer: tokenizer.pieces.length });
  const result = {
    schema: 'bpb-result/1' as const,
    ...judged(figures.score, [
      ...figureFindings(figures),
      ...judgedBytes.findings,
      ...ofData,
      ...implausible,
      ...outcomeFindings(outcomeOf(checked)),
    ]),
    decided_by: claimedSettings(options),
    seed: null,
    rules: null,
    totals: figures.totals,
    coverage: {
      tokens: stream.ids.length,
      documents: stream.documentStarts.length,
      scored: checked.scored,
      repeated: 0,
      partial: data.partial || skipped > 0,
      part: null,
      skipped: skipped > 0 ? [{ reason: 'ledger' as const, targets: skipped }] : [],
    },
    window: null,
    artifact: null,
    ...dataFigures({ data, tokenizer }, known),
    engine: null,
    adaptive: null,
    verification: null,
    optimization: null,
    probes: null,
    generalisation: null,
    every_row: null,
    files: null,
    ledger: { file: options.ledger, run: header.run ?? null, hash: checked.hash! },
    claim: {
      evaluator: header.evaluator,
      artifact_sha256: header.artifact,
      reset: header.reset,
      result: outcomeOf(checked),
      updates: checked.updates,
      targets: { file: options.targets, sha256: targets.sha256 },
    },
    time: { total_s: (performance.now() - started) / 1000 },
    notes: [
      'claimed: the nats were made elsewhere; their order, their sums and the bytes were checked here',
      ...(header.stream_sha256 === null ? ['the ledger does not say which stream it is of'] : []),
      ...dataNotes(data),
    ],
    run: { harness: harnessVersion() },
  };
  return withRunHash({ ...result, identity: claimIdentityOf(result) }, options.command ?? '');
}

/** Holds the ledger against its rules, the data and the targets; refuses it where one differs. */
async function checkClaim(
  ledger: string,
  targets: TargetsFile,
  { stream }: OpenData,
): Promise<{ checked: CheckedLedger; totals: DocumentTotals }> {
  const totals = new DocumentTotals(stream.documentStarts.length);
  const violations = new Violations();
  const onScore = (event: ScoreEvent, line: number): void => {
    const { first, count, document } = event;
    // What is not in the stream is a violation already, and has no nats to compare.
    const inside = first + count <= stream.ids.length && document < totals.q30.length;
    if (!inside) return;
    const { q30, infinite, firstInfinite } = targets.sum(first, count);
    totals.add(document, count, q30);
    totals.addInfinite({ count: infinite, first: firstInfinite });
    if (q30 === event.q30 && infinite === event.infinite) return;
    const stated = infinite === event.infinite ? `${event.q30}` : `${event.infinite} infinite`;
    const found = infinite === event.infinite ? `${q30}` : `${infinite}`;
    const message = `targets ${first} to ${first + count - 1}: nats_q30 ${stated}; the targets' nats give ${found}`;
    violations.add('BPB_LEDGER_NATS', line, message, { targets: [first, count], document });
  };
  const checked = await checkLedger(ledger, { stream, violations, onScore });
  if (violations.total > 0) throw refused(ledger, violations);
  if (checked.scored === 0) {
    throw inputError('BPB_LEDGER_EMPTY', {
      message: 'the ledger scores no target',
      path: ledger,
      expected: 'at least one score',
      actual: 'none',
    });
  }
  targets.checkSkipped(checked.scores);
  return { checked, totals };
}

function refused(path: string, violations: Violations) {
  const first = violations.list()[0]!;
  const more = violations.total - 1;
  return inputError('BPB_LEDGER_REFUSED', {
    message: `the ledger does not hold, so no score is given: ${first.code}, ${violationText(first)}`,
    path,
    expected: 'a ledger that keeps every rule, of these targets and this data',
    actual: more === 0 ? 'one violation' : `${more + 1} violations, this the first`,
    hint: 'bpb probe --ledger lists what breaks a rule; docs/ledger.md explains it',
  });
}

/** The scored targets, as runs. */
function* scoredRanges(scores: CoverageMap, tokens: number): Generator<TargetRange> {
  for (let at = 1; at < tokens; ) {
    const first = scores.find(at, tokens - at, true);
    if (first === null) return;
    const end = scores.find(first, tokens - first, false) ?? tokens;
    yield [first, end - first];
    at = end;
  }
}
