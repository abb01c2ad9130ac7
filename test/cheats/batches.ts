/** Cheats that look at the batch: other rows, a row's place, how many there are, padding. */
import { type Cheat, oneOf } from './cheat.js';
import {
  added,
  ahead,
  atLeast,
  bare,
  batchRows,
  both,
  byTable,
  END,
  equal,
  hashOfBeginning,
  leaking,
  oneIn,
  place,
  tableOf,
} from './parts.js';
import { BATCH_ROWS, CHUNK_ROWS, STRIDE } from './settings.js';

const verified = { search: 'score', by: 'verification-failed' } as const;

export const BATCHES: readonly Cheat[] = [
  {
    name: 'next-row',
    does: 'reads the next row of the batch, which under sliding windows holds this row’s targets',
    setting: 'sliding',
    bent: bare(
      added((g) => {
        // Input `k - 15` of the next row is input `k + 1` of this one.
        const shifted = g.op('Pad', ['input_ids', g.ints([0, STRIDE - 1, 1, 0])]);
        const below = g.slice(g.slice(shifted, 0, 1, END), 1, 0, 1 - STRIDE);
        return byTable(
          g,
          tableOf((id, k) => (id > 0 && id === k ? 5 : 0)),
          below,
        );
      }),
    ),
    found: {
      ...verified,
      chance: 1,
      why: 'every row but a batch’s last differs from itself alone',
    },
  },
  {
    name: 'place-in-batch',
    does: 'reads the next token in all rows but the first of a batch',
    setting: 'chunk',
    bent: leaking(atLeast(place, 1)),
    found: { ...verified, chance: 1, why: 'rows that are scored again, each alone, leak no more' },
  },
  {
    name: 'one-row-of-a-batch',
    does: 'reads the next token in the 12th row of each batch of 16',
    setting: 'chunk',
    bent: leaking(equal(place, 11)),
    found: {
      search: 'probe',
      by: 'batch',
      chance: 1,
      why: 'one whole batch of the evaluation is compared with its rows, each alone',
    },
  },
  {
    name: 'full-batch',
    does: 'reads the next token in batches of exactly as many rows as the evaluation’s',
    setting: 'chunk',
    bent: leaking(equal(batchRows, BATCH_ROWS)),
    found: { ...verified, chance: 1, why: 'rows that are scored again, each alone, leak no more' },
  },
  {
    name: 'batch-and-content',
    does: 'reads the next token in one row of 100 by its first tokens, and only beside other rows',
    setting: 'chunk',
    bent: leaking(both(atLeast(batchRows, 2), oneIn(100, hashOfBeginning))),
    found: {
      search: 'every-row',
      by: 'every-row',
      chance: oneOf(CHUNK_ROWS, 1 / 100),
      why: 'rows are cut in the batches of the score; the rows that are scored again alone are ten, of which one must leak',
    },
  },
  {
    name: 'padding-behind',
    does: 'reads where the padding begins, and so how many tokens its document still has',
    setting: 'document',
    bent: bare(
      added((g) => {
        const next = g.slice(g.op('Pad', ['input_ids', g.ints([0, 0, 0, 1])]), 1, 1, END);
        // Behind the last input comes BOS, the first token of the next document.
        return byTable(
          g,
          tableOf((id, k) => (id === 0 && k === 1 ? 5 : 0)),
          next,
        );
      }),
    ),
    found: {
      search: 'probe',
      by: 'causality',
      chance: 1,
      why: 'one of three changes is padding up to the row’s end',
    },
  },
  {
    name: 'ahead-beside-others',
    does: 'reads the next token where another row of the batch is longer',
    setting: 'document',
    bent: leaking((g) => {
      const padded = g.slice('input_ids', 1, -1, END);
      return g.op('Equal', [padded, g.ints([0])]);
    }, ahead()),
    found: { ...verified, chance: 1, why: 'rows that are scored again alone have no padding' },
  },
];
