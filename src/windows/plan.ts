/**
 * Window plan: the inputs that each row reads and the targets that it scores.
 *
 * A plan is a list of segments: consecutive targets that are scored by rows of their own. Chunk and
 * sliding windows have one segment, document windows one a document. Inside a segment all three are
 * the same arithmetic, as a chunk is a stride of `seqLen`. Rows are computed on demand, so that a plan
 * of a million rows takes no memory.
 */
import type { TokenStream } from '../data/types.js';
import { inputError } from '../errors.js';
import { type Cut, type CutRow, windowCut } from './cut.js';
import {
  checkWindowOptions,
  NO_START_HINT,
  noDocumentWindows,
  type SkipReason,
  type WindowOptions,
} from './options.js';

/** One row: inputs `t[start .. start+length)`; offsets from `firstScored` on are scored. */
export interface Row {
  readonly start: number;
  readonly length: number;
  readonly firstScored: number;
}

interface Skipped {
  readonly reason: SkipReason;
  readonly targets: number;
}

export interface WindowPlan {
  readonly options: WindowOptions;
  /** Tokens in the stream; its targets are `1 .. tokens-1`. */
  readonly tokens: number;
  readonly rowCount: number;
  row(index: number): Row;
  /** Targets that the rows score, each counted once. */
  readonly scored: number;
  /** Scores of a target beyond its first; 0 except with `compat`. */
  readonly repeated: number;
  readonly skipped: readonly Skipped[];
  /** Segments: consecutive targets with rows of their own, a document or the whole stream. */
  readonly segmentCount: number;
  /** Rows `[from, to)` of segment `s`, from left to right. */
  rowsOfSegment(s: number): readonly [from: number, to: number];
  /** The segment of a row. */
  segmentOf(row: number): number;
}

interface Segments {
  /** `begin[s]` is the stream position of the segment's first input. */
  readonly begin: Uint32Array;
  /** `targets[s]` is how many targets it has: `begin+1 .. begin+targets`. */
  readonly targets: Uint32Array;
}

/**
 * Plans the rows of a stream.
 *
 * @example
 * ```ts
 * import { loadTokenizer, openData, planWindows } from 'bpb-harness';
 *
 * const tokenizer = loadTokenizer('byte260');
 * const data = await openData({ tokenizer, docs: 'docs.jsonl', workers: 1 });
 * const options = { mode: 'sliding', seqLen: 1024, stride: 64, tail: 'drop', compat: null } as const;
 * const plan = planWindows(data.stream, options);
 * console.log(plan.rowCount, plan.scored, plan.skipped, plan.row(1));
 * ```
 * @param stream its length and document starts; ids are not read
 * @throws usage errors for contradicting options, and for document windows of a stream without a start id; BPB_STREAM_TOO_SHORT where a chunk or sliding
 * plan without `tail: 'score'` would score nothing
 */
export function planWindows(
  stream: Pick<TokenStream, 'ids' | 'documentStarts' | 'startId'>,
  options: WindowOptions,
): WindowPlan {
  checkWindowOptions(options);
  return planSegments(stream, options, windowCut(options));
}

/** The plan of a cut that the caller has checked. @throws BPB_STREAM_TOO_SHORT */
export function planSegments(
  stream: Pick<TokenStream, 'ids' | 'documentStarts' | 'startId'>,
  options: WindowOptions,
  cut: Cut,
): WindowPlan {
  const tokens = stream.ids.length;
  if (tokens < 2) {
    throw inputError('BPB_STREAM_TOO_SHORT', {
      message: 'the stream has no target',
      expected: 'at least 2 tokens',
      actual: String(tokens),
    });
  }
  const segments =
    options.mode === 'document' ? documentSegments(tokens, stream) : oneSegment(tokens, options);
  return new SegmentPlan(tokens, segments, options, cut);
}

function oneSegment(tokens: number, options: WindowOptions): Segments {
  const targets = tokens - 1;
  const { seqLen } = options;
  if (options.tail === 'score') {
    return { begin: Uint32Array.of(0), targets: Uint32Array.of(targets) };
  }
  if (targets < seqLen) {
    throw inputError('BPB_STREAM_TOO_SHORT', {
      message: 'the stream is shorter than one row',
      path: '--seq-len',
      expected: `at least ${seqLen} targets for --seq-len ${seqLen}`,
      actual: `${targets} targets`,
      hint: 'take a smaller --seq-len, or --tail score to score a short last row',
    });
  }
  // openai/parameter-golf train_gpt.py L213-L219: usable = ((n-1)//seq_len)*seq_len
  return {
    begin: Uint32Array.of(0),
    targets: Uint32Array.of(Math.floor(targets / seqLen) * seqLen),
  };
}

/** Target `i` belongs to the document of `t[i-1]`: the next start id is a document's last target. */
function documentSegments(
  tokens: number,
  { documentStarts: starts, startId }: Pick<TokenStream, 'documentStarts' | 'startId'>,
): Segments {
  if (startId === null) throw noDocumentWindows(NO_START_HINT);
  const begin = starts.slice();
  const targets = new Uint32Array(starts.length);
  for (let k = 0; k < starts.length; k++) {
    const lastTarget = Math.min(starts[k + 1] ?? tokens - 1, tokens - 1);
    targets[k] = Math.max(0, lastTarget - starts[k]!);
  }
  return { begin, targets };
}

class SegmentPlan implements WindowPlan {
  readonly rowCount: number;
  readonly scored: number;
  readonly repeated: number;
  readonly skipped: readonly Skipped[];
  readonly segmentCount: number;
  /** `rowsBefore[s]` rows come before segment `s`; one entry more than segments. */
  private readonly rowsBefore: Uint32Array;
  /** Segment of the last row that was requested: rows are mostly requested in order. */
  private last = 0;

  constructor(
    readonly tokens: number,
    private readonly segments: Segments,
    readonly options: WindowOptions,
    private readonly cut: Cut,
  ) {
    this.segmentCount = segments.targets.length;
    this.rowsBefore = new Uint32Array(this.segmentCount + 1);
    let scored = 0;
    let repeated = 0;
    for (let s = 0; s < this.segmentCount; s++) {
      const targets = segments.targets[s]!;
      scored += targets;
      repeated += cut.repeated(targets);
      this.rowsBefore[s + 1] = this.rowsBefore[s]! + (targets === 0 ? 0 : cut.rows(targets));
    }
    this.rowCount = this.rowsBefore[this.segmentCount]!;
    this.scored = scored;
    this.repeated = repeated;
    const dropped = tokens - 1 - scored;
    this.skipped = dropped > 0 ? [{ reason: 'tail', targets: dropped }] : [];
  }

  row(index: number): Row {
    const s = this.segmentOf(index);
    const { offset, length, firstScored }: CutRow = this.cut.row(
      index - this.rowsBefore[s]!,
      this.segments.targets[s]!,
    );
    return { start: this.segments.begin[s]! + offset, length, firstScored };
  }

  rowsOfSegment(s: number): readonly [number, number] {
    return [this.rowsBefore[s]!, this.rowsBefore[s + 1]!];
  }

  segmentOf(row: number): number {
    if (!(row >= 0 && row < this.rowCount)) throw new RangeError(`no row ${row}`);
    const before = this.rowsBefore;
    if (row >= before[this.last]! && row < before[this.last + 1]!) return this.last;
    let low = 0;
    let high = this.segmentCount - 1;
    while (low < high) {
      const mid = (low + high + 1) >>> 1;
      if (before[mid]! <= row) low = mid;
      else high = mid - 1;
    }
    this.last = low;
    return low;
  }
}

/** Targets that row `row` scores. */
export function scoredOf(plan: WindowPlan, row: number): number {
  const { length, firstScored } = plan.row(row);
  return length - firstScored;
}
