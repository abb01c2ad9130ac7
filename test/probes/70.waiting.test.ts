/** Cheats that behave until something is as it is in a score, and seldom in a probe. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type GraphSpec, onnxModel } from '#bpb/onnx/writer';
import { type ProbeOptions, type ProbeReport, probe } from '#bpb/probes/probe';
import { writeCounts, writeManifest } from '../helpers/adaptive.js';
import { byteModel, copied, lookup, table } from '../helpers/byte-models.js';
import { temporaryFolder } from '../helpers/folder.js';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { normals } from '../helpers/models.js';
import { scoreFixture, seededTexts, VOCABULARY } from '../helpers/score-fixture.js';

const SEQ_LEN = 512;
const FLOAT = { to: { int: 1 } };
const BOS = 1;

/** Short documents, and some that fill a row. */
const TEXTS = seededTexts(150).map((text, k) => (k % 3 === 0 ? text.repeat(12) : text));

const failed = ({ verdicts }: ProbeReport) =>
  verdicts.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);

type Build = (g: GraphBuilder) => string;

/** The next token's own logit, `[batch, time, width]`. */
function next(g: GraphBuilder, weight = 1): string {
  const padded = g.op('Pad', ['input_ids', g.ints([0, 0, 0, 1])]);
  return copied(g, g.slice(padded, 1, 1, 2 ** 31), weight);
}

/** The mean over the batch of something after each id. */
const beside: Build = (g) =>
  g.op('ReduceMean', [lookup(g, normals(VOCABULARY ** 2, 2, 1)), g.ints([0])]);

const scalar = (g: GraphBuilder, value: number) => g.ints([value], []);

function size(g: GraphBuilder, axis: 0 | 1): string {
  return g.op('Gather', [g.op('Shape', ['input_ids']), scalar(g, axis)]);
}

/** `[1, time, 1]`: 0, 1, 2, … */
function positions(g: GraphBuilder): string {
  const range = g.op('Range', [scalar(g, 0), size(g, 1), scalar(g, 1)]);
  return g.op('Unsqueeze', [range, g.ints([0, 2])]);
}

const moreThan = (axis: 0 | 1, least: number) => (g: GraphBuilder) =>
  g.op('Greater', [size(g, axis), scalar(g, least)]);

/** Row `r` goes on where row `r + 1` does: `[batch, 1, 1]`, as only sliding windows have it. */
function overlaps(g: GraphBuilder, stride: number): string {
  const shifted = g.slice('input_ids', 1, stride, 2 ** 31);
  const below = g.slice(g.slice('input_ids', 0, 1, 2 ** 31), 1, 0, -stride);
  const padded = g.op('Pad', [below, g.ints([0, 0, 1, 0])]);
  const same = g.op('Cast', [g.op('Equal', [shifted, padded])], FLOAT);
  return g.op('Unsqueeze', [g.op('ReduceMin', [same, g.ints([1])]), g.ints([2])]);
}

/** The table, and `leak` where `gate` says so. */
function when(gate: Build, leak: Build = next): Build {
  return (g) => {
    const open = g.op('Cast', [gate(g)], FLOAT);
    return g.op('Add', [table(g), g.op('Mul', [leak(g), open])]);
  };
}

async function probed(build: Build, over: Partial<ProbeOptions> = {}): Promise<ProbeReport> {
  const { model: artifact, docs } = await scoreFixture({ model: byteModel(build), texts: TEXTS });
  const asked = { tokenizer: 'byte260', window: 'document', seqLen: SEQ_LEN } as const;
  return probe({ artifact, docs, ...asked, batchTokens: 4096, workers: 1, seed: 1, ...over });
}

describe('rows that stand alone', () => {
  test.each<[string, string, Build]>([
    [
      'look-ahead in rows that begin with BOS, as rows of document windows do',
      'causality',
      when((g) => {
        const first = g.op('Equal', [g.slice('input_ids', 1, 0, 1), g.ints([BOS])]);
        return g.op('Unsqueeze', [first, g.ints([2])]);
      }),
    ],
    [
      'look-ahead beyond position 300',
      'causality',
      when((g) => g.op('Greater', [positions(g), scalar(g, 300)])),
    ],
    [
      'look-ahead at the last place but one of full rows',
      'length',
      when((g) => {
        const last = g.op('Equal', [positions(g), scalar(g, SEQ_LEN - 2)]);
        return g.op('And', [last, moreThan(1, SEQ_LEN - 1)(g)]);
      }),
    ],
    [
      'the end of a document, read off the padding behind it',
      'causality',
      (g) => {
        const padded = g.op('Pad', ['input_ids', g.ints([0, 0, 0, 1]), scalar(g, 7)]);
        const end = g.op('Equal', [g.slice(padded, 1, 1, 2 ** 31), scalar(g, 0)]);
        const open = g.op('Cast', [g.op('Unsqueeze', [end, g.ints([2])])], FLOAT);
        const bos = Float32Array.from({ length: VOCABULARY }, (_, id) => (id === BOS ? 9 : 0));
        const hint = g.op('Mul', [open, g.floats(bos, [1, 1, VOCABULARY])]);
        return g.op('Add', [table(g), hint]);
      },
    ],
    ['a mean over batches of more than four rows', 'batch', when(moreThan(0, 4), beside)],
    ['look-ahead in batches of more than eight rows', 'batch', when(moreThan(0, 8))],
  ])('%s: %s', async (_, name, build) => {
    expect(failed(await probed(build))).toContain(name);
  });

  test('under sliding windows, the row below where it overlaps: batch', async () => {
    const stride = 16;
    const build = when(
      (g) => overlaps(g, stride),
      (g) => {
        // Down a row and `stride - 1` to the right: the next token of every place.
        const padded = g.op('Pad', ['input_ids', g.ints([0, stride - 1, 1, 0])]);
        const coming = g.slice(g.slice(padded, 0, 1, 2 ** 31), 1, 0, 1 - stride);
        return copied(g, coming, 3);
      },
    );
    const report = await probed(build, { window: 'sliding', seqLen: 64, stride });
    expect(failed(report)).toContain('batch');
  });
});

describe('documents that carry state', () => {
  const CHUNK = 16;
  const CONTEXT = 48;

  /** Counts its chunks, and looks ahead where `gate` says so. */
  function counting(gate: Build): string {
    const g = new GraphBuilder();
    g.op('Identity', [when(gate)(g)], {}, 'logits');
    g.op('Add', ['chunks', g.scalar(1)], {}, 'chunks_next');
    const chunks = { type: 'float32', dims: ['batch', 1, 1] } as const;
    const graph: GraphSpec = {
      nodes: g.nodes,
      initializers: g.initializers,
      inputs: [
        { name: 'input_ids', type: 'int64', dims: ['batch', 'time'] },
        { name: 'chunks', ...chunks },
      ],
      outputs: [
        { name: 'logits', type: 'float32', dims: ['batch', 'time', VOCABULARY] },
        { name: 'chunks_next', ...chunks },
      ],
    };
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'model.onnx'), onnxModel(graph));
    const state = { name: 'chunks', in: 'chunks', out: 'chunks_next', shape: [1, 1] };
    const counted = ['model.onnx'];
    writeManifest(folder, 'counting', { chunk: CHUNK, context: CONTEXT }, [state], { counted });
    return folder;
  }

  test.each<[string, Build]>([
    ['after ten chunks', (g) => g.op('Greater', ['chunks', g.scalar(9.5)])],
    ['only where the context is full', moreThan(1, CONTEXT + CHUNK - 1)],
  ])('look-ahead %s: causality', async (_, gate) => {
    const { docs } = await scoreFixture({ texts: TEXTS });
    const report = await probe({ artifact: counting(gate), docs, workers: 1, seed: 1 });
    expect(failed(report)).toContain('causality');
  });

  test('an honest one of such chunks passes', async () => {
    const { docs } = await scoreFixture({ texts: TEXTS });
    const never: Build = (g) => g.op('Greater', ['chunks', g.scalar(1e6)]);
    expect(failed(await probe({ artifact: counting(never), docs, workers: 1, seed: 1 }))).toEqual(
      [],
    );
  });

  test('chunks and rows beyond any memory are probed as long as the documents are', async () => {
    const { docs, model } = await scoreFixture();
    const folder = temporaryFolder();
    writeCounts(folder, { chunk: 2 ** 33, context: 2 ** 33 });
    const adaptive = await probe({ artifact: folder, docs, workers: 1, seed: 1 });
    // No document goes on after its first chunk, so that nothing is ever learned.
    expect(failed(adaptive)).toEqual(['state']);
    const asked = { tokenizer: 'byte260', window: 'document', seqLen: 2 ** 33 } as const;
    expect(failed(await probe({ artifact: model, docs, workers: 1, seed: 1, ...asked }))).toEqual(
      [],
    );
  });
});
