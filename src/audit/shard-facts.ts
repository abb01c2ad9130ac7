/**
 * Facts of the shards alone: counts, the known set, the tail of the windows.
 */
import { type Lut, sumLut } from '../bytes/lut.js';
import { identify } from '../data/known-sets.js';
import type { ShardInfo, TokenStream } from '../data/types.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { ShardReport } from './types.js';

/** Sequence lengths at which the challenge's evaluators cut the stream. */
const USUAL_SEQ_LENS = [1024, 2048, 4096] as const;

export interface ShardFacts extends Omit<ShardReport, 'retokenized'> {
  /** Share of tokens below id 32; of a text under 1 %, of a byte sidecar nearly all. */
  readonly lowIds: number;
  /** LUT bytes over all targets of the stream. */
  readonly lutBytes: number;
}

const LOW_ID = 32;

/** Bytes of the targets `[from, to)` in the headline accounting. */
type ByteSum = (from: number, to: number) => number;

/** The chunked evaluation of `seqLen` scores `⌊(n−1)/seqLen⌋·seqLen` targets (train_gpt.py L218). */
function tail({ ids }: TokenStream, bytes: ByteSum, seqLen: number): ShardReport['tails'][number] {
  const n = ids.length;
  const targets = Math.floor((n - 1) / seqLen) * seqLen;
  return {
    seqLen,
    targets,
    dropped_targets: n - 1 - targets,
    dropped_bytes: bytes(targets + 1, n),
  };
}

export function readShardFacts(
  shards: readonly ShardInfo[],
  stream: TokenStream,
  tokenizer: Tokenizer,
  lut: Lut,
  /** By the table, unless something else is the headline. */
  bytes: ByteSum = (from, to) => sumLut(lut, stream.ids, from, to),
): ShardFacts {
  const { ids, documentStarts } = stream;
  const isControl = tokenizer.pieces.map(
    ({ type }, id) => type === 'control' && id !== stream.startId,
  );
  let low = 0;
  let control_tokens = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id < LOW_ID) low++;
    if (isControl[id]) control_tokens++;
  }
  const begins_with_bos = stream.startId !== null && ids[0] === stream.startId;
  const documents = documentStarts.length;
  const tails = USUAL_SEQ_LENS.map((seqLen) => tail(stream, bytes, seqLen));
  const lutBytes = sumLut(lut, ids, 1, ids.length);
  const counts = { documents, tokens: ids.length, bytes: lutBytes };
  // The published counts of targets are those of some sequence length: any may name the set.
  const known_as =
    tails.map(({ targets }) => identify({ ...counts, targets })).find((set) => set !== null) ??
    identify(counts);
  return {
    shards: [...shards],
    tokens: ids.length,
    documents,
    bos: stream.startId === null ? 0 : begins_with_bos ? documents : documents - 1,
    begins_with_bos,
    control_tokens,
    known_as,
    tails,
    lowIds: low / ids.length,
    lutBytes,
  };
}
