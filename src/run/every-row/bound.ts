/**
 * Bound on the share of targets that leak, where nothing moved: `src/probes/every-row.ts` derives it.
 */
export const CONFIDENCE = 0.99;

/** @param cuts N of the bound, above 0 */
export function leakAtMost(cuts: number): number {
  return Math.min(1, -Math.log(1 - CONFIDENCE) / cuts);
}
