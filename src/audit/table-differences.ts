/**
 * Comparison of a claimed table with the rule, id by id, with the mistake that each wrong id
 * shows.
 */
import { buildLut } from '../bytes/lut.js';
import { CASE_OPERATORS, SPACE } from '../tokenizer/check-pieces.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { ClaimedTable } from './claimed-table.js';

const TABLE_MISTAKES = [
  'size',
  'constant',
  'replacement character',
  'space twice',
  'marker kept',
  'marker not found',
  'space dropped',
  'space after boundary',
  'operators as text',
  'specials',
  'other',
] as const;
export type TableMistake = (typeof TABLE_MISTAKES)[number];

interface WrongId {
  readonly id: number;
  readonly piece: string;
  /** Bytes inside a text: after a token that is no boundary. */
  readonly claimed: number;
  readonly right: number;
}

/** Wrong ids by mistake; a mistake that is not there has no entry. */
export type TableDifferences = ReadonlyMap<TableMistake, readonly WrongId[]>;

interface Entry extends WrongId {
  readonly type: Tokenizer['pieces'][number]['type'];
  /** Bytes right after a boundary. */
  readonly claimedFirst: number;
  readonly rightFirst: number;
  /** The claimed table takes the id for a boundary. */
  readonly isBoundary: boolean;
  readonly leading: boolean;
}

function mistakeOf(entry: Entry, hasOperators: boolean): TableMistake | null {
  const { piece, type, claimed, right } = entry;
  if (type === 'control' || type === 'unknown' || type === 'unused') {
    return claimed > 0 || !entry.isBoundary ? 'specials' : null;
  }
  if (hasOperators && (CASE_OPERATORS as readonly string[]).includes(piece)) {
    return claimed > 0 ? 'operators as text' : null;
  }
  if (type === 'byte') {
    if (claimed === right) return entry.isBoundary ? 'specials' : null;
    return claimed === 3 ? 'replacement character' : 'other';
  }
  const marks = piece.split(SPACE).length - 1;
  // What the piece decodes to; the rule itself counts an inner mark as the three bytes of U+2581.
  const decoded = Buffer.byteLength(piece) - 2 * marks;
  if (claimed === right || claimed === decoded) {
    if (entry.claimedFirst > entry.rightFirst) return 'space after boundary';
    return entry.isBoundary ? 'specials' : null;
  }
  if (!piece.startsWith(SPACE)) return 'other';
  if (claimed === right + 1) return 'space twice';
  if (claimed === right - 1) return 'space dropped';
  if (claimed === right + 2) return entry.leading ? 'other' : 'marker kept';
  return claimed === right + 3 ? 'marker kept' : 'other';
}

function isConstant(table: ClaimedTable, entries: readonly Entry[]): boolean {
  const texts = entries.filter(({ type }) => type === 'normal' || type === 'user_defined');
  const first = texts[0]?.claimed;
  return (
    first !== undefined &&
    !table.leading.includes(1) &&
    texts.some(({ right }) => right !== first) &&
    texts.every(({ claimed }) => claimed === first)
  );
}

export function tableDifferences(table: ClaimedTable, tokenizer: Tokenizer): TableDifferences {
  const { base, leading, boundary, inContext } = table;
  const lut = buildLut(tokenizer);
  const entries: Entry[] = tokenizer.pieces.slice(0, base.length).map(({ text, type }, id) => ({
    id,
    piece: text,
    type,
    claimed: base[id]! + leading[id]!,
    right: lut.base[id]! + lut.leading[id]!,
    // Without context a table cannot do better than the bytes inside a text.
    claimedFirst: inContext ? base[id]! : lut.base[id]!,
    rightFirst: lut.base[id]!,
    isBoundary: inContext ? boundary[id] === 1 : lut.boundary[id] === 1,
    leading: leading[id] === 1,
  }));
  const found = new Map<TableMistake, WrongId[]>();
  if (base.length < tokenizer.pieces.length) {
    const id = base.length;
    const right = lut.base[id]! + lut.leading[id]!;
    push(found, 'size', { id, piece: tokenizer.pieces[id]!.text, claimed: 0, right });
  }
  if (isConstant(table, entries)) {
    for (const entry of entries) if (entry.claimed !== entry.right) push(found, 'constant', entry);
    return found;
  }
  for (const entry of entries) {
    const mistake = mistakeOf(entry, tokenizer.hasCaseOperators);
    if (mistake !== null) push(found, mistake, entry);
  }
  renameMissed(found, entries);
  return found;
}

function push(found: Map<TableMistake, WrongId[]>, mistake: TableMistake, entry: WrongId): void {
  const { id, piece, claimed, right } = entry;
  const list = found.get(mistake) ?? [];
  list.push({ id, piece, claimed, right });
  found.set(mistake, list);
}

/** A mark kept in every marked piece, and no leading space anywhere: the test looked for another character. */
function renameMissed(found: Map<TableMistake, WrongId[]>, entries: readonly Entry[]): void {
  const kept = found.get('marker kept');
  const marked = entries.filter(({ piece, type }) => type === 'normal' && piece.startsWith(SPACE));
  if (kept === undefined || kept.length < marked.length || entries.some((e) => e.leading)) return;
  found.delete('marker kept');
  found.set('marker not found', kept);
}
