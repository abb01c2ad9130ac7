/**
 * Types of the report of `bpb audit`, schema `bpb-audit/1`.
 */
import type { Identified } from '../data/known-sets.js';
import type { ShardInfo } from '../data/types.js';
import type { LossKind } from './examine/loss.js';

/** `fail`: wrong accounting or wrong data. `warn`: right, with a caution. `info`: a fact. */
export type Severity = 'fail' | 'warn' | 'info';

/** One thing that a named check found. */
export interface Finding {
  check: string;
  severity: Severity;
  /** What was found here, with its figures. */
  detail: string;
  /** The check's own explanation of the mistake and its effect. */
  explanation: string;
  remedy: string;
  /** Bytes counted over the right ones, and what that makes of the bpb; null where unknown. */
  effect: Effect | null;
  examples: readonly string[];
}

export interface Effect {
  /** Counted bytes over right bytes. */
  bytes: number;
  /** Claimed bpb over right bpb: the inverse. */
  bpb: number;
}

/** UTF-8 bytes by accounting; null where an input for one is not there. */
export interface AuditBytes {
  /** As published. */
  original: number | null;
  /** After SentencePiece's normalizer, spaces as one byte. */
  normalized: number | null;
  decoded: number;
  lut: number;
  sidecar: number | null;
  /** By the table given as `lut`. */
  claimed: number | null;
}

export interface VocabularyReport {
  kind: 'sentencepiece' | 'byte260';
  path: string | null;
  sha256: string;
  vocabulary: number;
  specials: { bos: number | null; unknown: number | null; control: Record<string, number> };
  /** The id before each document, or `none`; null where neither pieces nor caller say it. */
  document_start: number | 'none' | null;
  byte_pieces: { fallback: boolean; present: number; missing: number[] };
  /** Id of the piece for a lone space; null where there is none. */
  space_piece: number | null;
  normalizer: {
    name: string;
    add_dummy_prefix: boolean;
    remove_extra_whitespaces: boolean;
    escape_whitespaces: boolean;
    /** sha256 of the compiled character map; null for the identity, which has none. */
    sha256: string | null;
  } | null;
  /** What the round trip of a probe text lost; empty for a tokenizer that keeps every byte. */
  losses: LossKind[];
  case_operators: boolean;
  user_defined: number;
  /** Ids of pieces whose text an earlier one has, and of pieces without text. */
  duplicates: number[];
  empty: number[];
  /** Ids of pieces with a space mark beyond the first character. */
  inner_spaces: number[];
}

/** Every id's bytes by the rule against those measured by encoding and decoding in context. */
export interface MeasuredReport {
  /** Ids whose bytes were measured. */
  measured: number;
  /** Ids that no valid text holds (byte pieces such as C0), so that nothing can be measured. */
  unmeasurable: number;
  /** Ids that encoding their own text in context gives back. */
  reached: number;
  mismatches: { id: number; piece: string; table: number; measured: number }[];
}

export interface TextReport {
  /** Documents file or built-in set; null where the texts were decoded from the shards. */
  source: string | null;
  /** sha256 of the file; null for a built-in set and for shards alone. */
  sha256: string | null;
  /** Identity of the texts themselves, whatever file they came in; null for shards alone. */
  documents_sha256: string | null;
  documents: number;
  /** Tokens of the documents, BOS not counted. */
  tokens: number;
  unknown_tokens: number;
  lossy: { documents: number; by_kind: Partial<Record<LossKind, number>> };
  /** Documents that have it. */
  traits: Record<Trait, number>;
  byte_order_mark: boolean;
}

/** What is odd in a document, though no reason to refuse it. */
export const TRAITS = [
  'empty',
  'one_byte',
  'byte_order_mark',
  'crlf',
  'nul',
  'literal_marker',
  'operator',
  'replacement_character',
] as const;
export type Trait = (typeof TRAITS)[number];

export interface ShardReport {
  shards: ShardInfo[];
  tokens: number;
  documents: number;
  bos: number;
  begins_with_bos: boolean;
  control_tokens: number;
  known_as: Identified | null;
  /** What the evaluator's chunks leave out at the end. */
  tails: { seqLen: number; targets: number; dropped_targets: number; dropped_bytes: number }[];
  /** Documents whose tokens are those that their text encodes to, and those that are not. */
  retokenized: { equal: number; different: number };
}

interface SidecarReport {
  files: ShardInfo[];
  entries: number;
  /** Null where the lengths differ: nothing else can then be compared. */
  sum: number | null;
  confirmed: boolean;
}

interface OverlapReport {
  shards: ShardInfo[];
  documents: number;
  /** Validation documents that are also in the training shards, and their tokens. */
  shared: number;
  shared_tokens: number;
}

/** One part of a script's evaluation. */
interface SourcePartReport {
  part: 'table' | 'aggregation' | 'coverage' | 'sidecar' | 'constants';
  verdict: 'pass' | 'warn' | 'fail' | 'not_judged';
  /** What was compared or found; for `not_judged`, why. */
  reason: string;
  /** 1-based, of the finding or of where the judgement stopped; null where it has no place. */
  line: number | null;
  /** Null for the script that was given. */
  file: string | null;
}

/** A script, or a folder of them, that was read; no Python ran. */
export interface SourceReport {
  path: string;
  /** Scripts read beside it, or in the folder. */
  files: string[];
  /** Packed sources inside it that were unpacked and read too. */
  layers: number;
  parts: SourcePartReport[];
  /** Parts that were judged, 0 to 5. */
  judged: number;
  /** What the script did not let the audit judge, one sentence each. */
  could_not_judge: string[];
}

/** A known mistake, computed on this very data. */
export interface MistakeReport {
  name: string;
  bytes: number;
  effect: Effect;
}

export interface AuditReport {
  schema: 'bpb-audit/1';
  /** `pass` where there is nothing but facts; `not_judged` where no part of the source was judged. */
  verdict: 'pass' | 'warn' | 'fail' | 'not_judged';
  findings: Finding[];
  /** Null where only a source was audited. */
  tokenizer: VocabularyReport | null;
  measured: MeasuredReport | null;
  documents: TextReport | null;
  shards: ShardReport | null;
  sidecar: SidecarReport | null;
  training: OverlapReport | null;
  source: SourceReport | null;
  totals: {
    documents: number;
    tokens: number;
    bytes: AuditBytes;
    headline: 'lut' | 'sidecar';
    /** Bytes over the original's, by accounting, and the bpb that follows. */
    effects: Partial<Record<keyof AuditBytes, Effect>>;
    bytes_per_token: number | null;
  } | null;
  mistakes: MistakeReport[];
  /** Every check by name, and whether this run had what it needs. */
  checks: { name: string; outcome: 'found' | 'clear' | 'not applicable' }[];
  time: { total_s: number; bytes_per_s: number | null };
  run: { harness: string; commit: string | null; command: string | null; date: string };
}
