/**
 * The verdict on each part of an evaluation, from a simulation and from findings of the text.
 */
import { CHECK_PARTS, PARTS, type PartName, type Place } from './report.js';
import type { Program, SimulationResult, SourcePart, UnitFinding } from './types.js';

const RANK = { fail: 2, warn: 1, info: 0 } as const;

/**
 * Checks whose mistake no run on right data shows: what is read from the text stands beside a
 * part that a simulation found right.
 */
const NOT_BY_RUNNING: ReadonlySet<string> = new Set(['sidecar-length']);

/** The part that a finding is about; null for one about none of them. */
function partOf({ words }: UnitFinding): PartName | null {
  return CHECK_PARTS[words.check];
}

/**
 * The findings that stand: those of the simulation, and those of the text about parts that it did
 * not judge, or in which it found a mistake of the same kind.
 */
export function standing(
  text: readonly UnitFinding[],
  simulation: SimulationResult | null,
): UnitFinding[] {
  if (simulation === null) return [...text];
  const judged = new Set<PartName | null>(
    simulation.parts.filter(({ verdict }) => verdict !== 'not_judged').map(({ part }) => part),
  );
  const kept = text.filter((finding) => {
    const part = partOf(finding);
    return part === null || !judged.has(part) || NOT_BY_RUNNING.has(finding.words.check);
  });
  // One mistake, seen both ways: the text may name it, or its place, more closely than its effect does.
  const taken = new Set<UnitFinding>();
  const seen = simulation.findings.flatMap((finding): UnitFinding[] => {
    const closer = text.find((each) => isCloser(each, finding));
    if (closer === undefined) return [finding];
    if (taken.has(closer)) return [];
    taken.add(closer);
    const { severity } = finding.words;
    const explanation = `${closer.words.explanation} ${finding.words.explanation}`;
    return [{ ...closer, words: { ...closer.words, severity, explanation } }];
  });
  return [...seen, ...kept];
}

/** What a wrong marker does to a table. */
const BY_MARKER: ReadonlySet<string> = new Set([
  'kept-marker',
  'leading-space-twice',
  'space-not-counted',
  'wrong-bytes',
]);

/** Whether a finding of the text says what is behind one of a run. */
function isCloser(text: UnitFinding, run: UnitFinding): boolean {
  if (partOf(run) !== 'table' || partOf(text) !== 'table') return false;
  if (text.words.check === 'lut-marker') return BY_MARKER.has(run.words.check);
  return text.words.check === run.words.check || run.words.check === 'wrong-bytes';
}

/**
 * What is known about the five parts, in the order of `PARTS`. Without a simulation a part is
 * judged by a finding alone: a text in which nothing was found has not been shown to be right.
 *
 * @param findings those that stand
 */
export function judgeParts(
  program: Program,
  findings: readonly UnitFinding[],
  simulation: SimulationResult | null,
  locate: (finding: Pick<UnitFinding, 'unit' | 'node'>) => Place,
): SourcePart[] {
  return PARTS.map((part): SourcePart => {
    const simulated = simulation?.parts.find((each) => each.part === part) ?? null;
    const worst = findings
      .filter((finding) => partOf(finding) === part && finding.words.severity !== 'info')
      .toSorted((a, b) => RANK[b.words.severity] - RANK[a.words.severity])[0];
    if (worst !== undefined) {
      const known = simulated === null ? 0 : rankOf(simulated);
      // The simulation's own words for what it found come with its figures.
      if (simulated !== null && known >= RANK[worst.words.severity]) return simulated;
      const { line, file } = locate(worst);
      const { severity, explanation } = worst.words;
      return { part, verdict: severity as 'warn' | 'fail', reason: explanation, line, file };
    }
    return simulated ?? notJudged(part, program, locate);
  });
}

function rankOf({ verdict }: SourcePart): number {
  return verdict === 'fail' || verdict === 'warn' ? RANK[verdict] : -1;
}

function notJudged(
  part: PartName,
  { opaque }: Program,
  locate: (finding: Pick<UnitFinding, 'unit' | 'node'>) => Place,
): SourcePart {
  const [hidden] = opaque;
  if (hidden !== undefined) {
    const { line, file } = locate(hidden);
    const reason = `code that the script runs could not be read: ${hidden.reason}`;
    return { part, verdict: 'not_judged', reason, line, file };
  }
  const reason = 'the text shows no known mistake, and the script was not run';
  return { part, verdict: 'not_judged', reason, line: null, file: null };
}
