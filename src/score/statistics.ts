/**
 * Uncertainty of a score: standard error and interval, clustered by document.
 */
import { studentQuantile } from './student-t.js';

export interface Uncertainty {
  /** Standard error of the ratio, bits per byte; null where there is one document only. */
  readonly stderr: number | null;
  /** 95 % interval; null likewise. */
  readonly ci95: readonly [number, number] | null;
}

/** A ratio, its standard error, and the documents that it is of. */
interface Estimate {
  readonly ratio: number;
  readonly stderr: number | null;
  readonly documents: number;
}

/**
 * Standard error of `R = Σ bits / Σ bytes` over documents, which are the independent units: the
 * tokens of one document are not.
 *
 * Linearized ratio estimator (Cochran, Sampling Techniques, 3rd ed., eq. 6.13, without the finite
 * population factor): `Var R ≈ D/(D-1) · Σ_d (bits_d − R·bytes_d)² / (Σ bytes)²`. The interval
 * takes Student's t with `D-1` degrees of freedom.
 *
 * @param bits bits of each document's scored targets
 * @param bytes bytes of the same targets; documents with neither are left out by the caller
 */
export function ratioUncertainty(bits: Float64Array, bytes: Float64Array): Uncertainty {
  const documents = bits.length;
  const totalBits = bits.reduce((sum, b) => sum + b, 0);
  const totalBytes = bytes.reduce((sum, b) => sum + b, 0);
  if (documents < 2 || totalBytes === 0) return { stderr: null, ci95: null };
  const ratio = totalBits / totalBytes;
  let squares = 0;
  for (let d = 0; d < documents; d++) squares += (bits[d]! - ratio * bytes[d]!) ** 2;
  const stderr = Math.sqrt((documents / (documents - 1)) * squares) / totalBytes;
  const half = studentQuantile(0.975, documents - 1) * stderr;
  return { stderr, ci95: [ratio - half, ratio + half] };
}

/**
 * 95 % interval of `a - b`, ratios of two independent sets: Student's t with the degrees of freedom of Welch and
 * Satterthwaite (Welch 1947, doi 10.1093/biomet/34.1-2.28). Null where one of them has no standard error.
 */
export function differenceInterval(a: Estimate, b: Estimate): readonly [number, number] | null {
  if (a.stderr === null || b.stderr === null) return null;
  const difference = a.ratio - b.ratio;
  const [va, vb] = [a.stderr ** 2, b.stderr ** 2];
  if (va + vb === 0) return [difference, difference];
  const spread = va ** 2 / (a.documents - 1) + vb ** 2 / (b.documents - 1);
  const half = studentQuantile(0.975, (va + vb) ** 2 / spread) * Math.sqrt(va + vb);
  return [difference - half, difference + half];
}
