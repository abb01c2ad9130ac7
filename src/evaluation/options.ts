/**
 * The options of a score, of a score of losses that were computed elsewhere, and of an audit.
 */
import type { Progress } from '../progress.js';
import type { SLIDING_2026_03_19, WindowMode } from '../windows/options.js';
import type { EngineFlags } from './session-options.js';

export interface ScoreOptions extends EngineFlags {
  /** Directory with `artifact.json`, or a bare `.onnx`. */
  artifact: string;
  /** A SentencePiece `.model`, or `byte260`; by default the artifact's own. */
  tokenizer?: string | undefined;
  /** Shards: a directory or files; or the name of a built-in set. */
  data?: readonly string[] | undefined;
  /** Documents, one JSON object with `text` a line. */
  docs?: string | undefined;
  /** Directory of byte sidecars; by default beside the shards. */
  sidecar?: string | undefined;
  window?: WindowMode | undefined;
  seqLen?: number | undefined;
  stride?: number | undefined;
  tail?: 'drop' | 'score' | undefined;
  compat?: typeof SLIDING_2026_03_19 | undefined;
  /** Score the first documents only: a partial score. */
  limitDocs?: number | undefined;
  /** `[i, n]`: the i-th of n parts of the plan, `1 <= i <= n`. */
  part?: readonly [number, number] | undefined;
  /** Rewrite the model for speed, and prove on rows of the run that it is the same model. */
  optimize?: boolean | undefined;
  /** Mean difference in nats, either way, that the rewrite may make; by default 1e-4. */
  optimizeTolerance?: number | undefined;
  /** Padded input tokens a batch, at most; one row at least. */
  batchTokens?: number | undefined;
  /** Rows to score a second time; 0 skips the verification. */
  verifyRows?: number | undefined;
  seed?: number | undefined;
  /** Run the fast probes first, and give no headline where one fails. */
  strict?: boolean | undefined;
  /** Directory for `result.json`, `documents.csv` and the journal. */
  out?: string | undefined;
  /** Also write every target's nats, `targets.f32`. */
  saveTargets?: boolean | undefined;
  /** File to keep the ledger in (docs/ledger.md). */
  ledger?: string | undefined;
  /** What the caller's command line was, for the record. */
  command?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** The options that name a token stream. */
export type TokenOptions = Pick<
  ScoreOptions,
  'tokenizer' | 'data' | 'docs' | 'sidecar' | 'limitDocs' | 'onProgress'
>;

export interface ClaimedOptions extends TokenOptions, Pick<ScoreOptions, 'command'> {
  /** What was scored and adapted to, in order (docs/ledger.md). */
  ledger: string;
  /** Per-token losses in nats, little-endian fp32 from t[1] on; NaN where a target was not scored. */
  targets: string;
}

export interface AuditOptions {
  /** A SentencePiece `.model`, or `byte260`; may be left out where a source is audited alone. */
  tokenizer?: string | undefined;
  /** Documents, one JSON object with `text` a line; or the name of a built-in set. */
  docs?: string | undefined;
  /** Shards: a directory or files. */
  data?: readonly string[] | undefined;
  /** Directory of byte sidecars; by default the shards' own. */
  sidecar?: string | undefined;
  /** Training shards, to be searched for the validation documents. */
  trainData?: readonly string[] | undefined;
  /** JSON file with the bytes that a participant's own table gives each id. */
  lut?: string | undefined;
  /** Bytes per token that a participant's evaluation comes to: val_loss / ln 2 / val_bpb. */
  bytesPerToken?: number | undefined;
  /** A training or evaluation script, read and never run. */
  source?: string | undefined;
  /** Directory for `audit.json`, `documents.csv` and `documents.json`. */
  out?: string | undefined;
  /** Threads for the documents; by default one a core for inputs of some megabytes. */
  workers?: number | undefined;
  command?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}
