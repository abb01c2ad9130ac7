/**
 * The result document `bpb-result/1`: the fields of a score.
 */
import type { CountedRole } from '../artifact/size.js';
import type { Denominator } from '../bytes/denominator.js';
import type { ShardInfo } from '../data/types.js';
import type { DecidedBy } from '../evaluation/decided.js';
import type { Finding } from '../finding.js';
import type { Generalisation } from '../generalisation/types.js';
import type { LedgerHeader, LedgerReference } from '../ledger/format.js';
import type { RunOutcome } from '../ledger/outcome.js';
import type { BoundInput, LogitsKind } from '../onnx/bind/types.js';
import type { EveryRow } from '../probes/every-row.js';
import type { CountedKind } from '../rules/schema.js';
import type { RulesReport } from '../rules/verdict.js';
import type { ProbeVerdict } from '../verdict.js';
import type { SkipReason, WindowOptions } from '../windows/options.js';
import type { Optimization } from './optimize-run.js';
import type { Verification } from './verify.js';

/** The four accountings of bytes; null where an input for one is not there. */
interface ByteTotals {
  lut: number;
  sidecar: number | null;
  decoded: number | null;
  original: number | null;
}

/** A file beside the result, by which it is known later. */
export interface OutputFile {
  file: string;
  bytes: number;
  sha256: string;
}

export interface ScoreResult {
  schema: 'bpb-result/1';
  /** `withheld` where a finding of severity `fail` leaves no headline. */
  status: 'scored' | 'withheld';
  /** What the reader of the number must know, the reasons for withholding it first. */
  findings: Finding[];
  /** Who decided each setting that moves the number, by its name. */
  decided_by: DecidedBy;
  /** Of every draw of the run: the caller's, or one drawn for this run. */
  seed: number;
  /** The organizer's rules and their verdicts; null where none were named. */
  rules: RulesReport | null;
  score: {
    /** `computed` here from an artifact; `claimed` where the nats were made elsewhere. */
    evidence: 'computed' | 'claimed';
    /** Mean nats a target. */
    val_loss: number | null;
    /** Bits per byte by the headline accounting; null where the number cannot be trusted. */
    val_bpb: number | null;
    bpb_original: number | null;
    bits_per_token: number | null;
    /** Of `val_bpb`, clustered by document. */
    stderr_bpb: number | null;
    ci95_bpb: readonly [number, number] | null;
    infinite_targets: number;
    /** Stream index of the first infinite target. */
    first_infinite: number | null;
  };
  totals: {
    targets: number;
    nats: number;
    /** Exact nats in steps of 2^-30, a decimal integer. */
    nats_q30: string;
    bytes: ByteTotals;
    headline: 'lut' | 'sidecar';
    /** Who confirms the bytes of the headline. */
    denominator: Denominator;
    documents_lossy: number | null;
    documents_altered: number | null;
  };
  coverage: {
    tokens: number;
    documents: number;
    scored: number;
    repeated: number;
    partial: boolean;
    /** `[i, n]`: the i-th of n parts of the plan; null where the whole was scored. */
    part: readonly [i: number, n: number] | null;
    skipped: { reason: SkipReason; targets: number }[];
  };
  window: WindowOptions;
  artifact: {
    name: string;
    sha256: string;
    model_sha256: string;
    bytes_counted: number;
    bytes_limit: number;
    within_limit: boolean | null;
    size_note: string | null;
    /** Each file that counts, and what it is to the score. */
    counted: { file: string; bytes: number; sha256: string; role: CountedRole }[];
    /** What is not in the sum of the counted files. */
    not_counted: CountedKind[];
    /** Files of the artifact's folder that are neither counted nor needed nor documentation; the first 100. */
    uncounted: string[];
    /** Files of weights beside the models. */
    external_data: { file: string; bytes: number; sha256: string }[];
  };
  tokenizer: {
    kind: string;
    vocab: number;
    sha256: string;
    /** The id of its own BOS; null where it has none. */
    bos: number | null;
    /** The id before each document, or `none`; null where neither pieces nor caller say it. */
    document_start: number | 'none' | null;
    /** Of the normalizer's character map; null where it has none. */
    normalizer_sha256: string | null;
  };
  data: {
    shards: ShardInfo[];
    sidecars: ShardInfo[];
    /** `bytes`: of the published texts of the stream's documents, in UTF-8. */
    documents: { source: string; sha256: string; bytes: number } | null;
    known_as: { name: string; by: string } | null;
  };
  engine: {
    name: string;
    provider: string;
    device: string;
    precision: string;
    instruction_set: string;
    /** `cpu`, or the GPUs that were used. */
    devices: string[];
    /** Width of the logits; null where it was not seen. */
    vocabulary: number | null;
    /** Rows and tokens of the largest batch; on a GPU of every batch, the smallest it had to take. */
    batch: readonly [number, number];
    batch_tokens: number;
    workers: number;
    threads: number;
    versions: Readonly<Record<string, string>>;
    device_to_host_bytes: number | null;
    /** The input of the token ids and the output of the logits, as the file names them. */
    tokens_input: string;
    logits_output: string;
    logits_are: LogitsKind;
    /** Inputs beside the token ids, what they were given, and who said so. */
    inputs: Readonly<Record<string, Pick<BoundInput, 'kind' | 'by'>>>;
    /** Operators that the caller allowed, each as `DOMAIN::NAME`. */
    allowed_ops: readonly string[];
  };
  /** How state was carried; null where every row stood alone. */
  adaptive: {
    chunk: number;
    context: number;
    steps: number;
    /** `document` where all of it begins anew at each document. */
    reset: 'document' | 'never';
    /** Runs of the adapt graph, and seconds in them, summed over the workers. */
    adaptations: number;
    adapt_s: number;
  } | null;
  verification: Verification;
  /** What `--optimize` did to the model, and the proof that it is the same one; null without. */
  optimization: Optimization | null;
  /** The ledger file that was kept, by the hash of its last line; null where none was. */
  ledger: LedgerReference | null;
  /** Tables that `--out` wrote beside the result; null where there is none. */
  files: OutputFile[] | null;
  /** Of `--strict`: a failed one is a finding. Null where none were run. */
  probes: ProbeVerdict[] | null;
  /** The comparison with a control set; null where none was named. */
  generalisation: Generalisation | null;
  /** Of `--every-row`: what it did, and the bound that follows. Null without. */
  every_row: EveryRow | null;
  /** Two results with the same hash may be compared so far as the field's name says. */
  identity: { score: string; bits: string };
  time: {
    load_s: number;
    score_s: number;
    /** Inside the runtime's own Run (adaptation included) and in the scorer, over all workers. */
    run_s: number;
    nll_s: number;
    verify_s: number;
    total_s: number;
    targets_per_s: number;
  };
  notes: string[];
  run: { harness: string; commit: string | null; command: string; date: string; sha256: string };
}

/** A score of nats that were made elsewhere: nothing of how they were made is known here. */
export type ClaimedResult = Pick<
  ScoreResult,
  | 'schema'
  | 'status'
  | 'findings'
  | 'decided_by'
  | 'score'
  | 'totals'
  | 'coverage'
  | 'tokenizer'
  | 'data'
  | 'identity'
  | 'notes'
  | 'run'
> & {
  ledger: LedgerReference;
  /** What the ledger says of itself, and the file of its nats. */
  claim: {
    evaluator: string;
    artifact_sha256: string | null;
    reset: LedgerHeader['reset'];
    /** What the run that wrote the ledger came to; null where the ledger does not say. */
    result: RunOutcome | null;
    updates: number;
    targets: { file: string; sha256: string };
  };
  time: { total_s: number };
} & Record<
    | 'seed'
    | 'rules'
    | 'window'
    | 'artifact'
    | 'engine'
    | 'adaptive'
    | 'verification'
    | 'optimization'
    | 'files'
    | 'probes'
    | 'generalisation'
    | 'every_row',
    null
  >;
