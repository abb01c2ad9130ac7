/**
 * Denominator of a score: who confirms the bytes that the headline is divided by.
 */
import { countsOf, type Identified } from '../data/known-sets.js';
import type { ByteTotals } from './accounting.js';

/** `caller`: the caller named the tokenizer and nothing confirms it; `nobody`: nobody but the artifact did. */
export interface Denominator {
  readonly confirmed_by: 'documents' | 'known-set' | 'rules' | 'caller' | 'nobody';
  /** What that says, or how to confirm the bytes. */
  readonly note: string | null;
}

/** What there is to confirm a denominator by. */
interface Grounds {
  /** The published documents: null where they are not known, false where they contradict the bytes. */
  readonly documents: boolean | null;
  /** The known set that the counts of the stream name. */
  readonly known: Identified | null;
  /** Targets of the plan that are scored, over all of its parts, and targets of the stream. */
  readonly planned: number;
  readonly targets: number;
  /** The rules name the tokenizer by its sha256. */
  readonly rules: boolean;
  /** The caller named the tokenizer. */
  readonly caller: boolean;
}

/**
 * Targets of a known set that may stay unscored where the bytes of its whole stream confirm those that
 * are scored: a table that is right over all could be wrong either way in two halves.
 */
const UNSCORED = 1e-4;

type Counted = Pick<ByteTotals, 'headline' | 'bytes' | 'targets' | 'stream'>;

export function denominatorOf(counted: Counted, grounds: Grounds): Denominator {
  const { documents, known } = grounds;
  if (documents === true) return { confirmed_by: 'documents', note: null };
  if (documents === false) return { confirmed_by: 'nobody', note: 'the documents contradict it' };
  if (known !== null && hasBytesOf(known, counted, grounds)) {
    return { confirmed_by: 'known-set', note: `the bytes of ${known.name}` };
  }
  // A sidecar is a file of its own: who names the tokenizer says nothing of it.
  if (counted.headline === 'sidecar') {
    return { confirmed_by: 'nobody', note: 'nothing confirms the sidecar: --docs FILE does' };
  }
  if (grounds.rules) return { confirmed_by: 'rules', note: 'the rules name the tokenizer' };
  if (grounds.caller) {
    const note = 'the caller named the tokenizer, nothing confirms its bytes: --docs FILE does';
    return { confirmed_by: 'caller', note };
  }
  const note =
    "the artifact's own tokenizer says how many bytes the data has: --docs FILE confirms it";
  return { confirmed_by: 'nobody', note };
}

/**
 * Whether the headline's bytes are a known set's own: over the whole stream, of which nearly all is
 * scored, or over exactly the targets that the set's count is of.
 */
function hasBytesOf(
  known: Identified,
  counted: Counted,
  { planned, targets: all }: Grounds,
): boolean {
  const { bytes, targets } = countsOf(known);
  if (bytes.includes(counted.stream.headline) && all - planned <= UNSCORED * all) return true;
  return bytes.includes(counted.bytes) && targets.includes(counted.targets);
}
