/**
 * Judges tables that a builder of the script returned, where no evaluation shows how they are used.
 */

import { groupCounts, type PieceCount } from './judge-counts.js';
import { isText } from './judge-pieces.js';
import { judgeEntries } from './judge-table.js';
import type { Evaluation, Judged } from './judge-types.js';
import type { BuiltTable, SmallSet, Trial } from './types.js';

/** What the evaluation adds decides about these. */
const BY_USE: ReadonlySet<string> = new Set(['leading-space-twice', 'space-not-counted']);

/** @param final the evaluation; where it shows the bytes of targets, they say more than the table */
export function judgeBuilt(trials: readonly Trial[], final: Evaluation | null): Judged[] {
  if (final?.readings.some(({ bytes }) => bytes !== null)) return [];
  return trials.flatMap(({ set, tables }) => (tables ?? []).flatMap((one) => judgeOne(one, set)));
}

function judgeOne(table: BuiltTable, set: SmallSet): Judged[] {
  const bytes = table.arrays.find((array) => array.some((value) => value > 1));
  if (bytes === undefined) return [];
  const flags = table.arrays.filter((array) => array !== bytes && array.every(isFlag));
  const leading = flags.find((array) =>
    agrees(array, set, ({ piece }) => piece.startsWith('\u2581')),
  );
  const boundary = flags.find(
    (array) => array !== leading && agrees(array, set, (one) => !isText(one)),
  );
  const counts = new Map<number, number>();
  for (let position = 1; position < set.ids.length; position++) {
    const id = set.ids[position]!;
    const before = set.ids[position - 1]!;
    const apart = boundary === undefined ? !isText(set.pieces[before]!) : boundary[before] === 1;
    const space = leading?.[id] === 1 && !apart ? 1 : 0;
    counts.set(position, (bytes[id] ?? 0) + space);
  }
  // Without a flag the space is counted in the table, if anywhere, and no predecessor is looked at.
  const entries = groupCounts(set, set.bytes, counts).entries.filter(
    (entry) => leading !== undefined || !hidesSpace(entry),
  );
  return judgeEntries(table.at, entries, set).map((one) =>
    BY_USE.has(one.check)
      ? {
          ...one,
          severity: 'warn',
          explanation: `${one.explanation} How ${table.name}’s table is used was not followed.`,
        }
      : one,
  );
}

/** Begins with ▁ where no space counts. */
const hidesSpace = ({ piece: { piece }, right }: PieceCount): boolean =>
  piece.startsWith('\u2581') && right < Buffer.byteLength(piece, 'utf8') - 2;

const isFlag = (value: number): boolean => value === 0 || value === 1;

/** Most ids that have the property are flagged, and most that lack it are not. */
function agrees(
  flags: readonly number[],
  { pieces }: SmallSet,
  has: (piece: SmallSet['pieces'][number]) => boolean,
): boolean {
  let yes = 0;
  let no = 0;
  let wrong = 0;
  for (const [id, piece] of pieces.entries()) {
    if (has(piece)) flags[id] === 1 ? yes++ : wrong++;
    else flags[id] === 1 ? wrong++ : no++;
  }
  return yes > 0 && no > 0 && wrong < yes;
}
