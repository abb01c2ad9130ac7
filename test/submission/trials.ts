/** Runs of an evaluation in closed form: windows of targets, and the bytes that are counted for each. */
import { Ratio, Sum } from '#bpb/submission/python/sums';
import type { Stop } from '#bpb/submission/python/values';
import type { Score, SmallPiece, SmallSet, Trial } from '#bpb/submission/simulation/types';

export const AT: Stop = { path: 'train_gpt.py', layer: 0, line: 7, reason: '' };

const piece = (text: string, type: SmallPiece['type'] = 'normal'): SmallPiece => ({
  piece: text,
  type,
});

const PIECES: readonly SmallPiece[] = [
  piece('<pad>', 'control'),
  piece('<s>', 'control'),
  piece('</s>', 'control'),
  piece('<unk>', 'unknown'),
  piece('<0x0A>', 'byte'),
  piece('<0xE2>', 'byte'),
  piece('<|sep|>', 'user_defined'),
  piece('<unused0>', 'unused'),
  ...['▁', '▁the', '▁a', '▁of', '▁é', '▁日本', 'a▁b', '▁▁'].map((text) => piece(text)),
  ...['ing', 'ed', 's', 'é', '日', 'th', 'e', 'to', '?', '👍'].map((text) => piece(text)),
];

const NO_TEXT = ['control', 'unknown', 'unused'];

/** The rule of train_gpt.py L180-L204, written once more. */
export function rightBytes(pieces: readonly SmallPiece[], before: number, id: number): number {
  const { piece: text, type } = pieces[id]!;
  if (NO_TEXT.includes(type)) return 0;
  if (type === 'byte') return 1;
  const marked = text.startsWith('▁');
  const space = marked && !NO_TEXT.includes(pieces[before]!.type) ? 1 : 0;
  return Buffer.byteLength(marked ? text.slice(1) : text) + space;
}

/** Documents of 61 tokens; ids in an order that puts every piece after every other. */
export function setOf(tokens: number): SmallSet {
  const ids: number[] = [];
  const starts: number[] = [];
  let state = 1;
  for (let i = 0; i < tokens; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (i % 61 === 0) starts.push(i);
    // Pieces that stand for no text are rare.
    const id = 3 + ((state >>> 16) % (PIECES.length - 3));
    const rare = id === 3 || id === 6 || id === 7;
    ids.push(i % 61 === 0 ? 1 : rare && (state >>> 9) % 4 > 0 ? 9 : id);
  }
  const bytes = ids.map((id, i) => (i === 0 ? 0 : rightBytes(PIECES, ids[i - 1]!, id)));
  return { pieces: PIECES, ids, starts, bytes, sidecar: null };
}

/** Targets `from` to `to`, both included, and the weight of their losses. */
export type Window = readonly [from: number, to: number, weight?: number];

interface Plan {
  readonly set: SmallSet;
  readonly windows: readonly Window[];
  /** Windows whose bytes are counted; those of the losses unless given. */
  readonly counted?: readonly Window[];
  /** Bytes of a target; the right ones unless given. */
  readonly bytesOf?: (position: number) => number;
  readonly ranks?: number;
  readonly seqLen?: number;
  readonly final?: boolean;
  readonly name?: string;
  readonly line?: number;
}

export function terms(windows: readonly Window[], of: (position: number) => number) {
  const sums = new Map<number, number>();
  for (const [from, to, weight = 1] of windows) {
    for (let p = from; p <= to; p++) sums.set(p, (sums.get(p) ?? 0) + weight * of(p));
  }
  return sums;
}

export function scoreOf(plan: Plan): Score {
  const { set, windows, counted = windows, bytesOf = (p) => set.bytes[p]! } = plan;
  return {
    kind: 'bpb',
    value: new Ratio(
      new Sum(
        'loss',
        terms(windows, () => 1 / Math.LN2),
        0,
      ),
      new Sum(
        'count',
        terms(
          counted.map(([from, to]) => [from, to]),
          bytesOf,
        ),
        0,
      ),
    ),
    at: { ...AT, line: plan.line ?? AT.line },
    functions: ['<module>', 'main', plan.name ?? 'eval_val'],
    final: plan.final ?? true,
  };
}

export function trialOf(plan: Plan, scores: readonly Score[] = [scoreOf(plan)]): Trial {
  const { set, ranks = 1, seqLen = 64 } = plan;
  return { set, ranks, scale: 32, seqLen, stride: null, scores, stops: [], limits: [] };
}

/** Rows of `length` targets; with `whole` the last incomplete one is left out. */
export function rows(set: SmallSet, length = 64, whole = true): Window[] {
  const windows: Window[] = [];
  for (let from = 1; from < set.ids.length; from += length) {
    const to = Math.min(from + length - 1, set.ids.length - 1);
    if (!whole || to - from + 1 === length) windows.push([from, to]);
  }
  return windows;
}
