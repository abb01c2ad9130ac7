/**
 * The options of a score, and of a score of losses that were computed elsewhere.
 */
import type { PortOptions } from '../artifact/load-model.js';
import { type OptionChecks, option } from '../option-check.js';
import type { Progress } from '../progress.js';
import { SEED_MAX } from '../random.js';
import type { DocumentStart } from '../tokenizer/types.js';
import { SLIDING_2026_03_19, WINDOW_MODES, type WindowMode } from '../windows/options.js';
import { PORT_CHECKS } from './port-options.js';
import { ENGINE_CHECKS, type EngineFlags } from './session-options.js';

export interface ScoreOptions extends EngineFlags, PortOptions {
  /** Directory with `artifact.json`, or a bare `.onnx`. */
  artifact: string;
  /** The organizer's side: a file, or `parameter-golf` (docs/rules.md). */
  rules?: string | undefined;
  /** A SentencePiece `.model`, or `byte260`; by default the artifact's own. */
  tokenizer?: string | undefined;
  /** Id before each document, or `none` where nothing stands there; by default the tokenizer's BOS. */
  documentStart?: DocumentStart | undefined;
  /** Shards: a directory or files; or the name of a built-in set. */
  data?: readonly string[] | undefined;
  /** Documents: JSON Lines or an array, also compressed, or Parquet (docs/documents.md). */
  docs?: string | undefined;
  /** The field of each document that holds its text; by default `text`. */
  textField?: string | undefined;
  /** Directory of byte sidecars; by default beside the shards. */
  sidecar?: string | undefined;
  window?: WindowMode | undefined;
  seqLen?: number | undefined;
  /** `none`: whole rows, whatever the artifact says. */
  stride?: number | 'none' | undefined;
  tail?: 'drop' | 'score' | undefined;
  /** `none`: no historical evaluator, whatever the artifact says. */
  compat?: typeof SLIDING_2026_03_19 | 'none' | undefined;
  /** Documents of the same kind that nobody could train on: scored too, and compared (docs/generalisation.md). */
  controlDocs?: string | undefined;
  /** The same as shards: a directory or a file; or the name of a built-in set. */
  controlData?: string | undefined;
  /** Findings about the data that are meant, by id: they withhold nothing (docs/data.md). */
  accept?: readonly string[] | undefined;
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
  /** Of every draw of the run, 0 to 2^32 - 1; by default drawn anew. */
  seed?: number | undefined;
  /** Run the fast probes first, and give no headline where one fails. */
  strict?: boolean | undefined;
  /** With `strict`: score each row again with what follows a drawn place replaced (docs/probe.md). */
  everyRow?: boolean | undefined;
  /** Such places a row; by default 1. */
  cuts?: number | undefined;
  /** Directory for `result.json`, `documents.csv` and the journal. */
  out?: string | undefined;
  /** Replace the files of an earlier run in `out`. */
  force?: boolean | undefined;
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
  | 'tokenizer'
  | 'documentStart'
  | 'data'
  | 'docs'
  | 'textField'
  | 'sidecar'
  | 'limitDocs'
  | 'onProgress'
>;

export interface ClaimedOptions extends TokenOptions, Pick<ScoreOptions, 'accept' | 'command'> {
  /** What was scored and adapted to, in order (docs/ledger.md). */
  ledger: string;
  /** Per-token losses in nats, little-endian fp32 from t[1] on; NaN where a target was not scored. */
  targets: string;
}

/** Cuts a row, at most: a batch is interrupted only behind all of its cuts. */
export const CUTS_MAX = 1000;

export const SCORE_CHECKS: OptionChecks<ScoreOptions> = {
  artifact: option.required(option.text),
  rules: option.text,
  tokenizer: option.text,
  documentStart: option.countOr('none', 0),
  data: option.texts,
  docs: option.text,
  textField: option.text,
  sidecar: option.text,
  window: option.choice(WINDOW_MODES),
  seqLen: option.count(1),
  stride: option.countOr('none', 1, 'BPB_USAGE_INTEGER'),
  tail: option.choice(['drop', 'score']),
  compat: option.choice([SLIDING_2026_03_19, 'none']),
  controlDocs: option.text,
  controlData: option.text,
  accept: option.texts,
  limitDocs: option.count(1),
  part: option.pair,
  ...PORT_CHECKS,
  ...ENGINE_CHECKS,
  optimize: option.flag,
  optimizeTolerance: option.number,
  batchTokens: option.count(1),
  verifyRows: option.count(0),
  seed: option.count(0, SEED_MAX),
  strict: option.flag,
  everyRow: option.flag,
  cuts: option.count(1, CUTS_MAX),
  out: option.text,
  force: option.flag,
  saveTargets: option.flag,
  ledger: option.text,
  command: option.text,
  signal: option.signal,
  onProgress: option.callback,
};

const { tokenizer, documentStart, data, docs, textField, sidecar, limitDocs, onProgress } =
  SCORE_CHECKS;

export const TOKEN_CHECKS: OptionChecks<TokenOptions> = {
  tokenizer,
  documentStart,
  data,
  docs,
  textField,
  sidecar,
  limitDocs,
  onProgress,
};

export const CLAIMED_CHECKS: OptionChecks<ClaimedOptions> = {
  ledger: option.required(option.text),
  targets: option.required(option.text),
  ...TOKEN_CHECKS,
  accept: SCORE_CHECKS.accept,
  command: SCORE_CHECKS.command,
};
