/**
 * Judges what runs of a script on small sets came to: findings, and a verdict on each part.
 */

import type { Stop } from '../python/values.js';
import { CHECK_PARTS, PARTS, type PartName } from '../source/report.js';
import { judgeAggregation } from './judge-aggregation.js';
import { judgeBuilt } from './judge-built.js';
import { judgeConstants } from './judge-constants.js';
import { judgeCoverage } from './judge-coverage.js';
import { evaluationsOf, finalOf, switchedEvaluations } from './judge-evaluations.js';
import { exportsOf, exportWords, judgeExports } from './judge-exports.js';
import { judgeLimits, judgeLostLimits } from './judge-limits.js';
import { passWords } from './judge-pass.js';
import { judgeRepeats } from './judge-repeats.js';
import { judgeLength, judgeSidecar } from './judge-sidecar.js';
import { judgeTable } from './judge-table.js';
import { judgeTargets } from './judge-targets.js';
import type { Evaluation, Judged } from './judge-types.js';
import type { Limit, Trial } from './types.js';

/** Of a part: with findings, right as far as `reason` says, or null where no run shows it. */
export interface JudgedPart {
  readonly part: PartName;
  readonly findings: readonly Judged[];
  /** What was compared and found right; null where nothing was, or where there are findings. */
  readonly right: string | null;
  /** Why the final figure is not known; null where it is, or was never printed. */
  readonly lost: Stop | null;
}

/** What is known of a program beside its runs. */
interface Known {
  /** Name of the function that a limit stands in, null for the module's own code. */
  readonly functionOf: (limit: Limit) => string | null;
  /** It names case operators, so that data with a sidecar are data of its own. */
  readonly namesOperators: boolean;
  /** It names files of a byte sidecar, so that one that it reads is read as such. */
  readonly namesSidecar: boolean;
  /** It speaks of bits per byte, so that a loss alone is not its score. */
  readonly namesBits: boolean;
}

/** @param trials runs of all scripts of a program; each has a final figure of its own */
export function judgeTrials(trials: readonly Trial[], known: Known): JudgedPart[] {
  const entries = [...new Set(trials.map(({ entry }) => entry))];
  const judged = entries.map((entry) =>
    judgeEntry(
      trials.filter((trial) => trial.entry === entry),
      known,
    ),
  );
  return PARTS.map((part, i) =>
    joined(
      part,
      judged.map((parts) => parts[i]!),
      0,
    ),
  );
}

/** @param preferred whose words are said of what is right: 0 for the first, -1 for the last */
function joined(part: PartName, judged: readonly JudgedPart[], preferred: 0 | -1): JudgedPart {
  const findings = distinct(judged.flatMap((each) => each.findings));
  const rights = judged.flatMap(({ right }) => right ?? []);
  const right = findings.length > 0 ? null : (rights.at(preferred) ?? null);
  return { part, findings, right, lost: judged.find(({ lost }) => lost !== null)?.lost ?? null };
}

function judgeEntry(all: readonly Trial[], known: Known): JudgedPart[] {
  const trials = all.filter(({ switched }) => switched === undefined);
  const plain = trials.filter(({ set }) => set.sidecar === null);
  const operators = trials.filter(({ set }) => set.sidecar !== null);
  const read =
    evaluationsOf(operators).some(({ readings }) =>
      readings.some(({ fromSidecar }) => fromSidecar),
    ) ||
    // Of a run that ended before its figure, it shows no more than that.
    (known.namesSidecar && operators.some((trial) => trial.ended && trial.sidecarAt != null));
  // Right on data of its own, a script need not be so on data that it never names.
  const makes = operators.some(({ set }) => set.texts !== undefined);
  const own = known.namesOperators || read || makes ? [plain, operators] : [plain];
  const judged = own.map((each) => judgeAlike(each, known));
  const parts = PARTS.map((part, i) =>
    joined(
      part,
      judged.map((each) => each[i]!),
      part === 'sidecar' ? -1 : 0,
    ),
  );
  // Where runs on data with a sidecar came to no score and wrote no shards, nothing is known of it.
  const unseen =
    operators.length > 0 &&
    evaluationsOf(operators).length === 0 &&
    exportsOf(operators).length === 0;
  return withSwitched(
    parts.map((each) => (unseen && each.part === 'sidecar' ? { ...each, right: null } : each)),
    all,
  );
}

/** Evaluations that only other settings reach are no score of the script, and may become one. */
function withSwitched(parts: readonly JudgedPart[], trials: readonly Trial[]): JudgedPart[] {
  const found = switchedEvaluations(trials).flatMap(([words, evaluation]) =>
    judgeEvaluation(evaluation).map((one) => ({ words, one })),
  );
  return parts.map((judged) => {
    const others = found
      .filter(({ one }) => CHECK_PARTS[one.check] === judged.part)
      .map(({ words, one }): Judged => {
        const explanation = `${one.explanation} Not reached by the default settings, but with ${words}.`;
        return { ...one, severity: 'warn', explanation };
      });
    if (others.length === 0) return judged;
    return { ...judged, findings: distinct([...judged.findings, ...others]), right: null };
  });
}

/** @param trials all with a sidecar, or all without */
function judgeAlike(trials: readonly Trial[], { functionOf, namesBits }: Known): JudgedPart[] {
  const evaluations = evaluationsOf(trials);
  // Of a final figure that is not known, none of the others says anything.
  const lost = trials.find((trial) => trial.lost != null)?.lost ?? endOf(trials);
  const final = lost === null ? finalOf(evaluations) : null;
  const exported = exportsOf(trials);
  const found = [
    ...evaluations.flatMap((evaluation) => {
      const judged = judgeEvaluation(evaluation);
      // What is not the final figure is no score.
      return evaluation === final && evaluation.final
        ? judged
        : judged.map((one) => ({ ...one, severity: 'warn' as const }));
    }),
    ...(evaluations.length > 0 || exported.length > 0
      ? judgeLimits(
          trials,
          (limit) => isElsewhere(functionOf(limit), evaluations, final),
          exported.length > 0,
        )
      : judgeLostLimits(trials)),
    ...(exported.length > 0 ? judgeExports(trials) : judgeBuilt(trials, final)),
    ...judgeLength(trials),
  ];
  const findings = distinct(found);
  const assumed = findings.some(({ check }) => check === 'bytes-per-token');
  const partial = namesBits && final?.kind === 'loss' && !assumed;
  return PARTS.map((part) => {
    const own = findings.filter(({ check }) => CHECK_PARTS[check] === part);
    return {
      part,
      findings: own,
      lost,
      right:
        own.length > 0
          ? null
          : exported.length > 0
            ? exportWords(part, trials)
            : passWords(part, partial ? null : final, trials),
    };
  });
}

/** Where all runs ended before the script did, which may have come to another figure. */
function endOf(trials: readonly Trial[]): Stop | null {
  const early = trials.every(({ ended }) => ended === true);
  return early ? (trials[0]?.stops.at(-1) ?? null) : null;
}

function judgeEvaluation(evaluation: Evaluation): Judged[] {
  return [
    ...judgeTable(evaluation),
    ...judgeAggregation(evaluation),
    ...judgeCoverage(evaluation),
    ...judgeRepeats(evaluation),
    ...judgeTargets(evaluation),
    ...judgeSidecar(evaluation),
    ...judgeConstants(evaluation),
  ];
}

/** In a function that another evaluation runs and the final one does not. */
function isElsewhere(
  name: string | null,
  evaluations: readonly Evaluation[],
  final: Evaluation | null,
): boolean {
  if (name === null || final === null) return false;
  const runs = ({ readings }: Evaluation) =>
    readings.some(({ score }) => score.functions.includes(name));
  return !runs(final) && evaluations.some(runs);
}

/** Evaluations share functions: the gravest of equal findings, and of each check the first words. */
function distinct(found: readonly Judged[]): Judged[] {
  const kept = new Map<string, Judged>();
  for (const one of found) {
    const key = [one.check, one.explanation].join('\0');
    const known = kept.get(key);
    if (known === undefined || (known.severity === 'warn' && one.severity === 'fail')) {
      kept.set(key, one);
    }
  }
  return [...kept.values()];
}
