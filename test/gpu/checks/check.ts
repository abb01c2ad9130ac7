/**
 * What must hold on a GPU, written without a test runner: vitest runs it here (10.cuda.test.ts), and
 * scripts/gpu/run-checks.mjs on a machine that has Node and nothing else.
 */

/** Where a check runs, and how it is to judge there. */
export interface Place {
  /** Folder of a libonnxruntime with its CUDA provider, or undefined for onnxruntime-node's own. */
  readonly ortLib: string | undefined;
  /** The bundled model. */
  readonly sotu: string;
  /**
   * Runs assertions on numbers that a device computed. On a CUDA runtime that does nothing they are
   * passed over; everything else is asserted there too.
   */
  values(assertions: () => void): void;
}

export interface Check {
  readonly name: string;
  /** Throws where it does not hold. */
  run(place: Place): Promise<void>;
}
