import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import type { TokenStream } from '#bpb/data/types';
import { type GraphSpec, type InitializerSpec, onnxModel } from '#bpb/onnx/writer';
import { probeGraph } from '#bpb/probes/graph/graph';
import { RunIndex } from '#bpb/probes/graph/runs';
import { byte260 } from '#bpb/tokenizer/byte260';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { byteGraph, noise, table } from '../helpers/byte-models.js';
import { temporaryFolder } from '../helpers/folder.js';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { normals, uniform } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { byteStream, seededTexts } from '../helpers/score-fixture.js';
import { streamOf } from '../helpers/stream.js';

const IDS = byteStream(seededTexts(60));
const STREAM = streamOf(IDS);

async function read(graph: GraphSpec, stream: TokenStream | null = STREAM, tokenizer = byte260()) {
  const path = join(temporaryFolder(), 'model.onnx');
  writeFileSync(path, onnxModel(graph));
  return probeGraph(await loadArtifact(path), stream, tokenizer);
}

/** The table model with one more constant, which the logits are given the sum of, times zero. */
function holding(constant: Omit<InitializerSpec, 'name'>): GraphSpec {
  const graph = byteGraph(table);
  return { ...graph, initializers: [...graph.initializers!, { name: 'held', ...constant }] };
}

/** Two ids a number; an odd one at the end is left out. */
function pairs(ids: readonly number[]): Omit<InitializerSpec, 'name'> {
  const count = ids.length >> 1;
  return { type: 'int32', dims: [count], data: Uint16Array.from(ids.slice(0, 2 * count)) };
}

describe('constants that hold the data', () => {
  const from = 700;
  const stretch = (count: number) => IDS.slice(from, from + count);
  const junk = (count: number, seed = 9) => {
    const next = uniform(seed);
    return Array.from({ length: count }, () => Math.floor(next() * 250));
  };
  const hidden = (count: number) => [...junk(333), ...stretch(count), ...junk(100, 10)];
  const dims = (values: { length: number }) => ({ dims: [values.length] });

  test.each<[string, Omit<InitializerSpec, 'name'>]>(
    [hidden(200)].flatMap((v): [string, Omit<InitializerSpec, 'name'>][] => [
      ['int64', { type: 'int64', ...dims(v), data: BigInt64Array.from(v, BigInt) }],
      ['int32', { type: 'int32', ...dims(v), data: Int32Array.from(v) }],
      ['uint8, as the bytes that they stand for', u8(v.map((id) => id - 4))],
      ['int8, shifted to signed', { ...u8(v.map((id) => id - 128)), type: 'int8' }],
      ['float32', { type: 'float32', ...dims(v), data: Float32Array.from(v) }],
      ['two bytes an id', u8(v.flatMap((id) => [id & 255, id >> 8]))],
      ['two bytes an id, from an odd byte on', u8([7, ...v.flatMap((id) => [id & 255, id >> 8])])],
      ['two ids a number', pairs(v)],
    ]),
  )('as %s', async (_, constant) => {
    const { verdict, effect, tolerance, unit, note } = await read(holding(constant));
    expect(verdict).toBe('fail');
    // Chance may lengthen the stretch by an element or two where the junk happens to go on alike.
    expect(effect).toBeGreaterThanOrEqual(200);
    expect(effect).toBeLessThan(204);
    expect(tolerance).toBe(31);
    expect(unit).toMatch(/tokens/);
    expect(note).toMatch(/`held` holds 20\d tokens .* stream position (69\d|700)/);
  });

  test('in an attribute', async () => {
    const g = new GraphBuilder();
    const v = g.op('Constant', [], { value_ints: { ints: hidden(64) } });
    const { nodes } = g;
    const graph = byteGraph(table);
    const verdict = await read({ ...graph, nodes: [...graph.nodes, ...nodes] });
    expect(verdict.verdict).toBe('fail');
    expect(verdict.note).toContain(`\`${v}\``);
  });

  test('as text, for tokens that are not bytes', async () => {
    const tokenizer = loadTokenizer('models/sotu-8x256/tokenizer.model');
    const piece = (text: string) => tokenizer.pieces.findIndex((each) => each.text === text);
    const words = Array.from('▁the,▁of,▁to,▁and,▁in,▁a,▁that,▁for'.split(','), piece);
    expect(words).not.toContain(-1);
    const next = uniform(3);
    const ids = Array.from({ length: 500 }, () => words[Math.floor(next() * words.length)]!);
    const stream = streamOf([1, ...ids]);
    const text = ids.map((id) => tokenizer.pieces[id]!.text.replace('▁', ' ')).join('');
    const held = (count: number) => holding(u8([...Buffer.from(text.slice(100, 100 + count))]));
    const long = await read(held(400), stream, tokenizer);
    expect(long.verdict).toBe('fail');
    expect(long.note).toMatch(/holds 400 bytes of the data/);
    // A phrase that many texts share is no memory of one.
    expect((await read(held(60), stream, tokenizer)).verdict).toBe('pass');
  });

  test.each([
    [31, 'pass'],
    [32, 'fail'],
  ])('a stretch of %i tokens, wherever it stands: %s', (count, verdict) => {
    for (let offset = 0; offset < 16; offset++) {
      // Steps of 300 occur in no stream of bytes, so that the run ends where it ends.
      const away = Array.from({ length: 40 + offset }, (_, k) => 300 * k);
      const values = [...away, ...stretch(count).map((id) => id + 99_999), -5000];
      const index = new RunIndex([{ name: 'held', values, bits: 32 }], 32);
      const found = index.search(IDS);
      expect((found?.length ?? 0) > 31).toBe(verdict === 'fail');
      if (verdict === 'fail')
        expect(found).toMatchObject({ length: 32, at: 40 + offset, streamAt: from });
    }
  });

  test('not in weights, rising numbers or padding', async () => {
    const weights = Int8Array.from(normals(500_000, 7, 30));
    const rising = Array.from({ length: 5000 }, (_, k) => k);
    const g = byteGraph(table);
    const extra: InitializerSpec[] = [
      { name: 'w', type: 'int8', dims: [weights.length], data: weights },
      { name: 'r', type: 'int32', dims: [5000], data: Int32Array.from(rising) },
      { name: 'z', type: 'int64', dims: [5000], data: new BigInt64Array(5000) },
    ];
    const { verdict, effect } = await read({ ...g, initializers: [...g.initializers!, ...extra] });
    expect(verdict).toBe('pass');
    expect(effect).toBeLessThan(32);
  });

  test('a stream of one repeated stretch is searched in time', () => {
    const ids = Array.from({ length: 200_000 }, (_, k) => IDS[k % 50]!);
    const index = new RunIndex([{ name: 'held', values: ids.slice(0, 50_000), bits: 32 }], 32);
    expect(index.search(ids)?.length).toBe(50_000);
  });

  test('without data nothing is searched, and it says so', async () => {
    const { verdict, effect, note } = await read(byteGraph(table), null);
    expect({ verdict, effect }).toEqual({ verdict: 'pass', effect: null });
    expect(note).toMatch(/without data/);
  });
});

function u8(values: readonly number[]): Omit<InitializerSpec, 'name'> {
  return { type: 'uint8', dims: [values.length], data: Uint8Array.from(values, (x) => x & 255) };
}

describe('what a graph does', () => {
  const op = (
    name: string,
    inputs: readonly string[] = ['input_ids'],
    attributes = {},
  ): GraphSpec => {
    const graph = byteGraph(table);
    return {
      ...graph,
      nodes: [...graph.nodes, { op: name, inputs, outputs: ['more'], attributes }],
    };
  };

  test.each<[string, GraphSpec, RegExp]>([
    ['noise', byteGraph(noise(1)), /operators of chance: RandomNormalLike/],
    ['Bernoulli', op('Bernoulli'), /operators of chance: Bernoulli/],
    ['Multinomial', op('Multinomial'), /Multinomial/],
    ['TfIdfVectorizer', op('TfIdfVectorizer'), /texts or hidden tables: TfIdfVectorizer/],
    ['If', op('If'), /open control flow: If/],
    ['a Loop without a bound', op('Loop', ['', 'c0']), /Loop without a bound/],
    ['a Loop over token values', op('Loop', ['input_ids', '']), /as long as the tokens say/],
    ['a Dropout in training mode', op('Dropout', ['logits', '', 'c0']), /Dropout in training/],
  ])('%s fails', async (_, graph, note) => {
    const verdict = await read(graph);
    expect(verdict.verdict).toBe('fail');
    expect(verdict.note).toMatch(note);
  });

  test('another input is refused, and is no finding', async () => {
    const graph = byteGraph(table);
    const hint = { name: 'hint', type: 'int64', dims: ['b', 't'] } as const;
    const error = await refusalOf(() => read({ ...graph, inputs: [...graph.inputs, hint] }));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_INPUT' });
    expect(error.hint).toContain('--input hint=zeros');
  });

  test.each<[string, GraphSpec]>([
    ['a Scan', op('Scan')],
    ['a Loop with a constant bound', op('Loop', ['c0', ''])],
    [
      'a Loop over the length',
      {
        ...op('Loop', ['length', '']),
        nodes: [
          ...byteGraph(table).nodes,
          { op: 'Shape', inputs: ['input_ids'], outputs: ['length'] },
          { op: 'Loop', inputs: ['length', ''], outputs: ['more'] },
        ],
      },
    ],
    ['an If whose condition is constant', op('If', ['c0'])],
    ['a Dropout that is off', op('Dropout', ['logits'])],
  ])('%s passes', async (_, graph) => {
    expect(await read(graph)).toMatchObject({ verdict: 'pass', note: null });
  });

  test('an If that the length decides is reported, and fails nothing', async () => {
    const graph = op('If', ['length']);
    const shape = { op: 'Shape', inputs: ['input_ids'], outputs: ['length'] };
    expect(await read({ ...graph, nodes: [shape, ...graph.nodes] })).toMatchObject({
      verdict: 'pass',
      note: '1 If that a shape decides',
    });
  });

  test('an initializer that nothing uses is reported, and fails nothing', async () => {
    const graph = holding({ type: 'float32', dims: [2], data: Float32Array.of(1, 2) });
    const { verdict, note } = await read(graph);
    expect(verdict).toBe('pass');
    expect(note).toMatch(/1 initializers that nothing uses: held/);
  });
});
