/**
 * What shards say before any document is looked at: counts, the known set, the tail of the windows.
 */
import { type Lut, sumLut } from '../bytes/lut.js';
import { identify } from '../data/known.js';
import type { ShardInfo, TokenStream } from '../data/types.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { ShardReport } from './types.js';

/** Sequence lengths at which the challenge's evaluators cut the stream. */
export const USUAL_SEQ_LENS = [1024, 2048, 4096] as const;

export interface ShardFacts extends Omit<ShardReport, 'retokenized'> {
  /** Share of tokens below id 32; of a text under 1 %, of a byte sidecar nearly all. */
  readonly lowIds: number;
  /** LUT bytes over all targets of the stream. */
  readonly lutBytes: number;
}

const LOW_ID = 32;

/** The chunked evaluation of `seqLen` scores `⌊(n−1)/seqLen⌋·seqLen` targets (train_gpt.py L218). */
function tail({ ids }: TokenStream, lut: Lut, seqLen: number): ShardReport['tails'][number] {
  const n = ids.length;
  const targets = Math.floor((n - 1) / seqLen) * seqLen;
  return {
    seqLen,
    targets,
    droppedTargets: n - 1 - targets,
    droppedBytes: sumLut(lut, ids, targets + 1, n),
  };
}

export function readShardFacts(
  shards: readonly ShardInfo[],
  stream: TokenStream,
  tokenizer: Tokenizer,
  lut: Lut,
): ShardFacts {
  const { ids, documentStarts } = stream;
  const isControl = tokenizer.pieces.map(
    ({ type }, id) => type === 'control' && id !== tokenizer.bosId,
  );
  let low = 0;
  let controlTokens = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id < LOW_ID) low++;
    if (isControl[id]) controlTokens++;
  }
  const beginsWithBos = ids[0] === tokenizer.bosId;
  const documents = documentStarts.length;
  const tails = USUAL_SEQ_LENS.map((seqLen) => tail(stream, lut, seqLen));
  const lutBytes = sumLut(lut, ids, 1, ids.length);
  const counts = { documents, tokens: ids.length, bytes: lutBytes };
  // The published counts of targets are those of some sequence length: any may name the set.
  const knownAs =
    tails.map(({ targets }) => identify({ ...counts, targets })).find((set) => set !== null) ??
    identify(counts);
  return {
    shards: [...shards],
    tokens: ids.length,
    documents,
    bos: beginsWithBos ? documents : documents - 1,
    beginsWithBos,
    controlTokens,
    knownAs,
    tails,
    lowIds: low / ids.length,
    lutBytes,
  };
}
