/** Cheats that look ahead at some places or in rows of some lengths only. */
import { type Cheat, oneOf } from './cheat.js';
import { atLeast, both, equal, leaking, nextOnes, not, position, rowLength } from './parts.js';
import { CHUNK_ROWS, SEQ_LEN, STRIDE } from './settings.js';

export const PLACES: readonly Cheat[] = [
  {
    name: 'late-places',
    does: 'reads the next token at places from 500 on of rows of 512',
    setting: 'long',
    bent: leaking(atLeast(position, 500)),
    found: {
      search: 'every-row',
      by: 'every-row',
      chance: oneOf(126, 11 / 511),
      why: '11 of 511 cuts are there, in each of 126 rows',
    },
  },
  {
    name: 'one-place',
    does: 'reads the next token at one place of 64',
    setting: 'chunk',
    bent: leaking(equal(position, 37)),
    found: {
      search: 'every-row',
      by: 'every-row',
      chance: oneOf(CHUNK_ROWS, 1 / 63),
      why: 'one of 63 cuts is behind it, in each of 1,000 rows',
    },
  },
  {
    name: 'last-places',
    does: 'reads the next token at the last places of the row that have one',
    setting: 'chunk',
    bent: leaking(atLeast(position, SEQ_LEN - 3)),
    found: {
      search: 'every-row',
      by: 'every-row',
      chance: oneOf(CHUNK_ROWS, 2 / 63),
      why: 'two of 63 cuts are there, in each of 1,000 rows',
    },
  },
  {
    name: 'one-length',
    does: 'reads the next token in rows of one length',
    setting: 'document',
    bent: leaking(equal(rowLength, 101)),
    found: {
      search: 'every-row',
      by: 'every-row',
      chance: 1,
      why: 'such rows are in the data, each is cut, and each cut shows it',
    },
  },
  {
    name: 'sliding',
    does: 'reads the next token where a sliding window scores, and not in what it repeats',
    setting: 'sliding',
    bent: leaking(atLeast(position, SEQ_LEN - STRIDE)),
    found: {
      search: 'every-row',
      by: 'every-row',
      chance: 1,
      why: 'cuts are drawn among the scored places of each row',
    },
  },
  {
    name: 'sliding-repeated',
    does: 'reads the next 7 tokens only in what a sliding window repeats, which the first row alone is scored on',
    setting: 'sliding',
    bent: leaking(not(atLeast(position, SEQ_LEN - STRIDE)), (g) => nextOnes(g, 7, 2)),
    found: {
      search: 'probe',
      by: 'causality',
      chance: 1,
      why: 'the probe scores whole rows',
    },
  },
  {
    name: 'place-and-length',
    does: 'reads the next token at one place of 64, in rows that are full',
    setting: 'document',
    bent: leaking(both(equal(position, 50), equal(rowLength, 2 * SEQ_LEN))),
    found: {
      search: 'every-row',
      by: 'every-row',
      chance: oneOf(250, 1 / 127),
      why: 'one of 127 cuts is behind it, in each of some 250 full rows',
    },
  },
];
