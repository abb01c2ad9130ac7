/** Cheats that hold the validation text, by how it is stored and what it is recalled by. */
import { lookup } from '../helpers/byte-models.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { uniform } from '../helpers/models.js';
import { VOCABULARY } from '../helpers/score-fixture.js';
import type { Build, Cheat } from './cheat.js';
import { added, bare, hashOf, hashOfBeginning, KEY_INPUTS, position } from './parts.js';
import { idsOf, learned, SEQ_LEN } from './settings.js';

const IDS = idsOf('chunk');
/** Slots of a table from a key to a place of the text, a prime. */
const SLOTS = 400_009;
const WEIGHT = 5;
/** Tokens before, and the one itself, that a place is recognized by. */
const CONTEXT = 16;
const next = uniform(55);
const FACTORS = Array.from({ length: CONTEXT }, () => 1 + Math.floor(next() * 99_990));

/** A key of the graph `[batch, time]`, and the same of the text: slot by place. */
interface Key {
  readonly graph: (g: GraphBuilder) => string;
  readonly slots: () => Map<number, number>;
}

/** Of the row's first tokens and the place in it. */
const beginning: Key = {
  graph: (g) => {
    const spread = g.op('Mul', [position(g), g.ints([7919])]);
    const sum = g.op('Add', [hashOfBeginning(g), spread]);
    // Places inside the key are left out: they would look ahead.
    const late = g.op('GreaterOrEqual', [position(g), g.ints([KEY_INPUTS])]);
    return g.op('Where', [late, g.op('Mod', [sum, g.ints([SLOTS])]), g.ints([SLOTS])]);
  },
  slots: () => {
    const pairs: [number, number][] = [];
    for (let start = 0; start + 1 < IDS.length; start += SEQ_LEN) {
      const hash = hashOf(IDS.slice(start, start + KEY_INPUTS));
      for (let t = KEY_INPUTS; t < SEQ_LEN; t++) pairs.push([(hash + 7919 * t) % SLOTS, start + t]);
    }
    return certain(pairs);
  },
};

/** Of the last tokens. */
const lastTokens: Key = {
  graph: (g) => {
    const padded = g.op('Pad', ['input_ids', g.ints([0, CONTEXT - 1, 0, 0])]);
    const terms = FACTORS.map((factor, k) => {
      // The k-th before.
      const end = k === 0 ? 2 ** 31 : -k;
      return g.op('Mul', [g.slice(padded, 1, CONTEXT - 1 - k, end), g.ints([factor])]);
    });
    const sum = terms.reduce((all, term) => g.op('Add', [all, term]));
    return g.op('Mod', [sum, g.ints([SLOTS])]);
  },
  slots: () =>
    certain(
      IDS.slice(0, -1).map((_, at) => {
        const sum = FACTORS.reduce((all, factor, k) => all + factor * (IDS[at - k] ?? 0), 0);
        return [sum % SLOTS, at];
      }),
    ),
};

/** Slots that one place of the text has: what two have would be wrong for one of them. */
function certain(pairs: readonly [number, number][]): Map<number, number> {
  const uses = new Map<number, number>();
  for (const [slot] of pairs) uses.set(slot, (uses.get(slot) ?? 0) + 1);
  return new Map(pairs.filter(([slot]) => uses.get(slot) === 1));
}

/** The text as a constant, and the id at a place of it, as the graph reads it. */
interface Storage {
  readonly values: () => number[];
  /** Place in the constant of a place in the text. */
  readonly at: (place: number) => number;
  /** The id again. */
  readonly read?: (g: GraphBuilder, value: string) => string;
}

const plain: Storage = { values: () => [...IDS], at: (place) => place };
const reversed: Storage = {
  values: () => IDS.toReversed(),
  at: (place) => IDS.length - 1 - place,
};
const scaled: Storage = {
  values: () => IDS.map((id) => 3 * id + 7),
  at: (place) => place,
  read: (g, value) => g.op('Div', [g.op('Sub', [value, g.ints([7])]), g.ints([3])]),
};
/** Of a permutation that a number prime to the length gives. */
const STEP = 7919;
const permuted: Storage = {
  values: () => {
    const values = new Array<number>(IDS.length);
    IDS.forEach((id, place) => {
      values[(place * STEP) % IDS.length] = id;
    });
    return values;
  },
  at: (place) => (place * STEP) % IDS.length,
};
/** The token that followed where the key was seen, made likelier. */
function recalling(key: Key, { values, at, read }: Storage): Build {
  return bare(
    added((g) => {
      // The place behind the end holds nothing: an id beyond the vocabulary.
      const constant = values();
      const none = constant.length;
      const places = new Array<number>(SLOTS + 1).fill(none);
      for (const [slot, place] of key.slots()) {
        if (place + 1 < IDS.length) places[slot] = at(place + 1);
      }
      const where = g.op('Gather', [g.ints(places), key.graph(g)]);
      const held = g.ints([...constant, 0]);
      let id = g.op('Gather', [held, where]);
      if (read !== undefined) id = read(g, id);
      const empty = g.op('Equal', [where, g.ints([none])]);
      const boost = new Float32Array((VOCABULARY + 1) * VOCABULARY);
      for (let k = 0; k < VOCABULARY; k++) boost[k * (VOCABULARY + 1)] = WEIGHT;
      return lookup(g, boost, g.op('Where', [empty, g.ints([VOCABULARY]), id]));
    }),
  );
}

/** No constant holds two ids in a row: the slot of a place holds its next token. */
function scattered(key: Key): Build {
  return bare(
    added((g) => {
      const tokens = new Array<number>(SLOTS + 1).fill(VOCABULARY);
      for (const [slot, place] of key.slots()) tokens[slot] = IDS[place + 1] ?? VOCABULARY;
      const boost = new Float32Array((VOCABULARY + 1) * VOCABULARY);
      for (let k = 0; k < VOCABULARY; k++) boost[k * (VOCABULARY + 1)] = WEIGHT;
      return lookup(g, boost, g.op('Gather', [g.ints(tokens), key.graph(g)]));
    }),
  );
}

const control = {
  search: 'control',
  by: 'memorized-text',
  chance: 1,
  why: 'the text is known and the control set is not: by 50 documents a side the difference is beyond chance',
} as const;
const graph = {
  search: 'read',
  by: 'graph',
  chance: 1,
  why: '32 ids in a row are searched in every constant',
} as const;
const memorized = {
  search: 'probe',
  by: 'memorized',
  chance: 1,
  why: 'one early token of each drawn row is replaced, and the key misses',
} as const;

export const MEMORIES: readonly Cheat[] = [
  {
    name: 'text-plain',
    does: 'the validation text as a constant, recalled by the last 16 tokens',
    setting: 'chunk',
    bent: recalling(lastTokens, plain),
    found: graph,
  },
  {
    name: 'text-reversed',
    does: 'the same, stored reversed',
    setting: 'chunk',
    bent: recalling(lastTokens, reversed),
    found: control,
  },
  {
    name: 'text-scaled',
    does: 'the same, times 3 and 7 more',
    setting: 'chunk',
    bent: recalling(lastTokens, scaled),
    found: control,
  },
  {
    name: 'text-permuted',
    does: 'the same, permuted',
    setting: 'chunk',
    bent: recalling(lastTokens, permuted),
    found: control,
  },
  {
    name: 'text-scattered',
    does: 'the same, each token in the slot of a hash',
    setting: 'chunk',
    bent: scattered(lastTokens),
    found: control,
  },
  {
    name: 'rows-scattered',
    does: 'the validation text by a hash of a row’s first 12 tokens and the place in it',
    setting: 'chunk',
    bent: scattered(beginning),
    found: memorized,
  },
  {
    name: 'rows-reversed',
    does: 'the same, stored reversed',
    setting: 'chunk',
    bent: recalling(beginning, reversed),
    found: memorized,
  },
  {
    name: 'pairs',
    does: 'the validation text’s own counts of pairs, as training on it gives them',
    setting: 'chunk',
    bent: bare((g) => lookup(g, learned(IDS))),
    found: {
      search: 'nothing',
      by: null,
      chance: 0,
      why: 'what it gains over counts of other texts of the kind is below the margin of a control set',
    },
  },
];
