/**
 * Facts of a byte sidecar, compared with the tokens and the documents; nothing is refused.
 */
import { operatorEntries } from '../bytes/operator-entries.js';
import { sumSidecar } from '../bytes/sidecar.js';
import { readEntries } from '../data/read-entries.js';
import { findSidecars } from '../data/sidecars.js';
import type { ShardInfo, TokenStream } from '../data/types.js';
import { inputError } from '../errors.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { newTally, note, type Tally } from './collect.js';

/** The largest entry that 16 bits hold. */
const FULL = 65_535;

export interface SidecarFacts {
  readonly files: readonly ShardInfo[];
  readonly entries: number;
  /** Of the stream; equal lengths are what makes the rest mean anything. */
  readonly tokens: number;
  /** Null where the lengths differ. */
  readonly sum: number | null;
  /** Tokens, by position in the stream. */
  readonly atBos: Tally;
  readonly atOperators: Tally & { bytes: number };
  readonly saturated: Tally;
  /** Documents, where their texts are known. */
  readonly exceeds: Tally;
  /** Short although the document survives the round trip whole. */
  readonly short: Tally;
  /** Short where normalization dropped input, which the sidecar cannot count; bytes that are missing. */
  readonly shortLossy: Tally & { bytes: number };
  /** Documents that lack a multiple of 65,536 bytes: entries that wrapped around. */
  readonly wrapped: Tally;
  /** Documents that were compared with their published text. */
  compared: number;
}

export interface OpenSidecar {
  readonly bytes: Uint16Array;
  readonly facts: SidecarFacts;
}

/** Reads the sidecars of `shards`; null where there are none. A directory that was named must have some. */
export async function openSidecar(
  shardFiles: readonly string[],
  directory: string | undefined,
  stream: TokenStream,
  tokenizer: Tokenizer,
): Promise<OpenSidecar | null> {
  const paths = findSidecars(shardFiles, 'val', directory);
  if (paths.length === 0 && directory !== undefined) {
    throw inputError('BPB_NO_SIDECAR', {
      message: 'There is no byte sidecar in this directory.',
      path: directory,
      expected: 'files named fineweb_val_bytes_*.bin',
      actual: 'none',
      hint: 'Give the directory that holds the sidecars.',
    });
  }
  if (paths.length === 0) return null;
  const { values, files } = await readEntries(paths);
  const { ids, documentStarts } = stream;
  const facts: SidecarFacts = {
    files,
    entries: values.length,
    tokens: ids.length,
    sum: values.length === ids.length ? sumSidecar(values, 1, ids.length) : null,
    atBos: newTally(),
    atOperators: { ...newTally(), bytes: 0 },
    saturated: newTally(),
    exceeds: newTally(),
    short: newTally(),
    shortLossy: { ...newTally(), bytes: 0 },
    wrapped: newTally(),
    compared: 0,
  };
  for (let i = 0; i < values.length; i++) if (values[i] === FULL) note(facts.saturated, i);
  if (facts.sum === null) return { bytes: values, facts };
  for (const start of documentStarts) {
    if (ids[start] === stream.startId && values[start] !== 0) note(facts.atBos, start);
  }
  if (tokenizer.hasCaseOperators) {
    Object.assign(facts.atOperators, operatorEntries(ids, values, tokenizer));
  }
  return { bytes: values, facts };
}

/** Holds a document's entries against its text. */
export function compareDocument(
  facts: SidecarFacts,
  index: number,
  sum: number,
  original: number,
  lossless: boolean,
): void {
  facts.compared++;
  const missing = original - sum;
  if (missing < 0) note(facts.exceeds, index);
  if (missing > 0 && missing % 65_536 === 0) note(facts.wrapped, index);
  if (missing <= 0) return;
  if (lossless) note(facts.short, index);
  else {
    note(facts.shortLossy, index);
    facts.shortLossy.bytes += missing;
  }
}
