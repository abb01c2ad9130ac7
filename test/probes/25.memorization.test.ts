/** Rows of the data that a model recognizes by an exact match, however it stores them. */
import { describe, expect, test } from 'vitest';
import { type ProbeOptions, type ProbeReport, probe } from '#bpb/probes/probe';
import { planWindows } from '#bpb/windows/plan';
import { attention, byteModel, lookup, table } from '../helpers/byte-models.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { scoreFixture, seededTexts, VOCABULARY } from '../helpers/score-fixture.js';
import { streamOf } from '../helpers/stream.js';

const SEQ_LEN = 128;
const BOS = 1;
/** Slots of the hash table, a prime; one more is always empty. */
const SLOTS = 100_003;
/** What an empty slot holds: no id. */
const NONE = VOCABULARY;
/** Inputs that the key of a row is made from. */
const KEY_INPUTS = 4;
const SPREAD = 977;

type Mode = 'document' | 'chunk';

/** Rows of the data as a score cuts them: inputs, and the next token of each. */
function rowsOf(ids: readonly number[], mode: Mode): number[][] {
  const starts = ids.flatMap((id, at) => (id === BOS ? [at] : []));
  const plan = planWindows(streamOf(ids, starts), {
    mode,
    seqLen: SEQ_LEN,
    stride: null,
    tail: 'score',
    compat: null,
  });
  return Array.from({ length: plan.rowCount }, (_, r) => {
    const { start, length } = plan.row(r);
    return ids.slice(start, start + length + 1);
  });
}

/** Slot of a key at a position. */
const slotOf = (key: number, position: number) => (key * SPREAD + position * 7919) % SLOTS;

/** The next token at the slot of each position: no constant holds two of them in a row. */
function memoryOf(rows: readonly number[][], key: (row: number[], position: number) => number) {
  const memory = new Array<number>(SLOTS + 1).fill(NONE);
  for (const row of rows) {
    for (let t = KEY_INPUTS; t + 1 < row.length; t++) memory[slotOf(key(row, t), t)] = row[t + 1]!;
  }
  return memory;
}

/** The table, with `weight` added to the token in the slot of `key`, a tensor `[batch, time | 1]`. */
function recalled(g: GraphBuilder, memory: readonly number[], key: string, weight: number): string {
  const zeros = g.op('Mul', ['input_ids', g.ints([0])]);
  const counted = g.op('CumSum', [g.op('Add', [zeros, g.ints([1])]), g.ints([1], [])]);
  const position = g.op('Sub', [counted, g.ints([1])]);
  const spread = g.op('Add', [
    g.op('Mul', [key, g.ints([SPREAD])]),
    g.op('Mul', [position, g.ints([7919])]),
  ]);
  const slot = g.op('Mod', [spread, g.ints([SLOTS])]);
  // Positions inside the key have the empty slot: they would look ahead.
  const early = g.op('Less', [position, g.ints([KEY_INPUTS])]);
  const used = g.op('Where', [early, g.ints([SLOTS]), slot]);
  const known = g.op('Gather', [g.ints(memory), used]);
  const boost = new Float32Array((VOCABULARY + 1) * VOCABULARY);
  for (let id = 0; id < VOCABULARY; id++) boost[id * (VOCABULARY + 1)] = weight;
  return g.op('Add', [table(g), lookup(g, boost, known)]);
}

/** Keyed by the sum of all inputs so far. */
const byPrefix = {
  key: (row: number[], t: number) => row.slice(0, t + 1).reduce((a, b) => a + b, 0),
  node: (g: GraphBuilder) => g.op('CumSum', ['input_ids', g.ints([1], [])]),
};

/** Keyed by the first inputs of the row, and nothing after them. */
const byBeginning = {
  key: (row: number[]) => row.slice(0, KEY_INPUTS).reduce((a, b, k) => a + b * (k + 1), 0),
  node: (g: GraphBuilder) => {
    const padded = g.op('Pad', ['input_ids', g.ints([0, 0, 0, KEY_INPUTS])]);
    const first = g.op('Mul', [
      g.slice(padded, 1, 0, KEY_INPUTS),
      g.ints(Array.from({ length: KEY_INPUTS }, (_, k) => k + 1)),
    ]);
    return g.op('ReduceSum', [first, g.ints([1])]);
  },
};

async function probed(
  build: (g: GraphBuilder, ids: readonly number[]) => string,
  over: Partial<ProbeOptions> & { texts?: readonly string[] } = {},
): Promise<ProbeReport> {
  const { texts = seededTexts(60), ...rest } = over;
  const { ids } = await scoreFixture({ texts });
  const w = await scoreFixture({ texts, model: byteModel((g) => build(g, ids)) });
  return probe({
    artifact: w.model,
    tokenizer: 'byte260',
    docs: w.docs,
    window: 'document',
    seqLen: SEQ_LEN,
    workers: 1,
    seed: 1,
    ...rest,
  });
}

const failed = ({ verdicts }: ProbeReport) =>
  verdicts.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);
const found = ({ verdicts }: ProbeReport) => verdicts.find(({ name }) => name === 'memorized')!;

describe('memorized rows fail this probe and no other', () => {
  test.each([
    ['by all tokens before', byPrefix, 'document', 20],
    ['by all tokens before, a little likelier', byPrefix, 'document', 2],
    ['by the beginning of the row', byBeginning, 'document', 20],
    ['by all tokens before, in chunks', byPrefix, 'chunk', 20],
  ] as const)('%s', async (_, { key, node }, window, weight) => {
    const report = await probed(
      (g, ids) => recalled(g, memoryOf(rowsOf(ids, window), key), node(g), weight),
      { window },
    );
    expect(failed(report)).toEqual(['memorized']);
    const { effect, tolerance, note } = found(report);
    expect(effect).toBeGreaterThan(tolerance!);
    expect(note).toMatch(/row at stream position \d+ is memorized: .* rises from [\d.]+ to [\d.]+/);
  });
});

describe('honest models pass', () => {
  test('the same graph with rows of other texts in its table', async () => {
    const { ids: others } = await scoreFixture({ texts: seededTexts(60, 99) });
    const report = await probed((g) =>
      recalled(g, memoryOf(rowsOf(others, 'document'), byPrefix.key), byPrefix.node(g), 20),
    );
    expect(failed(report)).toEqual([]);
  });

  test('one that depends on all that came before', async () => {
    const report = await probed((g) => attention(g));
    expect(failed(report)).toEqual([]);
    expect(found(report)).toMatchObject({ verdict: 'pass', note: null });
  });
});

test.each([
  ['without data', { docs: undefined }],
  ['in rows that are too short', { seqLen: 31 }],
  ['of documents that are too short', { texts: ['ab', 'c', '', 'defg'] }],
] as const)('not applicable %s', async (_, over) => {
  const report = await probed((g) => table(g), over);
  expect(found(report)).toMatchObject({ verdict: 'not_applicable', effect: null });
});
