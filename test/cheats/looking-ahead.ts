/** Cheats that read later tokens in every row, near or far, strongly or faintly. */
import { normals } from '../helpers/models.js';
import { VOCABULARY } from '../helpers/score-fixture.js';
import type { Cheat } from './cheat.js';
import { added, ahead, bare, byTable, later, nextOnes, tableOf } from './parts.js';

/** Of a bit that tells which half of the vocabulary the next token is in. */
const BIT = tableOf((id, k) => (id > 0 && id % 2 === k % 2 ? 0.7 : 0));
/** Certainty: the next token, and nothing else. */
const CERTAIN = tableOf((id, k) => (id === 0 || id === k ? 0 : Number.NEGATIVE_INFINITY));

const everywhere = { search: 'probe', by: 'causality', chance: 1 } as const;
const FAINT = 'below the tolerance of 1e-5 nats, but repeated runs agree to the last bit';
const ANY_ROW = 'any row, any place: some fifty places of a short row are changed one by one';

export const LOOKING_AHEAD: readonly Cheat[] = [
  {
    name: 'next',
    does: 'reads the next token',
    setting: 'chunk',
    bent: bare(added(ahead(1))),
    found: { ...everywhere, why: ANY_ROW },
  },
  {
    name: 'next-seven',
    does: 'reads which the next 7 tokens are, and not in which order',
    setting: 'chunk',
    bent: bare(added((g) => nextOnes(g, 7, 2))),
    found: { ...everywhere, why: ANY_ROW },
  },
  {
    name: 'mean-of-rest',
    does: 'reads the mean of all later tokens',
    setting: 'chunk',
    bent: bare(
      added((g) => {
        const counts = tableOf((id, k) => (id > 0 && id === k ? 1 : 0));
        const rest = byTable(g, counts, later(g, 1));
        const axis = g.ints([1], []);
        const sum = g.op('CumSum', [rest, axis], { reverse: { int: 1 } });
        const total = g.op('ReduceSum', [sum, g.ints([2])]);
        return g.op('Mul', [g.op('Div', [sum, g.op('Add', [total, g.scalar(1)])]), g.scalar(1)]);
      }),
    ),
    found: { ...everywhere, why: 'each later token moves each place before it' },
  },
  {
    name: 'one-bit',
    does: 'reads one bit of the next token',
    setting: 'chunk',
    bent: bare(added((g) => byTable(g, BIT, later(g, 1)))),
    found: {
      ...everywhere,
      why: 'each change has another bit in one of two, and there are some hundred',
    },
  },
  {
    name: 'certain',
    does: 'gives every token but the next one the probability zero',
    setting: 'chunk',
    bent: bare(added((g) => byTable(g, CERTAIN, later(g, 1)))),
    found: { ...everywhere, why: ANY_ROW },
  },
  {
    name: 'faint',
    does: 'reads the next token with the weight 1e-4, in every target',
    setting: 'chunk',
    bent: bare(added(ahead(1, 1e-4))),
    found: {
      ...everywhere,
      why: `${ANY_ROW}; the inserted token is scored, which moves by the weight`,
    },
  },
  {
    name: 'below-tolerance',
    does: 'reads the next token with the weight 5e-6, in every target',
    setting: 'chunk',
    bent: bare(added(ahead(1, 5e-6))),
    found: { ...everywhere, warned: true, why: FAINT },
  },
  {
    name: 'router',
    does: 'adds a faint mean over all positions, later ones too, as a router over them does',
    setting: 'chunk',
    bent: bare(
      added((g) => {
        const values = byTable(g, normals(VOCABULARY ** 2, 8, 1e-6), 'input_ids');
        return g.op('ReduceMean', [values, g.ints([1])]);
      }),
    ),
    found: { ...everywhere, warned: true, why: FAINT },
  },
];
