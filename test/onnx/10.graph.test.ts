/** An editable model: what is not touched comes out as it came in, to the byte. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BpbError } from '#bpb/errors';
import { makeNode, OnnxGraph } from '#bpb/onnx/graph';
import { readSummary } from '#bpb/onnx/summary';
import { onnxModel } from '#bpb/onnx/writer';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';

const parse = (bytes: Uint8Array) => OnnxGraph.parse(bytes, 'm.onnx');

function sample(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.embed(8);
  return g.model(g.op('Relu', [g.slice(x, 2, 0, 8)]), 8);
}

describe('what is no model is refused, and nothing else is thrown', () => {
  test('no graph', async () => {
    const error = await refusalOf(() => parse(Uint8Array.of(8, 10)));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_NOT_ONNX', path: 'm.onnx' });
  });
  const parseOrRefuse = (bytes: Uint8Array) => {
    try {
      const graph = parse(bytes);
      for (const item of graph.initializers) item.decode();
    } catch (error) {
      expect(error).toBeInstanceOf(BpbError);
    }
  };
  const model = sample();
  test('cut short anywhere', () => {
    for (let length = 0; length < model.length; length += 7) {
      parseOrRefuse(model.subarray(0, length));
    }
  });
  test('any byte changed', () => {
    fc.assert(
      fc.property(fc.nat(model.length - 1), fc.nat(255), (at, byte) => {
        const damaged = model.slice();
        damaged[at] = byte;
        parseOrRefuse(damaged);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an untouched model', () => {
  const field = (number: number, text: string) => {
    const body = Buffer.from(text);
    return Buffer.concat([
      Buffer.from([(((number << 3) | 2) & 127) | 128, number >> 4, body.length]),
      body,
    ]);
  };

  test.each([
    ['a table', tableModel(new Float32Array(49), 7)],
    ['a small graph', sample()],
  ])('is the same to the byte: %s', (_, model) => {
    expect(Buffer.from(parse(model).serialize()).equals(Buffer.from(model))).toBe(true);
  });

  test('keeps the fields around the graph', () => {
    // producer_version and doc_string
    const model = Buffer.concat([field(3, 'before'), sample(), field(6, 'after')]);
    expect(Buffer.from(parse(model).serialize()).equals(model)).toBe(true);
  });

  test('any graph of the writer', () => {
    const node = fc.record({
      op: fc.constantFrom('Add', 'Mul', 'Relu'),
      inputs: fc.array(fc.constantFrom('a', 'b', '', 'ü'), { maxLength: 3 }),
      attributes: fc.dictionary(
        fc.constantFrom('axis', 'perm', 'eps'),
        fc.oneof(
          fc.record({ int: fc.integer() }),
          fc.record({ float: fc.float({ noNaN: true }) }),
          fc.record({ ints: fc.array(fc.integer(), { maxLength: 4 }) }),
        ),
      ),
    });
    fc.assert(
      fc.property(fc.array(node, { maxLength: 6 }), (made) => {
        const nodes = made.map((each, k) => ({ ...each, outputs: [`x${k}`, `y${k}`] }));
        const model = onnxModel({ nodes, inputs: [], outputs: [] });
        expect(Buffer.from(parse(model).serialize()).equals(Buffer.from(model))).toBe(true);
      }),
    );
  });
});

describe('an edited model', () => {
  test('differs in what was edited and keeps the rest', () => {
    const graph = parse(sample());
    const at = graph.items.findIndex((item) => item.kind === 'node' && item.op === 'Relu');
    const relu = graph.items[at];
    if (relu?.kind !== 'node') throw new Error('no Relu');
    graph.items[at] = makeNode('Tanh', relu.inputs, relu.outputs);
    const summary = readSummary(graph.serialize(), 'm.onnx');
    expect([...summary.operators.keys()]).toEqual([':Gather', ':Slice', ':Tanh', ':MatMul']);
    expect(summary.inputs).toEqual([
      { name: 'input_ids', elementType: 7, dims: ['batch', 'time'] },
    ]);
  });

  test('an attribute survives a change of inputs', () => {
    const graph = parse(sample());
    const at = graph.items.findIndex((item) => item.kind === 'node' && item.op === 'Gather');
    const gather = graph.items[at];
    if (gather?.kind !== 'node') throw new Error('no Gather');
    graph.items[at] = { ...gather, inputs: ['other', 'input_ids'], raw: null };
    const [again] = parse(graph.serialize()).nodes;
    expect(again?.inputs).toEqual(['other', 'input_ids']);
    expect([...(again?.attributes.keys() ?? [])]).toEqual([...gather.attributes.keys()]);
  });

  test('a domain that is new is declared', () => {
    const graph = parse(sample());
    graph.opsets.set('com.microsoft', 1);
    graph.items.push(makeNode('Gelu', ['logits'], ['more'], {}, 'com.microsoft'));
    expect(readSummary(graph.serialize(), 'm.onnx').opsets.get('com.microsoft')).toBe(1);
  });
});
