/**
 * Facts that the findings about data are made from.
 */
import { basename } from 'node:path';
import type { StreamSurvey } from '../../bytes/survey.js';
import type { Identified } from '../../data/known-sets.js';
import type { ShardInfo, TokenStream } from '../../data/types.js';
import type { Tokenizer } from '../../tokenizer/types.js';
import type { WindowMode } from '../../windows/options.js';
import { figure } from '../../words.js';

export interface DataFacts {
  readonly stream: TokenStream;
  readonly tokenizer: Tokenizer;
  /** Empty where the stream is documents that were tokenized here. */
  readonly shards: readonly ShardInfo[];
  /** Entries by token; null without a sidecar, and where it is not as long as the stream. */
  readonly sidecar: Uint16Array | null;
  /** Whether the published documents were found in the stream, all of them and in order. */
  readonly confirmed: boolean;
  /** Whether the stream holds the first documents of the shards only. */
  readonly partial: boolean;
  /** Null where it is not known, as of losses that were made elsewhere. */
  readonly mode: WindowMode | null;
  /** Targets below this are scored, those from it on are a tail that is dropped. */
  readonly scoredEnd: number;
  readonly known: Identified | null;
  /** Null where the documents confirm the stream. */
  readonly survey: StreamSurvey | null;
}

/** The part of the stream that a shard holds, `[from, to)`. */
export interface ShardSpan {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Shards as far as the stream reaches. */
export function shardSpans({ shards, stream }: Pick<DataFacts, 'shards' | 'stream'>): ShardSpan[] {
  const spans: ShardSpan[] = [];
  let from = 0;
  for (const { file, tokens } of shards) {
    const to = Math.min(stream.ids.length, from + tokens);
    if (to > from) spans.push({ name: basename(file), from, to });
    from += tokens;
  }
  return spans;
}

/** `token 12 of fineweb_val_000000.bin`. */
export function placeOf(facts: Pick<DataFacts, 'shards' | 'stream'>, position: number): string {
  const span = shardSpans(facts).find(({ to }) => position < to);
  if (span === undefined) return `token ${figure(position)}`;
  return `token ${figure(position - span.from)} of ${span.name}`;
}

export const times = (count: number) => (count === 1 ? 'once' : `${figure(count)} times`);

/** `id 2 ("</s>")`. */
export const named = ({ pieces }: Tokenizer, id: number) =>
  `id ${id} (${JSON.stringify(pieces[id]!.text)})`;
