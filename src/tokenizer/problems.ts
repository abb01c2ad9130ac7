/**
 * Problems of a vocabulary: thrown by a score, listed by an audit.
 */
import type { BpbError } from '../errors.js';

/** Gets each problem of a vocabulary that cannot be scored. */
export type ReportProblem = (problem: BpbError) => void;

/** Throws the first problem. */
export const refuseProblem: ReportProblem = (problem) => {
  throw problem;
};
