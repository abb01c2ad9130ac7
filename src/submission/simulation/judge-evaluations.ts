/**
 * Evaluations of a script: scores of all runs, brought together by the line that made them.
 */

import { readScore } from './judge-reading.js';
import type { Evaluation, Reading } from './judge-types.js';
import type { Score, Trial } from './types.js';

/** The figure that counts: the last one that was printed, else the last that was made. */
export function finalOf(evaluations: readonly Evaluation[]): Evaluation | null {
  return evaluations.findLast(({ printed }) => printed) ?? evaluations.at(-1) ?? null;
}

/** In the order in which they were last made. */
export function evaluationsOf(trials: readonly Trial[]): Evaluation[] {
  const byPlace = new Map<string, { order: number; readings: Map<Trial, Reading> }>();
  for (const trial of trials) {
    // Called several times, before training and after: the last call counts.
    for (const [order, score] of [...finals(trial.scores).entries()].reverse()) {
      const place = placeOf(score);
      const entry = byPlace.get(place) ?? { order: 0, readings: new Map() };
      if (entry.readings.has(trial)) continue;
      const reading = readScore(trial, score);
      if (reading === null) continue;
      entry.order = Math.max(entry.order, order);
      entry.readings.set(trial, reading);
      byPlace.set(place, entry);
    }
  }
  const evaluations = [...byPlace.values()]
    .sort((a, b) => a.order - b.order)
    .map(({ readings }) => evaluationOf([...readings.values()]));
  const bpbs = evaluations.filter(({ kind }) => kind === 'bpb');
  return bpbs.length > 0 ? bpbs : evaluations;
}

/** With the settings that lead to each: those in functions that no run by default reaches. */
export function switchedEvaluations(trials: readonly Trial[]): [string, Evaluation][] {
  const bySettings = new Map<string, Trial[]>();
  for (const trial of trials) {
    const words = trial.switched?.words;
    if (words !== undefined) bySettings.set(words, [...(bySettings.get(words) ?? []), trial]);
  }
  return [...bySettings].flatMap(([words, own]) =>
    evaluationsOf(own)
      .filter(({ readings }) => readings.some(({ score, trial }) => isSwitched(score, trial)))
      .map((evaluation): [string, Evaluation] => [words, evaluation]),
  );
}

/** Made by a function that only the run's own settings reach. */
export function isSwitched({ functions }: Score, { switched }: Trial): boolean {
  return functions.some((name) => switched?.functions.includes(name));
}

/** A running figure counts only where the run gave no other, or printed it as its score. */
function finals(scores: readonly Score[]): readonly Score[] {
  const final = scores.filter((score) => score.final || score.printed === true);
  return final.length > 0 ? final : scores.slice(-1);
}

function placeOf({ at, functions, kind }: Score): string {
  return [kind, at.path, at.layer, at.line, ...functions].join('\0');
}

function evaluationOf(readings: readonly Reading[]): Evaluation {
  const ordered = [...readings].sort((a, b) => a.trial.ranks - b.trial.ranks || a.last - b.last);
  const { score } = ordered[0]!;
  const uneven = ordered.filter(({ spread }) => spread !== 'equal');
  return {
    at: score.at,
    // What is divided by counted bytes is a score in bytes, whatever else it was made of.
    kind: ordered.some(({ bytes }) => bytes !== null) ? 'bpb' : score.kind,
    name: score.functions.at(-1) ?? '<module>',
    final: ordered.some((one) => one.score.final || one.score.printed === true),
    printed: ordered.some((one) => one.score.printed === true),
    readings: ordered,
    grouped:
      uneven.some(({ spread }) => spread === 'fractions') ||
      (uneven.length > 0 && uneven.every(({ areMeans }) => areMeans)),
  };
}
