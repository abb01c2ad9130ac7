/**
 * Fingerprints of the challenge's validation sets, to name a data set by its counts.
 *
 * Counts are as published in logs and threads of openai/parameter-golf (docs/challenge.md has the
 * evidence); `targets` are those of the standard chunked evaluation. Equal counts name a set, they
 * do not prove it: sha256 does.
 */

interface KnownSet {
  readonly name: string;
  /** Tokenizer that the token counts belong to; null where it is unknown, or irrelevant. */
  readonly tokenizer: string | null;
  readonly documents: number | null;
  /** Tokens of the stream, BOS included. */
  readonly tokens: readonly number[];
  /** Scored targets of the chunked evaluation. */
  readonly targets: readonly number[];
  /** UTF-8 bytes of the documents, or of the scored targets where only those are known. */
  readonly bytes: readonly number[];
  /** Caution about a set that is not the canonical one. */
  readonly caution?: string;
}

const FULL = 50_000;
/** openai/parameter-golf pull request 1804. */
export const CANONICAL_BYTES = 151_080_891;

export const KNOWN_SETS: readonly KnownSet[] = [
  {
    name: 'fineweb-val-50k',
    tokenizer: null,
    documents: FULL,
    tokens: [],
    targets: [],
    bytes: [CANONICAL_BYTES],
  },
  {
    name: 'fineweb-val-50k/sp1024',
    tokenizer: 'sp1024',
    documents: FULL,
    tokens: [],
    targets: [62_021_632, 62_013_440, 61_997_056],
    bytes: [151_080_363],
  },
  {
    name: 'fineweb-val-50k/sp4096',
    tokenizer: 'sp4096',
    documents: FULL,
    tokens: [],
    targets: [45_508_608, 45_514_752],
    bytes: [],
  },
  {
    name: 'fineweb-val-50k/sp8192',
    tokenizer: 'sp8192',
    documents: FULL,
    tokens: [40_540_803],
    targets: [40_540_160],
    bytes: [CANONICAL_BYTES],
  },
  {
    name: 'fineweb-val-50k/caseops-sp8192',
    tokenizer: 'caseops-sp8192',
    documents: FULL,
    tokens: [47_853_343, 47_853_344],
    targets: [47_851_520],
    bytes: [151_074_309, 151_074_499],
  },
  {
    name: 'fineweb-val-50k/sp16384',
    tokenizer: 'sp16384',
    documents: FULL,
    tokens: [37_147_047],
    targets: [37_146_624],
    bytes: [CANONICAL_BYTES, 151_078_879],
  },
  {
    name: 'fineweb-val-50k/byte260',
    tokenizer: 'byte260',
    documents: FULL,
    tokens: [151_130_891],
    targets: [151_130_112],
    bytes: [CANONICAL_BYTES, 151_080_113],
  },
  {
    name: 'fineweb-val-50k/bytes-without-bos',
    tokenizer: 'bytes',
    documents: null,
    tokens: [],
    targets: [151_076_864],
    bytes: [151_076_864],
    caution: 'documents concatenated without BOS',
  },
  {
    name: 'fineweb-val-10k',
    // Not said where it was seen; 966 tokens a document is near case operators (957), far from sp1024.
    tokenizer: null,
    documents: 10_000,
    tokens: [9_662_502],
    targets: [9_662_464],
    bytes: [],
    caution: 'a shard of 10,000 documents, not the full validation set',
  },
  {
    name: 'fineweb-val-naive-baseline',
    tokenizer: 'sp1024',
    documents: null,
    tokens: [],
    targets: [63_779_840],
    bytes: [],
    caution: 'the set of the first baseline row, not the canonical one',
  },
  { name: 'sotu-val', tokenizer: null, documents: 12, tokens: [], targets: [], bytes: [490_284] },
];

interface Counts {
  readonly documents: number;
  readonly tokens: number;
  readonly targets?: number;
  /** UTF-8 bytes of the published documents, where they are known. */
  readonly bytes?: number;
}

export interface Identified {
  readonly name: string;
  readonly by: 'counts';
  readonly caution?: string;
}

/**
 * Names the known set that has these counts, or null.
 *
 * Tokens decide where both sides have them, else targets, else documents and bytes together; no count
 * that both sides have may differ.
 */
export function identify(counts: Counts): Identified | null {
  const byTokens = KNOWN_SETS.find(
    (set) => set.tokens.includes(counts.tokens) && agrees(set, counts),
  );
  const set =
    byTokens ??
    KNOWN_SETS.find(
      (s) =>
        s.tokens.length === 0 &&
        counts.targets !== undefined &&
        s.targets.includes(counts.targets) &&
        agrees(s, counts),
    ) ??
    KNOWN_SETS.find(
      (s) =>
        s.tokenizer === null &&
        counts.bytes !== undefined &&
        s.bytes.includes(counts.bytes) &&
        agrees(s, counts),
    );
  if (set === undefined) return null;
  const { name, caution } = set;
  return caution === undefined ? { name, by: 'counts' } : { name, by: 'counts', caution };
}

/** The byte counts of the set that `identify` named, and the scored targets that some of them are of. */
export function countsOf({ name }: Identified): Pick<KnownSet, 'bytes' | 'targets'> {
  return KNOWN_SETS.find((set) => set.name === name)!;
}

function agrees(set: KnownSet, counts: Counts): boolean {
  return set.documents === null || set.documents === counts.documents;
}
