/** A model that reads what is not its own: the organizer's shard, from where a check does not look. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { onnxModel } from '#bpb/onnx/writer';
import { savedApart } from '../helpers/external.js';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { externalTensor, PLACES, TABLE_BYTES } from '../helpers/hidden-places.js';
import { refusalOf } from '../helpers/refusal.js';
import {
  expectClean,
  expectWithheld,
  learned,
  rewrite,
  scoreOf,
  type World,
  world,
} from './world.js';

const BOS = 1;
const SHARD = 'fineweb_val_000000.bin';

const reading = (place: string, location: string): Uint8Array =>
  PLACES[place]!(
    externalTensor([
      ['location', location],
      ['offset', '0'],
      ['length', `${TABLE_BYTES}`],
    ]),
  );

async function refused(bent: World): Promise<void> {
  const refusal = await refusalOf(() => scoreOf(bent));
  expect(refusal).toMatchObject({ code: 'BPB_MODEL_EXTERNAL_DATA', exitCode: 3 });
  expect(refusal.hint).toBeDefined();
}

describe('external data in a hidden place', () => {
  test.each([
    'values of a sparse initializer',
    'sparse_value of a Constant',
    'the default of a function’s attribute',
    // Places that the record of attacks does not name.
    'an initializer of a subgraph of a function',
    'the initialization of a training graph',
  ])('%s is refused', async (place) => {
    const bent = await world();
    const location = relative(process.cwd(), join(bent.data, SHARD));
    writeFileSync(join(bent.artifact, 'model.onnx'), reading(place, location));
    await refused(bent);
  });

  test.each([
    ['upwards, from the artifact', () => `../data/${SHARD}`],
    ['by its absolute path', ({ data }: World) => join(data, SHARD)],
    ['in the memory of the process', () => '*/_ORT_MEM_ADDR_/*'],
    ['in the folder of the artifact, where a copy lies', () => SHARD],
  ])('leading %s, is refused in a compressed model too', async (_, locationOf) => {
    const bent = await world();
    writeFileSync(join(bent.artifact, SHARD), readFileSync(join(bent.data, SHARD)));
    const model = reading('values of a sparse initializer', locationOf(bent));
    writeFileSync(join(bent.artifact, 'model.onnx.gz'), gzipSync(model));
    rewrite(bent, { model: { path: 'model.onnx.gz' }, counted: ['model.onnx.gz', 'train.py'] });
    await refused(bent);
  });

  test('is refused in the graph that adapts', async () => {
    const bent = await world();
    writeFileSync(join(bent.artifact, 'adapt.onnx'), reading('sparse_value of a Constant', SHARD));
    rewrite(bent, {
      state: {
        tensors: [{ name: 's', in: 's', out: 's_next', shape: [1], reset: 'never' }],
        chunk: 8,
      },
      adapt: { path: 'adapt.onnx', reads: ['s'], writes: ['s'] },
    });
    expect(await refusalOf(() => scoreOf(bent))).toMatchObject({ exitCode: 3 });
  });
});

const STRIDE = 16;

/** A table of counts, and what the next row of the batch has read, where that is this row's target. */
function readsNextRow(ids: readonly number[], vocabulary: number): Uint8Array {
  const copied = new Float32Array(vocabulary ** 2);
  // Below the row is none: id 0, as in no text.
  for (let id = 1; id < vocabulary; id++) copied[id * (vocabulary + 1)] = 12;
  const g = new GraphBuilder();
  const shifted = g.op('Pad', ['input_ids', g.ints([0, STRIDE - 1, 1, 0])]);
  const below = g.slice(g.slice(shifted, 0, 1, 2 ** 31), 1, 0, 1 - STRIDE);
  return tables(g, [
    [learned(ids, vocabulary), 'input_ids'],
    [copied, below],
  ]);
}

/** The sum of tables `[vocabulary, vocabulary]`, each looked up by ids. */
function tables(g: GraphBuilder, sum: readonly [Float32Array, string][]): Uint8Array {
  const vocabulary = Math.sqrt(sum[0]![0].length);
  const rows = sum.map(([values, ids]) =>
    g.op('Gather', [g.floats(values, [vocabulary, vocabulary]), ids]),
  );
  g.op('Add', rows, {}, 'logits');
  return onnxModel({
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [{ name: 'input_ids', type: 'int64', dims: ['batch', 'time'] }],
    outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'time', vocabulary] }],
    opset: 18,
  });
}

test('a model that reads the next row of the batch, which holds its targets, loses its headline', async () => {
  const manifest = { evaluation: { window: 'sliding', seqLen: 2 * STRIDE, stride: STRIDE } };
  const bent = await world({ manifest, model: readsNextRow });
  const result = await scoreOf(bent, { seed: 1 });
  expectWithheld(result, 'verification-failed');
  expect(result.score.val_loss).toBeLessThan(0.5 * (await scoreOf(await world())).score.val_loss!);
});

/** A table of counts, without BOS, which is certain where nothing follows: padding is id 0, as in no text. */
function knowsEnds(ids: readonly number[], vocabulary: number): Uint8Array {
  const table = learned(ids, vocabulary);
  for (let id = 0; id < vocabulary; id++) table[id * vocabulary + BOS] = -30;
  const end = new Float32Array(vocabulary ** 2);
  end[BOS] = 60;
  const g = new GraphBuilder();
  const next = g.slice(g.op('Pad', ['input_ids', g.ints([0, 0, 0, 1])]), 1, 1, 2 ** 31);
  return tables(g, [
    [table, 'input_ids'],
    [end, next],
  ]);
}

test('a model that sees where its document ends is found by the probes of --strict alone', async () => {
  const manifest = { evaluation: { window: 'document', seqLen: 256 } };
  const [honest, bent] = [await world({ manifest }), await world({ manifest, model: knowsEnds })];
  const [fair, better] = [await scoreOf(honest), await scoreOf(bent)];
  expect(better.score.val_bpb).toBeLessThan(0.98 * fair.score.val_bpb!);
  expectWithheld(await scoreOf(bent, { strict: true, seed: 1 }), 'probes-failed');
  expectClean(await scoreOf(honest, { strict: true, seed: 1 }));
});

describe('the honest twin', () => {
  test('weights in a file of the artifact score as those inside, to the last bit', async () => {
    const honest = await world();
    const before = await scoreOf(honest);
    const whole = readFileSync(join(honest.artifact, 'model.onnx'));
    const { model, data } = savedApart(whole, 'weights.bin');
    writeFileSync(join(honest.artifact, 'model.onnx'), model);
    writeFileSync(join(honest.artifact, 'weights.bin'), data);
    rewrite(honest, { counted: ['model.onnx', 'weights.bin', 'train.py'] });
    const after = await scoreOf(honest);
    expectClean(after);
    expect(after.totals.nats_q30).toBe(before.totals.nats_q30);
  });
});
