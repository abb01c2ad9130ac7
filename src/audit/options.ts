/**
 * What a caller asks of an audit.
 */
import { availableParallelism } from 'node:os';
import { usageError } from '../errors.js';
import type { Progress } from '../progress.js';

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

/** Below this many bytes the threads take longer to start than the work does. */
const SMALL_INPUT = 2 << 20;
const MAX_WORKERS = 8;

export function auditWorkers(options: AuditOptions, inputBytes: number): number {
  if (options.workers !== undefined) return options.workers;
  return inputBytes < SMALL_INPUT ? 0 : Math.min(MAX_WORKERS, availableParallelism());
}

const nothing = () =>
  usageError('BPB_USAGE_AUDIT', {
    message: 'there is nothing to audit',
    path: 'tokenizer',
    expected: 'a tokenizer, or --source with a script',
    actual: 'neither',
  });

/** Refuses options that ask for what other options would have to give. */
export function checkOptions(options: AuditOptions): void {
  const { tokenizer, source, data, sidecar, trainData, bytesPerToken, docs, lut } = options;
  const needs = (flag: string, missing: string) =>
    usageError('BPB_USAGE_AUDIT', {
      message: `${flag} needs ${missing}`,
      path: flag,
      expected: `${flag} together with ${missing}`,
      actual: `${flag} alone`,
    });
  if (tokenizer === undefined) {
    const flags = { '--docs': docs, '--data': data, '--lut': lut };
    const flag = Object.entries(flags).find(([, value]) => value !== undefined)?.[0];
    if (flag !== undefined) throw needs(flag, 'a tokenizer');
    if (source === undefined) throw nothing();
  }
  if (sidecar !== undefined && data === undefined) throw needs('--sidecar', '--data');
  if (trainData !== undefined && data === undefined) throw needs('--train-data', '--data');
  if (bytesPerToken === undefined) return;
  if (data === undefined && docs === undefined)
    throw needs('--bytes-per-token', '--docs or --data');
  if (Number.isFinite(bytesPerToken) && bytesPerToken > 0) return;
  throw usageError('BPB_USAGE_AUDIT', {
    message: '--bytes-per-token is not a quotient of bytes and tokens',
    path: '--bytes-per-token',
    expected: 'a positive number, such as 3.7266',
    actual: String(bytesPerToken),
  });
}
