/**
 * The options of a verification.
 */
import { type OptionChecks, option } from '../option-check.js';
import type { Progress } from '../progress.js';
import { SEED_MAX } from '../random.js';

export interface VerifyOptions {
  /** The `--out` directory of a score, or a `result.json`. */
  result: string;
  /** The artifact that was scored: its rows are scored again. */
  artifact?: string | undefined;
  /** The tokenizer of the result; by default the artifact's own. */
  tokenizer?: string | undefined;
  /** Shards, or the name of a built-in set; by default what the result names. */
  data?: readonly string[] | undefined;
  /** Documents; by default what the result names. */
  docs?: string | undefined;
  /** The field of each document that holds its text; by default `text`. */
  textField?: string | undefined;
  /** Directory of byte sidecars; by default beside the shards. */
  sidecar?: string | undefined;
  /** Rules to judge the result by; by default shipped ones that it names. */
  rules?: string | undefined;
  /** Operators to allow, each as `DOMAIN::NAME`: a result's own word is not enough. */
  allowOp?: readonly string[] | undefined;
  /** Rows, or documents, to score again; by default 16. */
  rows?: number | undefined;
  /** Seed of their choice; by default a fresh one. */
  seed?: number | undefined;
  /** Threads of the session that scores them; by default one a core. */
  threads?: number | undefined;
  /** What the caller's command line was, for the record. */
  command?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

export const VERIFY_CHECKS: OptionChecks<VerifyOptions> = {
  result: option.required(option.text),
  artifact: option.text,
  tokenizer: option.text,
  data: option.texts,
  docs: option.text,
  textField: option.text,
  sidecar: option.text,
  rules: option.text,
  allowOp: option.texts,
  rows: option.count(1),
  seed: option.count(0, SEED_MAX),
  threads: option.threads(1),
  command: option.text,
  signal: option.signal,
  onProgress: option.callback,
};

export const DEFAULT_ROWS = 16;
