/**
 * What `bpb init` reports.
 */
import type { PortOptions } from '../artifact/load-model.js';

/** Something that was found, and by what. */
export interface Found {
  /** Part of the manifest, such as `tokenizer`. */
  readonly what: string;
  readonly value: string;
  readonly how: string;
}

/** Something that could not be known, and what to do about it. */
export interface Unknown {
  readonly what: string;
  readonly message: string;
  /** A command line or flag to copy. */
  readonly hint: string;
}

/** What one search gives: a value, and the lines about it. */
export interface Search<T> {
  readonly value: T;
  readonly found: readonly Found[];
  readonly unknown: readonly Unknown[];
}

/** The document `bpb-init/1`. */
export interface InitResult {
  schema: 'bpb-init/1';
  /** Path of the manifest. */
  file: string;
  /** True where there was a manifest, which `--force` replaced. */
  replaced: boolean;
  /** The manifest as it was written (docs/artifact.md). */
  manifest: Readonly<Record<string, unknown>>;
  found: Found[];
  unknown: Unknown[];
  size: { bytes_counted: number; bytes_limit: number };
  /** Command lines to run next. */
  commands: { score: string; probe: string };
  run: { harness: string; commit: string | null; command: string; date: string };
}

export interface InitOptions extends PortOptions {
  /** A model, or the directory of one. */
  path: string;
  /** A SentencePiece `.model`, or `byte260`; by default one that lies beside the model. */
  tokenizer?: string | undefined;
  /** Shards or a built-in set, for the commands; by default shards in the directory, or `sotu-val`. */
  data?: readonly string[] | undefined;
  /** Documents, for the commands. */
  docs?: string | undefined;
  /** Replace an `artifact.json`. */
  force?: boolean | undefined;
  /** What the caller's command line was, for the record. */
  command?: string | undefined;
}
