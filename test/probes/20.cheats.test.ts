import { describe, expect, test } from 'vitest';
import { onnxModel } from '#bpb/onnx/writer';
import { type ProbeOptions, type ProbeReport, probe } from '#bpb/probes/probe';
import {
  attention,
  byteGraph,
  byteModel,
  carry,
  causalMean,
  changedTable,
  lookAhead,
  lookup,
  meanOver,
  noise,
  TABLE,
  table,
} from '../helpers/byte-models.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

async function probed(model: Uint8Array, over: Partial<ProbeOptions> = {}): Promise<ProbeReport> {
  const w = await scoreFixture({ model });
  return probe({
    artifact: w.model,
    tokenizer: 'byte260',
    docs: w.docs,
    window: 'document',
    seqLen: 128,
    workers: 1,
    seed: 1,
    ...over,
  });
}

const failed = ({ verdicts }: ProbeReport) =>
  verdicts.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);
const named = ({ verdicts }: ProbeReport, name: string) =>
  verdicts.find((each) => each.name === name)!;

describe('honest models pass', () => {
  test.each<[string, (g: GraphBuilder) => string]>([
    ['a table', table],
    ['a causal mean', causalMean],
    ['causal attention', attention],
    // Bytes that UTF-8 has no use for may be ruled out.
    [
      'a table without impossible bytes',
      changedTable((values) => {
        for (let id = 0; id < VOCABULARY; id++) {
          values.fill(Number.NEGATIVE_INFINITY, id * VOCABULARY + 4 + 0xf5, (id + 1) * VOCABULARY);
        }
      }),
    ],
  ])('%s', async (_, build) => {
    const report = await probed(byteModel(build));
    expect(failed(report)).toEqual([]);
    expect(report.verdict).toBe('pass');
    expect(named(report, 'causality').effect).toBeLessThan(1e-5);
    expect(named(report, 'documents').verdict).toBe('pass');
    expect(named(report, 'order').verdict).toBe('pass');
  });

  test('of static shape', async () => {
    const report = await probed(byteModel(attention, { dims: [1, 128] }));
    expect(failed(report)).toEqual([]);
    expect(named(report, 'batch')).toMatchObject({ verdict: 'not_applicable', effect: null });
  });

  test.each([[1], [2], [3], [2000]])('in rows of %i, with data and without', async (seqLen) => {
    // Long random rows hold every byte there is.
    expect(failed(await probed(byteModel(attention), { seqLen }))).toEqual([]);
    expect(failed(await probed(byteModel(attention), { seqLen, docs: undefined }))).toEqual([]);
  });

  test('looked at more closely', async () => {
    const report = await probed(byteModel(attention), { thorough: true });
    expect(failed(report)).toEqual([]);
    expect(report.thorough).toBe(true);
  });

  test('without any data, on random tokens, and it says so', async () => {
    const report = await probed(byteModel(attention), { docs: undefined });
    expect(failed(report)).toEqual([]);
    expect(report.data).toBeNull();
    expect(report.notes.join()).toMatch(/at random/);
  });
});

describe('each cheat is caught by the probe that looks for it', () => {
  const poisoned = (value: number, id: number) =>
    changedTable((values) => values.fill(value, id * VOCABULARY, (id + 1) * VOCABULARY));
  const ruledOut = (id: number) =>
    changedTable((values) => {
      for (let k = 0; k < VOCABULARY; k++) values[k * VOCABULARY + id] = Number.NEGATIVE_INFINITY;
    });
  /** Of the letter a. */
  const A = 97 + 4;

  test.each<[string, string, (g: GraphBuilder) => string, RegExp]>([
    ['the next token', 'causality', lookAhead(1, 3), /the very token it predicts/],
    ['a far token, of tiny weight', 'causality', lookAhead(40, 1e-4), /\d tokens beyond/],
    ['a mean over the window, of tiny weight', 'causality', meanOver(1, 1e-3), /position/],
    ['a mean over the batch, of tiny weight', 'batch', meanOver(0, 1e-3), /other rows/],
    ['noise', 'repeat', noise(1e-2), /differ|fresh process/],
    ['NaN after one token', 'finite', poisoned(Number.NaN, 201), /after token 201/],
    [
      'infinity after one token',
      'finite',
      poisoned(Number.POSITIVE_INFINITY, 40),
      /after token 40/,
    ],
    ['a real target ruled out', 'finite', ruledOut(A), /probability zero .* token 101/],
    ['an id that cannot be predicted', 'vocabulary', ruledOut(A), /<0x61>/],
    ['what the document before held', 'documents', carry(1e-2), /document/],
  ])('%s: %s', async (_, name, build, note) => {
    const report = await probed(byteModel(build));
    expect(report.verdict).toBe('fail');
    expect(failed(report)).toContain(name);
    expect(named(report, name).note).toMatch(note);
  });

  test.each([[1], [7]])('the faint ones alone and under any seed: %i', async (seed) => {
    // A leak of 1e-4 nats is far below what rounding to fp16 does, and 100 times what fp32 does.
    const far = await probed(byteModel(lookAhead(40, 1e-4)), { seed });
    expect(failed(far)).toEqual(['causality']);
    const { effect, tolerance } = named(far, 'causality');
    expect(effect).toBeGreaterThan(5e-5);
    expect(effect).toBeLessThan(2e-4);
    expect(tolerance).toBeLessThan(5e-5);
    expect(failed(await probed(byteModel(meanOver(0, 1e-3)), { seed }))).toContain('batch');
  });

  test('noise is not taken for look-ahead, and does not hide one', async () => {
    expect(failed(await probed(byteModel(noise(1e-2))))).toEqual(['graph', 'repeat']);
    const both = byteModel((g) => {
      const ahead = lookAhead(1, 3)(g);
      const random = g.op('RandomNormalLike', [ahead], { scale: { float: 1e-2 } });
      return g.op('Add', [ahead, random]);
    });
    expect(failed(await probed(both))).toEqual(expect.arrayContaining(['repeat', 'causality']));
  });

  test.each([
    ['static', { openWidth: false }],
    ['known only to a run', { openWidth: true }],
  ])('a narrow vocabulary, %s: vocabulary', async (_, { openWidth }) => {
    const values = changedTable(() => {}, 200);
    const model = byteModel(
      (g) => {
        const logits = values(g);
        const keep = g.bools(new Array<boolean>(200).fill(true), [200]);
        return openWidth ? g.op('Compress', [logits, keep], { axis: { int: 2 } }) : logits;
      },
      { width: openWidth ? ('width' as unknown as number) : 200 },
    );
    const report = await probed(model);
    expect(failed(report)).toEqual(['vocabulary']);
    expect(named(report, 'vocabulary')).toMatchObject({ effect: 60, unit: 'ids', tolerance: 0 });
    expect(named(report, 'vocabulary').note).toMatch(/200 logits for 260 ids/);
  });

  test('memorized validation text: graph', async () => {
    const { ids } = await scoreFixture();
    const model = byteModel((g) => {
      g.ints(ids.slice(500, 600));
      return table(g);
    });
    const report = await probed(model);
    expect(failed(report)).toEqual(['graph']);
    expect(named(report, 'graph').note).toMatch(/holds 100 tokens of the data in a row/);
  });

  test('an input that nothing is known of is refused, not judged', async () => {
    const graph = byteGraph(table);
    const hint = { name: 'hint', type: 'int64', dims: ['batch', 'time'] } as const;
    const model = onnxModel({ ...graph, inputs: [...graph.inputs, hint] });
    const refusal = await refusalOf(() => probed(model));
    expect(refusal).toMatchObject({ code: 'BPB_MODEL_INPUT', exitCode: 3 });
    expect(refusal.hint).toContain('--input hint=');
  });

  test('under chunk windows documents meet by design: the reach is reported, nothing fails', async () => {
    const report = await probed(byteModel(causalMean), { window: 'chunk' });
    expect(failed(report)).toEqual([]);
    const { verdict, effect, note } = named(report, 'documents');
    expect(verdict).toBe('not_applicable');
    expect(effect).toBeGreaterThan(0);
    expect(note).toMatch(/moves targets up to \d+ after it/);
    expect(named(report, 'order').verdict).toBe('not_applicable');
  });

  test('rows longer than the graph can run are refused: nothing was seen to fail', async () => {
    const model = byteModel((g) => {
      const mask = g.floats(new Float32Array(4 * VOCABULARY), [4, VOCABULARY]);
      return g.op('Add', [table(g), mask]);
    });
    const error = await refusalOf(() => probed(model));
    expect(error).toMatchObject({ code: 'BPB_MODEL_RUN', hint: '--seq-len 4' });
  });

  test('a graph that cannot run on short rows: length', async () => {
    const model = byteModel((g) => {
      // Asks for a whole number of fours.
      const fours = g.op('Reshape', ['input_ids', g.ints([0, -1, 4])]);
      return lookup(g, TABLE, g.op('Reshape', [fours, g.op('Shape', ['input_ids'])]));
    });
    const report = await probed(model);
    expect(failed(report)).toContain('length');
    expect(named(report, 'length').note).toMatch(/could not be run/);
  });
});
