/**
 * The small validation set on which a script is run, and what came out of a run.
 */
import type { Ratio, Sum } from '../python/sums.js';
import type { Addition, Stop } from '../python/values.js';

/**
 * Tags from here on are of the byte sidecar: entry `i` has the tag `SIDECAR + i`. Tags below are positions of the
 * token stream.
 */
export const SIDECAR = 1 << 24;

export type PieceType = 'normal' | 'unknown' | 'control' | 'user_defined' | 'unused' | 'byte';

export interface SmallPiece {
  readonly piece: string;
  readonly type: PieceType;
}

/** A small vocabulary with every type of piece, a stream of its tokens, and the right answers. */
export interface SmallSet {
  readonly pieces: readonly SmallPiece[];
  /** The stream; each document begins with BOS. */
  readonly ids: readonly number[];
  /** Positions of the documents' first tokens. */
  readonly starts: readonly number[];
  /** Right bytes of the target at each stream position; position 0 is no target. */
  readonly bytes: readonly number[];
  /** The bytes of each target by the byte sidecar of case-operator data; null where the set has none. */
  readonly sidecar: readonly number[] | null;
  /** The documents with their capitals, where those are to be made operators. */
  readonly texts?: readonly string[];
}

/** A quotient that a run made. */
export interface Score {
  /** Loss over bytes (`bpb`), or loss over targets (`loss`). */
  readonly kind: 'bpb' | 'loss';
  readonly value: Ratio | Sum;
  /** Where it was made. */
  readonly at: Stop;
  /** The functions that were running, innermost last. */
  readonly functions: readonly string[];
  /** It was returned from the function that made it, or made outside of any loop that still adds to its sums. */
  readonly final: boolean;
  /** It is part of a text that the run printed as bits per byte. */
  readonly printed?: boolean;
}

/** What a function of the script that builds tables by id returned, when it was run alone. */
export interface BuiltTable {
  /** Where the function begins. */
  readonly at: Stop;
  readonly name: string;
  /** Arrays with a number for each id (flags as 0 and 1), in the order in which they were returned. */
  readonly arrays: readonly (readonly number[])[];
}

/** Shards that a preparation of data wrote. */
export interface Exported {
  /** Where the last shard was written. */
  readonly at: Stop;
  readonly tokens: readonly number[];
  /** Tokens of the largest shard. */
  readonly shard: number;
  /** The header of each shard states the tokens that follow. */
  readonly counted: boolean;
  /** Entries of the sidecar; null where none was written. */
  readonly sidecar: readonly number[] | null;
  /** Settings that leave less in the shards where they are smaller. */
  readonly limits?: readonly ExportLimit[];
}

export interface ExportLimit {
  readonly name: string;
  /** As the script states it, and the smaller one that was tried out. */
  readonly stated: number;
  readonly tried: number;
  /** Tokens that were written with the smaller one. */
  readonly tokens: number;
}

/** One run of the script, or of one of its functions, on a small set. */
export interface Trial {
  /** The script that was run, where a program has several. */
  readonly entry?: string;
  readonly set: SmallSet;
  /** Ranks of the distributed run; their sums are added up where the script adds them up. */
  readonly ranks: number;
  /** Lengths of rows and batches that the script states were divided by this; 1 where they stayed. */
  readonly scale?: number;
  /** Tokens of a row, the longest that the run used; null where it was not seen. */
  readonly seqLen: number | null;
  /** Tokens of the rows that the model was given, short ones at an end left out. */
  readonly rows?: readonly number[];
  /** Calls of a model with tokens, and the tokens of the longest row among them. */
  readonly calls?: { readonly count: number; readonly longest: number };
  readonly stride: number | null;
  readonly scores: readonly Score[];
  /** Where the run could not follow, in order. */
  readonly stops: readonly Stop[];
  /** Why the last figure that was printed as bits per byte is not known; null where it is, or none was printed. */
  readonly lost?: Stop | null;
  /** The steps or the memory were spent before the script's end. */
  readonly ended?: boolean;
  /** Limits met: a stated number that cuts what comes from the whole stream only on a full-size set. */
  readonly limits: readonly Limit[];
  /** What was added to losses that is no loss of a target, by the number in their positions. */
  readonly additions?: readonly Addition[];
  /** Shards of the validation set that the script wrote. */
  readonly exported?: Exported;
  /** Where the run read a byte sidecar last; null where it read none. */
  readonly sidecarAt?: Stop | null;
  /** The run read a byte sidecar, and one with more entries than there are tokens was taken as well. */
  readonly takesLongerSidecar?: boolean;
  /** Tables of builders that were run alone, where no evaluation could be followed. */
  readonly tables?: readonly BuiltTable[];
  /** Settings that the run used in place of the script's defaults, to reach other evaluations. */
  readonly switched?: Switched;
}

/** Settings other than the script's defaults. */
export interface Switched {
  /** `TTT_ENABLED=1` */
  readonly words: string;
  /** Names of the evaluations that no run by default reaches. */
  readonly functions: readonly string[];
}

/** `min(500, rows)`, `tokens[:3_000_000]`, `if i >= 500: break` */
export interface Limit {
  readonly at: Stop;
  /** The stated number, unscaled. */
  readonly limit: number;
  /** What it limits, on the small set. */
  readonly actual: number;
  readonly unit: 'tokens' | 'rows' | 'documents' | 'unknown';
  /** It stands in the call that printed the last figure as bits per byte, whose value is not known. */
  readonly ofLost?: boolean;
  /** A smaller number in its place left fewer targets in the last result, or fewer tokens in the shards. */
  readonly cuts?: boolean;
  /** The setting that states it, where no line shows what it limits. */
  readonly setting?: string;
  /** Whether it limits what is scored has to be tried out: a comparison of numbers. */
  readonly possible?: boolean;
}
