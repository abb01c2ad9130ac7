/**
 * Types of the report of `bpb doctor`, schema `bpb-doctor/1`.
 */

export interface Finding {
  readonly name: string;
  /** What it is needed for: any score, scores on a GPU, or building the parts for a GPU. */
  readonly for: 'cpu' | 'gpu' | 'build';
  readonly found: boolean;
  /** What was found, or why it was not. */
  readonly detail: string;
  /** The one thing to do about it; null where nothing is needed. */
  readonly hint: string | null;
  /** Where scores can be had without it: which of them cannot. */
  readonly lacks?: string;
}

/** A finding in the report, where programs may know its `hint` by an older name. */
interface ReportedFinding extends Finding {
  /** The same as `hint`. */
  readonly mend: string | null;
}

export interface Gpu {
  readonly device: string;
  readonly name: string;
  readonly compute_capability: string;
  readonly memory_bytes: number;
}

export interface DoctorReport {
  readonly schema: 'bpb-doctor/1';
  readonly harness: string;
  /** Whether the engines of that kind can score here. */
  readonly cpu: boolean;
  readonly gpu: boolean;
  /** What the GPU engine cannot run here though it can score; empty where `gpu` is false. */
  readonly gpu_lacks: readonly string[];
  readonly gpus: readonly Gpu[];
  readonly findings: readonly ReportedFinding[];
}
