/**
 * Judges the bytes that a run counted for each piece against the challenge's rule
 * (openai/parameter-golf train_gpt.py L180-L204 and L265-L270).
 */
import { BYTES, DOCUMENTS } from '../published-set.js';
import type { Stop } from '../python/values.js';
import { countsOf, type PieceCount } from './judge-counts.js';
import type { Frequency, Kind } from './judge-pieces.js';
import { modeOf, near } from './judge-places.js';
import { effectWords, type Mistake, mistakeWords } from './judge-table-words.js';
import type { Evaluation, Judged } from './judge-types.js';
import type { SmallPiece, SmallSet } from './types.js';

/** A total that is further off than 0.1 % is wrong, not just inexact. */
const EFFECT_MAX = 0.95e-3;
/** Where more targets than these have other bytes than their piece has elsewhere, they are those of other targets. */
const SHIFTED = 0.02;
/** Documents over bytes of the published validation set, as the challenge counts them. */
const DOCUMENTS_PER_BYTE = DOCUMENTS / BYTES;

export function judgeTable({ at, readings }: Evaluation): Judged[] {
  const reading = readings.filter(({ trial, bytes }) => trial.ranks === 1 && bytes !== null).at(-1);
  if (reading === undefined) return [];
  if (reading.inAll === 'characters') return [characterTotal(at)];
  const { entries, unusual } = countsOf(reading);
  // Entries of other targets than those whose losses are added up are judged as such.
  const others = reading.sidecarLosses > 0 || unusual.size > SHIFTED * reading.weights.size;
  if (reading.fromSidecar && others) return [];
  return judgeEntries(at, entries, reading.trial.set);
}

const characterTotal = (at: Stop): Judged => ({
  at,
  check: 'wrong-bytes',
  severity: 'fail',
  explanation:
    'The characters of the text are counted, not its bytes: others than those of ASCII have two to four.',
  remedy: 'Encode the text before its length is taken: len(text.encode("utf-8")).',
});

export function judgeEntries(at: Stop, entries: readonly PieceCount[], set: SmallSet): Judged[] {
  const total = entries.reduce((sum, { right, times }) => sum + right * times, 0);
  const found: Judged[] = [];
  for (const [mistake, wrong] of mistakesOf(entries)) {
    const sum = (frequency: Frequency | null) =>
      wrong.reduce((bytes, entry) => {
        const counts = frequency === null || entry.frequency === frequency;
        return counts ? bytes + differenceOf(entry) * entry.times : bytes;
      }, 0);
    const full = sum('usual') / total + (sum('document') / set.starts.length) * DOCUMENTS_PER_BYTE;
    const worst = wrong.reduce((a, b) => (b.times > a.times ? b : a));
    found.push({
      at,
      ...mistakeWords(mistake, worst),
      severity: Math.abs(full) >= EFFECT_MAX ? 'fail' : 'warn',
      ...effectWords(mistakeWords(mistake, worst).explanation, sum(null) / total),
    });
  }
  return found;
}

const differenceOf = ({ counted, right }: PieceCount): number => counted - right;

/** Wrong entries, by the mistake that explains them. */
function mistakesOf(entries: readonly PieceCount[]): Map<Mistake, PieceCount[]> {
  const marked = usualDifference(entries, 'marked');
  const found = new Map<Mistake, PieceCount[]>();
  for (const entry of entries) {
    if (near(entry.counted, entry.right)) continue;
    const mistake = mistakeOf(entry, marked);
    found.set(mistake, [...(found.get(mistake) ?? []), entry]);
  }
  return found;
}

/** By how much most pieces with a leading ▁ are off where they follow text. */
function usualDifference(entries: readonly PieceCount[], kind: Kind): number {
  const usual = entries.filter((entry) => entry.kind === kind && entry.frequency === 'usual');
  return modeOf(usual.flatMap((entry) => Array(entry.times).fill(differenceOf(entry)))) ?? 0;
}

/** @param marked as `usualDifference` has it */
function mistakeOf(entry: PieceCount, marked: number): Mistake {
  const { kind, counted, piece } = entry;
  const off = differenceOf(entry);
  switch (kind) {
    case 'special':
      return 'special-counted';
    case 'byte':
      if (near(counted, piece.piece.length)) return 'byte-name';
      return near(counted, 3) ? 'replacement' : 'other';
    case 'operator':
      return 'operator';
    case 'marked':
    case 'inner':
    case 'first': {
      const usual = near(off, marked) || kind !== 'marked';
      if (!usual && near(off - marked, charactersOff(piece))) return 'characters';
      const byMark = markMistake(usual ? marked : off, kind, off);
      if (byMark !== null) return byMark;
      break;
    }
    default:
  }
  return off < 0 && near(off, charactersOff(piece)) ? 'characters' : 'other';
}

/** Characters minus bytes of the piece, without a leading ▁. */
function charactersOff({ piece }: SmallPiece): number {
  const text = piece.replace(/^\u2581/, '');
  return [...text].length - Buffer.byteLength(text, 'utf8');
}

/**
 * @param marked by how much a piece with a leading ▁ is off after text
 * @param off by how much this one is
 */
function markMistake(marked: number, kind: Kind, off: number): Mistake | null {
  // Where a ▁ is kept, one more after what is no text, where no space counts.
  const alike = near(off, marked) || near(off, marked + 1);
  if (kind === 'inner' && !alike) return 'inner-marks';
  if (near(marked, 1)) return 'space-twice';
  if (near(marked, 2)) return 'mark-kept';
  if (near(marked, 3)) return 'mark-and-space';
  if (near(marked, -1)) return near(off, -1) ? 'space-missing' : null;
  // Right after text, wrong after what is no text.
  if (near(marked, 0) && kind === 'first' && near(off, 1)) return 'no-boundary';
  return null;
}
