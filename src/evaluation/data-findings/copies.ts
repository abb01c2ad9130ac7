/**
 * Findings about shards that hold the same: copies by their names, and by their contents.
 */
import { basename } from 'node:path';
import { IdsHash } from '../../data/ids-hash.js';
import type { Finding } from '../../finding.js';
import { figure } from '../../words.js';
import { type DataFacts, type ShardSpan, shardSpans } from './facts.js';
import { found } from './table.js';

/**
 * What file managers, browsers and editors add to the name of a copy, in any of their languages where it
 * ends in a number: ` (1)`, ` - Copy`, ` copy 2`, `_bak`, `.orig`, `~`.
 */
const ADDED =
  /^(?:[\s._-]*\(\d+\)|[\s._-]*[(]?(?:copy|copie|copia|kopie|kopia|backup|bak|old|orig|dup|duplicate|tmp)[)]?[\s._-]*\(?\d*\)?|~\d*)$/i;
const BEFORE =
  /^(?:copy|copie|copia|kopie|kopia|backup|bak|old|orig)(?:\s+(?:of|de|von|di))?[\s._-]+/i;
/** After a number of the layout nothing else may follow. */
const NUMBERED = /^fineweb_[a-z]+_\d+/;

/** The name without `.bin`, wherever that stands: `a.bin.bak` is a copy of `a.bin`. */
const stemOf = (file: string) => basename(file).replace(/\.bin(?=$|[.~\s_-])/, '');

/** Whether `name` is that of a copy of `original`, both without `.bin`. */
function isCopy(name: string, original: string): boolean {
  if (name === original) return false;
  if (name.replace(BEFORE, '') === original) return true;
  if (!name.startsWith(original)) return false;
  const added = name.slice(original.length);
  return ADDED.test(added) || (NUMBERED.exec(original)?.[0] === original && !/^\d/.test(added));
}

export function copyFindings({ shards, partial, ...facts }: DataFacts): Finding[] {
  const findings: Finding[] = [];
  const named = shards.map(({ file }) => ({ file, stem: stemOf(file) }));
  const copies = named.flatMap(({ file, stem }) => {
    const original = named.find((other) => isCopy(stem, other.stem));
    return original === undefined ? [] : [{ copy: basename(file), of: basename(original.file) }];
  });
  if (copies.length > 0) {
    const [{ copy, of }] = copies as [(typeof copies)[0]];
    const more = copies.length === 1 ? '' : `, and ${figure(copies.length - 1)} more are copies`;
    findings.push(found('shard-copy', `${copy} is a copy of ${of} by its name${more}`));
  }
  const odd = named.find(
    ({ file, stem }) =>
      NUMBERED.test(stem) &&
      NUMBERED.exec(stem)![0] !== stem &&
      !copies.some(({ copy }) => copy === basename(file)),
  );
  if (odd !== undefined) {
    const message = `${basename(odd.file)} has more in its name than a number: it may be a copy, and its place is by its name`;
    findings.push(found('shard-names', message));
  }
  const same = equalContents({ shards, partial, ...facts });
  if (same !== null) findings.push(found('equal-shards', same));
  return findings;
}

/** The first two shards that hold the same; what documents confirm is repeated by them too. */
function equalContents(facts: DataFacts): string | null {
  const { shards, confirmed } = facts;
  if (confirmed || shards.length < 2) return null;
  const bySha256 = new Map<string, string>();
  for (const { file, sha256 } of shards) {
    const name = basename(file);
    const other = bySha256.get(sha256);
    if (other !== undefined) return `${name} and ${other} are equal, byte for byte`;
    bySha256.set(sha256, name);
  }
  const spans = shardSpans(facts);
  return contained(facts, spans) ?? sharedDocuments(facts, spans);
}

/** Fewer tokens stand in other shards by chance. */
const MIN_TOKENS = 32;
/** Pairs beyond this are told by their documents alone. */
const MAX_SHARDS = 16;

/** Whether the tokens of one shard stand in another one, in a row. */
function contained({ stream: { ids } }: DataFacts, spans: readonly ShardSpan[]): string | null {
  if (spans.length > MAX_SHARDS) return null;
  const bytesOf = ({ from, to }: ShardSpan) =>
    Buffer.from(ids.buffer, ids.byteOffset + 2 * from, 2 * (to - from));
  for (const part of spans) {
    if (part.to - part.from < MIN_TOKENS || repeatsItself(bytesOf(part))) continue;
    for (const whole of spans) {
      if (whole === part || whole.to - whole.from < part.to - part.from) continue;
      if (holds(bytesOf(whole), bytesOf(part))) {
        return `the tokens of ${part.name} stand in ${whole.name} too`;
      }
    }
  }
  return null;
}

/** Of text that says the same over and over any two parts are equal. */
function repeatsItself(part: Buffer): boolean {
  return holds(part.subarray(2), part.subarray(0, 2 * MIN_TOKENS));
}

/** At a whole token, wherever that is. */
function holds(whole: Buffer, part: Buffer): boolean {
  for (let at = whole.indexOf(part); at >= 0; at = whole.indexOf(part, at + 1)) {
    if (at % 2 === 0) return true;
  }
  return false;
}

/** Tokens of a document by which it is known, from its beginning and from its end. */
const HEAD = 48;
const TAIL = 16;

/** By its length and its ends: reading every token of a long stream again would cost more. */
function documentKey(hash: IdsHash, ids: ArrayLike<number>, from: number, to: number): string {
  const head = Math.min(to, from + HEAD);
  for (let i = from; i < head; i++) hash.add(ids[i]!);
  for (let i = Math.max(head, to - TAIL); i < to; i++) hash.add(ids[i]!);
  return `${to - from}:${hash.take()}`;
}

/** Whether half of a shard are documents of another one, in whatever order. */
function sharedDocuments(
  { stream: { ids, documentStarts, startId } }: DataFacts,
  spans: readonly ShardSpan[],
): string | null {
  if (startId === null) return null;
  /** The shard that has a document, by its hash; -1 where a shard has it twice, as text repeats itself. */
  const owner = new Map<string, number>();
  const own = spans.map(() => 0);
  const shared = new Map<string, number>();
  const hash = new IdsHash();
  let shard = 0;
  for (let k = 0; k < documentStarts.length; k++) {
    const from = documentStarts[k]!;
    const to = documentStarts[k + 1] ?? ids.length;
    while (shard + 1 < spans.length && from >= spans[shard]!.to) shard++;
    if (to - from <= MIN_TOKENS / 2) continue;
    const key = documentKey(hash, ids, from, to);
    own[shard]! += to - from;
    const other = owner.get(key);
    if (other === undefined) owner.set(key, shard);
    else if (other === shard) owner.set(key, -1);
    else if (other >= 0) {
      const pair = `${other} ${shard}`;
      shared.set(pair, (shared.get(pair) ?? 0) + to - from);
    }
  }
  for (const [pair, tokens] of shared) {
    const [a, b] = pair.split(' ').map(Number) as [number, number];
    if (tokens < MIN_TOKENS || 2 * tokens < Math.min(own[a]!, own[b]!)) continue;
    return `${figure(tokens)} tokens of ${spans[b]!.name} are documents that stand in ${spans[a]!.name} too`;
  }
  return null;
}
