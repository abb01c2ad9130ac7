/**
 * The options of an audit.
 */
import { type OptionChecks, option } from '../option-check.js';
import type { Progress } from '../progress.js';
import type { DocumentStart } from '../tokenizer/types.js';

export interface AuditOptions {
  /** A SentencePiece `.model`, or `byte260`; may be left out where a source is audited alone. */
  tokenizer?: string | undefined;
  /** Id before each document, or `none` where nothing stands there; by default the tokenizer's BOS. */
  documentStart?: DocumentStart | undefined;
  /** Documents (docs/documents.md), or the name of a built-in set. */
  docs?: string | undefined;
  /** The field of each document that holds its text; by default `text`. */
  textField?: string | undefined;
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
  /** A training or evaluation script, a folder of one program, or `-` for stdin; no Python runs. */
  source?: string | undefined;
  /** Directory for `audit.json`, `documents.csv` and `documents.json`. */
  out?: string | undefined;
  /** Threads for the documents; by default one a core for inputs of some megabytes. */
  workers?: number | undefined;
  command?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

export const AUDIT_CHECKS: OptionChecks<AuditOptions> = {
  tokenizer: option.text,
  documentStart: option.countOr('none', 0),
  docs: option.text,
  textField: option.text,
  data: option.texts,
  sidecar: option.text,
  trainData: option.texts,
  lut: option.text,
  bytesPerToken: option.number,
  source: option.text,
  out: option.text,
  workers: option.threads(0),
  command: option.text,
  signal: option.signal,
  onProgress: option.callback,
};
