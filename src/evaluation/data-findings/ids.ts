/**
 * Findings about ids that no document has: padding at the ends of shards, ids inside documents that no text
 * encodes to, ids beside the starts.
 */
import { foreignSigns } from '../../bytes/survey.js';
import { BpbError } from '../../errors.js';
import type { Finding } from '../../finding.js';
import { note } from '../../finding.js';
import { createEncoder } from '../../tokenizer/encoder.js';
import type { Encoder } from '../../tokenizer/types.js';
import { figure, plural } from '../../words.js';
import { type DataFacts, named, placeOf, type ShardSpan, shardSpans, times } from './facts.js';
import { found } from './table.js';

export async function idFindings(facts: DataFacts): Promise<Finding[]> {
  const padding = await paddingOf(facts);
  const findings = paddingFindings(facts, padding);
  const signs = facts.survey === null ? [] : foreignSigns(facts.survey);
  if (signs.length > 0) {
    // Where documents begin and what is in them cannot be read then either.
    const message = `the shards look like those of another tokenizer: ${signs.join('; ')}`;
    return [...findings, found('other-tokenizer', message)];
  }
  const census = censusOf(facts, padding);
  return [...findings, ...impossibleFindings(facts, census), ...endFindings(facts, census)];
}

/** A run at the end of a shard, `[from, to)`. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly id: number;
}

/** Kinds of ids, by what they are in a document. */
const TEXT = 0;
const START = 1;
const CONTROL = 2;
/** Unused pieces, and the unknown one where each text has pieces. */
const NEVER = 3;

function kindsOf(facts: DataFacts): Uint8Array {
  const { tokenizer } = facts;
  const start = separatorOf(facts);
  return Uint8Array.from(tokenizer.pieces, ({ type }, id) => {
    if (id === start) return START;
    if (type === 'control') return CONTROL;
    return type === 'unused' || (type === 'unknown' && tokenizer.byteFallback) ? NEVER : TEXT;
  });
}

/** What stands between documents: the start id, or where that does not occur the control piece that does. */
function separatorOf({ tokenizer: { pieces }, stream, survey }: DataFacts): number | null {
  if (startsOccur(stream)) return stream.startId;
  const control = survey?.control?.id ?? null;
  return control !== null && /pad/i.test(pieces[control]!.text) ? null : control;
}

const startsOccur = ({ ids, documentStarts, startId }: DataFacts['stream']) =>
  startId !== null && (documentStarts.length > 1 || ids[0] === startId);

/** Documents without text at the end of a shard, at most: more of them are padding. */
const EMPTY_DOCUMENTS = 8;
/** Repetitions of an ordinary piece that are looked at. */
const REPEATED = 8;
/** More repetitions than a text has even where it can be so: of a word, of a byte (a line of dashes). */
const MANY = { normal: 64, byte: 256 };

async function paddingOf(facts: DataFacts): Promise<Run[]> {
  const { ids } = facts.stream;
  const kinds = kindsOf(facts);
  const runs: Run[] = [];
  let encoder: Encoder | null | undefined;
  for (const span of shardSpans(facts)) {
    const without = textlessRun(ids, span, kinds);
    if (without !== null) {
      runs.push(without);
      continue;
    }
    // Pieces that the published documents have are text, however often they stand there.
    if (facts.confirmed) continue;
    const repeated = repeatedRun(ids, span);
    if (repeated === null || kinds[repeated.id] !== TEXT) continue;
    encoder ??= await encoderOf(facts);
    if (isPadding(ids.subarray(repeated.from, repeated.to), facts.tokenizer, encoder))
      runs.push(repeated);
  }
  return runs;
}

/** Ids without text at the end of a shard, beyond those that may end and begin documents. */
function textlessRun(
  ids: ArrayLike<number>,
  { from: begin, to }: ShardSpan,
  kinds: Uint8Array,
): Run | null {
  let from = to;
  let starts = 0;
  while (from > begin && kinds[ids[from - 1]!] !== TEXT) {
    from--;
    if (kinds[ids[from]!] === START) starts++;
  }
  const others = to - from - starts;
  // Each document may have one id behind its text.
  if (others <= starts + 1 && starts < EMPTY_DOCUMENTS) return null;
  const counts = new Map<number, number>();
  for (let i = from; i < to; i++) counts.set(ids[i]!, (counts.get(ids[i]!) ?? 0) + 1);
  const [[id]] = [...counts].sort((a, b) => b[1] - a[1]) as [[number, number]];
  return { from, to, id };
}

function repeatedRun(ids: ArrayLike<number>, { from: begin, to }: ShardSpan): Run | null {
  let from = to - 1;
  while (from > begin && ids[from - 1] === ids[to - 1]) from--;
  return to - from < REPEATED ? null : { from, to, id: ids[to - 1]! };
}

/** Whether a text would have other ids than one piece over and over; a few more than any text repeats one. */
function isPadding(
  run: ArrayLike<number>,
  { pieces }: DataFacts['tokenizer'],
  encoder: Encoder | null,
): boolean {
  const { type } = pieces[run[0]!]!;
  if (run.length >= MANY[type === 'byte' ? 'byte' : 'normal']) return true;
  if (encoder === null) return false;
  const text = textOf(run, encoder);
  if (text === null || /^\0+$/.test(text)) return true;
  const again = encoder.encode(text).filter((id) => id === run[0]).length;
  return 2 * again < run.length;
}

/** Null for case operators without anything that they are about. */
function textOf(run: ArrayLike<number>, encoder: Encoder): string | null {
  try {
    return encoder.decode(run);
  } catch (error) {
    if (error instanceof BpbError) return null;
    throw error;
  }
}

/** Null where SentencePiece does not load the model. */
async function encoderOf({ tokenizer }: DataFacts): Promise<Encoder | null> {
  try {
    return await createEncoder(tokenizer);
  } catch (error) {
    if (error instanceof BpbError) return null;
    throw error;
  }
}

function paddingFindings(facts: DataFacts, runs: readonly Run[]): Finding[] {
  const [first] = runs;
  if (first === undefined) return [];
  const tokens = runs.reduce((sum, { from, to }) => sum + to - from, 0);
  const ends = runs.length === 1 ? '' : `, at the ends of ${plural(runs.length, 'shard')}`;
  const what = `${plural(tokens, 'token')} of padding, mostly ${named(facts.tokenizer, first.id)}, from ${placeOf(facts, first.from)} on${ends}`;
  return first.from >= facts.scoredEnd
    ? [note('padding-at-end', `${what}; it lies in the tail that is not scored`)]
    : [found('padding-at-end', what)];
}

interface Seen {
  readonly id: number;
  count: number;
  readonly first: number;
}

interface Census {
  /** Ids of no text inside documents. */
  readonly inside: Map<number, Seen>;
  /** Control pieces that end or begin documents beside the start id. */
  readonly edges: Map<number, Seen>;
}

function add(to: Map<number, Seen>, id: number, position: number): void {
  const seen = to.get(id);
  if (seen === undefined) to.set(id, { id, count: 1, first: position });
  else seen.count++;
}

/** Looks through the stream once; `padding` is left out, and ascending. */
function censusOf(facts: DataFacts, padding: readonly Run[]): Census {
  const { ids } = facts.stream;
  const kinds = kindsOf(facts);
  const census: Census = { inside: new Map(), edges: new Map() };
  let next = 0;
  for (let i = 0; i < ids.length; i++) {
    if (kinds[ids[i]!] === TEXT) continue;
    while (padding[next] !== undefined && padding[next]!.to <= i) next++;
    const run = padding[next];
    if (run !== undefined && i >= run.from) {
      i = run.to - 1;
      continue;
    }
    const from = i;
    while (i + 1 < ids.length && i + 1 !== run?.from && kinds[ids[i + 1]!] !== TEXT) i++;
    const outer = from === 0 || i + 1 === (run?.from ?? ids.length);
    enter(census, ids, kinds, [from, i + 1], outer);
  }
  return census;
}

/** A run of ids without text: between documents each start may have one id of a kind before and after it. */
function enter(
  { inside, edges }: Census,
  ids: ArrayLike<number>,
  kinds: Uint8Array,
  [from, to]: readonly [number, number],
  /** Whether the stream begins or ends there. */
  outer: boolean,
): void {
  let starts = 0;
  const counts = new Map<number, number>();
  for (let i = from; i < to; i++) {
    const id = ids[i]!;
    if (kinds[id] === START) starts++;
    else counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  if (counts.size === 0) return;
  const between = starts > 0 || outer;
  for (let i = from; i < to; i++) {
    const id = ids[i]!;
    if (kinds[id] === START) continue;
    const edge = between && kinds[id] === CONTROL && counts.get(id)! <= starts + 1;
    add(edge ? edges : inside, id, i);
  }
}

/** Ids that a message names one by one. */
const NAMED = 3;

function listed(facts: DataFacts, seen: ReadonlyMap<number, Seen>): string {
  const all = [...seen.values()].sort((a, b) => b.count - a.count);
  const parts = all.slice(0, NAMED).map(({ id, count }) => {
    return `${named(facts.tokenizer, id)} ${times(count)}`;
  });
  const more = all.length > NAMED ? ` and ${figure(all.length - NAMED)} more` : '';
  return `${parts.join(', ')}${more}`;
}

function impossibleFindings(facts: DataFacts, { inside }: Census): Finding[] {
  if (inside.size === 0) return [];
  const first = Math.min(...[...inside.values()].map((seen) => seen.first));
  const message = `ids inside documents that no text encodes to: ${listed(facts, inside)}, the first at ${placeOf(facts, first)}`;
  return [found('impossible-ids', message)];
}

function endFindings(facts: DataFacts, { edges }: Census): Finding[] {
  const { tokenizer, survey } = facts;
  if (edges.size > 0) {
    const message = `ids beside the document starts, which have nats and no bytes: ${listed(facts, edges)}`;
    return [found('document-end-ids', message)];
  }
  // Without a document start another finding says it.
  const separator = separatorOf(facts);
  if (tokenizer.documentStart !== 'none' || separator === null) return [];
  const count = times(survey!.control!.count);
  const message = `nothing is to stand between documents, and ${named(tokenizer, separator)} occurs ${count}: it has nats and no bytes`;
  const hint = `where documents begin with it: --document-start ${separator}`;
  return [found('document-end-ids', message, { hint })];
}
