/**
 * Sums, counts and first examples over the examined documents.
 */
import type { Document } from '../data/types.js';
import type { TextDifference } from '../tokenizer/same-text.js';
import type { Loss, LossKind } from './examine/loss.js';
import type { ExaminedDocument, StreamMatch } from './examine/messages.js';
import { TRAITS, type Trait } from './types.js';

/** How many documents have something, and which have it first. */
export interface Tally {
  count: number;
  /** Index of the first few, from 0. */
  first: number[];
}

interface LossTally {
  count: number;
  /** Of these, the documents that are another text. */
  altered: number;
  /** The first. */
  document: number;
  loss: Loss;
}

export interface AlteredTally extends Tally {
  /** Published bytes of these documents. */
  bytes: number;
  example: (TextDifference & { readonly document: number }) | null;
}

export interface TextFacts {
  documents: number;
  tokens: number;
  /** Sums over all documents; `original` only over those whose text is known. */
  bytes: { original: number; normalized: number; decoded: number; lut: number; claimed: number };
  /** The most that an honest table counts for the documents whose text is known. */
  most: number;
  /** Bytes that the normalizer added within the reference form of those documents. */
  gained: number;
  /** Documents that follow a token of text. */
  adjoining: number;
  /** Documents whose published text is known. */
  withText: number;
  unknown: Tally & { tokens: number };
  losses: Map<LossKind, LossTally>;
  /** Of the documents that the tokenizer makes another text: those of which only the case, and the others. */
  folded: AlteredTally;
  altered: AlteredTally;
  firstSpace: Tally;
  tableDisagrees: Tally;
  matches: Map<StreamMatch, Tally>;
  traits: Map<Trait, Tally>;
  /** For averages that are no totals: sums over documents with bytes. */
  means: { tokensPerByte: number; squaredTokensPerByte: number; tokens: number; documents: number };
}

const FIRST = 5;

export const newTally = (): Tally => ({ count: 0, first: [] });

export function note(tally: Tally, document: number): void {
  tally.count++;
  if (tally.first.length < FIRST) tally.first.push(document);
}

export function newTextFacts(): TextFacts {
  return {
    documents: 0,
    tokens: 0,
    bytes: { original: 0, normalized: 0, decoded: 0, lut: 0, claimed: 0 },
    most: 0,
    gained: 0,
    adjoining: 0,
    withText: 0,
    unknown: { ...newTally(), tokens: 0 },
    losses: new Map(),
    folded: { ...newTally(), bytes: 0, example: null },
    altered: { ...newTally(), bytes: 0, example: null },
    firstSpace: newTally(),
    tableDisagrees: newTally(),
    matches: new Map(),
    traits: new Map(TRAITS.map((trait) => [trait, newTally()])),
    means: { tokensPerByte: 0, squaredTokensPerByte: 0, tokens: 0, documents: 0 },
  };
}

/** Enters document `index`; documents must come in order. */
export function addDocument(facts: TextFacts, index: number, found: ExaminedDocument): void {
  const { bytes, means } = facts;
  facts.documents++;
  facts.tokens += found.tokens;
  if (found.original !== null) {
    facts.withText++;
    bytes.original += found.original;
    facts.most += found.most!;
    facts.gained += found.gained;
  }
  bytes.normalized += found.normalized;
  bytes.decoded += found.decoded;
  bytes.lut += found.lut;
  bytes.claimed += found.claimed ?? 0;
  if (found.unknown > 0) {
    note(facts.unknown, index);
    facts.unknown.tokens += found.unknown;
  }
  if (found.loss !== null) {
    const known = facts.losses.get(found.loss.kind);
    const altered = found.altered === null ? 0 : 1;
    if (known === undefined) {
      facts.losses.set(found.loss.kind, { count: 1, altered, document: index, loss: found.loss });
    } else {
      known.count++;
      known.altered += altered;
    }
  }
  if (found.altered !== null) {
    const tally = found.altered.caseOnly ? facts.folded : facts.altered;
    tally.bytes += found.original ?? 0;
    tally.example ??= { ...found.altered, document: index };
    note(tally, index);
  }
  if (found.adjoins) facts.adjoining++;
  if (found.firstSpaceUncounted) note(facts.firstSpace, index);
  if (!found.tableAgrees) note(facts.tableDisagrees, index);
  if (found.match !== null) {
    if (!facts.matches.has(found.match)) facts.matches.set(found.match, newTally());
    note(facts.matches.get(found.match)!, index);
  }
  for (const trait of found.traits) note(facts.traits.get(trait)!, index);
  if (found.decoded === 0) return;
  means.documents++;
  means.tokens += found.tokens;
  means.tokensPerByte += found.tokens / found.decoded;
  means.squaredTokensPerByte += (found.tokens * found.tokens) / found.decoded;
}

/** A row of the per-document table. */
export interface DocumentRow {
  readonly document: number;
  readonly source: Document | null;
  readonly found: ExaminedDocument;
  readonly sidecar: number | null;
}
