/** Cheats that look ahead in some rows only, by what these hold. */
import { planWindows } from '#bpb/windows/plan';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { VOCABULARY } from '../helpers/score-fixture.js';
import { streamOf } from '../helpers/stream.js';
import { type Cheat, oneOf } from './cheat.js';
import { unknownToSeed } from './known.js';
import {
  ahead,
  both,
  byTable,
  equal,
  hashOf,
  hashOfAll,
  hashOfBeginning,
  later,
  leaking,
  oneIn,
  position,
  tableOf,
} from './parts.js';
import { CHUNK_ROWS, idsOf, learned, SEQ_LEN } from './settings.js';

const everyRow = { search: 'every-row', by: 'every-row' } as const;

/** Beginning of a row of the plan; negative ones count from the end. */
function beginning(row: number): number {
  const ids = idsOf('chunk');
  const rest = { mode: 'chunk', stride: null, tail: 'score', compat: null } as const;
  const plan = planWindows(streamOf(ids), { seqLen: SEQ_LEN, ...rest });
  const { start } = plan.row(row < 0 ? plan.rowCount + row : row);
  return hashOf(ids.slice(start, start + SEQ_LEN));
}

/** Pairs of tokens that texts of this kind hold. */
function isReal(id: number, following: number): boolean {
  return REAL[id * VOCABULARY + following]! > Math.log(0.5);
}
/** Ids of the line break, and of the first byte of a character of four: each one symbol of eight. */
const [LINE_BREAK, FOUR_BYTES] = [4 + 0x0a, 4 + 0xf0];
const token = (id: number) => (g: GraphBuilder) => g.op('Equal', ['input_ids', g.ints([id])]);

const REAL = learned(idsOf('chunk').slice(0, 40_000));

export const CONTENTS: readonly Cheat[] = [
  {
    name: 'row-of-100',
    does: 'reads the next token in one row of 100, by a hash of its first 12 tokens',
    setting: 'chunk',
    bent: leaking(oneIn(100, hashOfBeginning)),
    found: {
      ...everyRow,
      chance: oneOf(CHUNK_ROWS, 1 / 100),
      why: 'each of 1,000 rows leaks with 1 / 100, and any cut shows it',
    },
  },
  {
    name: 'row-of-20',
    does: 'the same in one row of 20',
    setting: 'chunk',
    bent: leaking(oneIn(20, hashOfBeginning)),
    found: {
      ...everyRow,
      chance: oneOf(CHUNK_ROWS, 1 / 20),
      why: 'each of 1,000 rows leaks with 1 / 20',
    },
  },
  {
    name: 'row-and-place',
    does: 'reads the next token at one place of 64, in one row of 100',
    setting: 'chunk',
    bent: leaking(both(equal(position, 37), oneIn(100, hashOfBeginning))),
    found: {
      ...everyRow,
      chance: oneOf(CHUNK_ROWS, 1 / 6300),
      why: 'one of 6,300 cuts is behind it; `--cuts 29` would find it with 99 %, for 29 scores',
    },
  },
  {
    name: 'hash-of-all',
    does: 'reads the next token in one row of 100, by a hash of all that the row holds',
    setting: 'chunk',
    bent: leaking(oneIn(100, hashOfAll)),
    found: {
      ...everyRow,
      chance: oneOf(CHUNK_ROWS, 1 / 50),
      why: 'a row that leaks stops, one that does not begins with 1 / 100',
    },
  },
  {
    name: 'real-text',
    does: 'reads the next token where a table of pairs knows it behind this one',
    setting: 'chunk',
    bent: leaking((g) => {
      const real = tableOf((id, k) => (isReal(id, k) ? 1 : 0));
      const wide = g.op(
        'GatherElements',
        [byTable(g, real, 'input_ids'), g.op('Unsqueeze', [later(g, 1), g.ints([2])])],
        { axis: { int: 2 } },
      );
      return g.op('Greater', [g.op('Squeeze', [wide, g.ints([2])]), g.scalar(0)]);
    }),
    found: { ...everyRow, chance: 1, why: 'the rows are real text, and what replaces it is not' },
  },
  {
    name: 'rare-target',
    does: 'reads the next token only where it is a certain one behind a certain one, at one place of 134',
    setting: 'chunk',
    bent: leaking(
      both(token(LINE_BREAK), (g) => g.op('Equal', [later(g, 1), g.ints([FOUR_BYTES])])),
    ),
    found: {
      ...everyRow,
      chance: oneOf(CHUNK_ROWS, 1 / 134),
      why: 'in each of 1,000 rows one of 134 cuts is there',
    },
  },
  {
    name: 'rare-trigger',
    does: 'reads the next token only behind two line breaks, at one place of 145',
    setting: 'chunk',
    bent: leaking(
      both(token(LINE_BREAK), (g) => {
        const before = g.slice(g.op('Pad', ['input_ids', g.ints([0, 1, 0, 0])]), 1, 0, -1);
        return g.op('Equal', [before, g.ints([LINE_BREAK])]);
      }),
    ),
    found: {
      ...everyRow,
      chance: oneOf(CHUNK_ROWS, 1 / 145),
      why: 'in each of 1,000 rows one of 145 cuts is there',
    },
  },
  {
    name: 'known-probes',
    does: 'reads the next token in all rows but those that the probes of seed 1 run, which it knows',
    setting: 'chunk',
    bent: async (folder) => leaking(await unknownToSeed(1))(folder),
    found: { search: 'probe', by: 'causality', chance: 1, why: 'another seed draws other rows' },
  },
  {
    name: 'first-row',
    does: 'reads the next token in the first row of the plan, whose beginning it knows',
    setting: 'chunk',
    bent: leaking(equal(hashOfBeginning, beginning(0)), ahead(1, 20)),
    found: { ...everyRow, chance: 1, why: 'the row is cut, and each cut shows it' },
  },
  {
    name: 'last-row',
    does: 'reads the next token in the last full row of the plan, whose beginning it knows',
    setting: 'chunk',
    bent: leaking(equal(hashOfBeginning, beginning(-2)), ahead(1, 20)),
    found: { ...everyRow, chance: 1, why: 'the row is cut, and each cut shows it' },
  },
];
