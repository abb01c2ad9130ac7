/**
 * Models whose ports cannot be bound: what is said, and the way out.
 */
import { describe, expect, test } from 'vitest';
import type { BindRequest } from '#bpb/onnx/bind/types';
import { type GraphSpec, onnxModel } from '#bpb/onnx/writer';
import { asked, bound } from '../../helpers/bound.js';
import { decoder, decoderGraph } from '../../helpers/decoder-graphs.js';
import { VOCAB } from '../../helpers/graph-builder.js';
import { refusalOf } from '../../helpers/refusal.js';

type PortSpec = GraphSpec['inputs'][number];

const port = (name: string, type: PortSpec['type'], ...dims: PortSpec['dims']): PortSpec => ({
  name,
  type,
  dims,
});

/** A decoder that declares more inputs than it reads. */
function withInputs(...inputs: PortSpec[]): Uint8Array {
  const graph = decoderGraph();
  return onnxModel({ ...graph, inputs: [...graph.inputs, ...inputs] });
}

/** A decoder with other outputs; what computes them does not matter, as nothing is run. */
function withOutputs(...outputs: PortSpec[]): Uint8Array {
  const graph = decoderGraph();
  const copies = outputs
    .filter(({ name }) => name !== 'logits')
    .map(({ name }) => ({ op: 'Identity', inputs: ['logits'], outputs: [name] }));
  return onnxModel({ ...graph, nodes: [...graph.nodes, ...copies], outputs });
}

const B = 'batch';
const T = 'time';

describe('inputs', () => {
  test.each<[string, Uint8Array, RegExp, RegExp]>([
    [
      'an unknown input',
      withInputs(port('hint', 'int64', B, T)),
      /"hint" that the harness does not know/,
      /--input hint=zeros .*model\.inputs/,
    ],
    [
      'a name that would end a quotation',
      withInputs(port("x'; touch y; '", 'int64', B, T)),
      /that the harness does not know/,
      /^--input 'x'\\''; touch y; '\\'''=zeros says/,
    ],
    [
      'a mask of four axes',
      withInputs(port('attention_mask', 'float32', B, 1, T, 'total')),
      /"attention_mask" cannot be filled in: under this name a mask \[batch, time\]/,
      /--input attention_mask=/,
    ],
    [
      'positions of floats in fp16',
      withInputs(port('position_ids', 'float16', B, T)),
      /"position_ids" cannot be filled in/,
      /--input position_ids=/,
    ],
    [
      'positions of rank 3 with an open first axis',
      withInputs(port('position_ids', 'int64', 'kinds', B, T)),
      /"position_ids" cannot be filled in/,
      /--input position_ids=/,
    ],
    ...['key_states.0', 'past_state.0.key', 'past_value_states', 'v_state', 'kv_cache.0'].map(
      (name): [string, Uint8Array, RegExp, RegExp] => [
        `keys or values of a fixed length under the name of a state: ${name}`,
        withInputs(port(name, 'float32', B, 2, 128, 4)),
        /past axis is one of the fixed sizes \(batch, 2, 128, 4\) and cannot be empty/,
        /=zeros/,
      ],
    ),
    [
      'a past of a fixed length',
      withInputs(port('past_key_values.0.key', 'float32', B, 2, 128, 4)),
      /past axis is one of the fixed sizes \(batch, 2, 128, 4\) and cannot be empty/,
      /export the model without it/,
    ],
    [
      'a past of two open axes',
      withInputs(port('past_key_values.0.key', 'float32', B, 'heads', 'past', 4)),
      /the size of its axis `heads` is not known/,
      /--input/,
    ],
    [
      'what an encoder gives',
      withInputs(port('encoder_hidden_states', 'float32', B, 'encoded', 8)),
      /reads what an encoder gives \("encoder_hidden_states"\)/,
      /export the language model alone/,
    ],
    [
      'pixels',
      withInputs(port('pixel_values', 'float32', B, 3, 224, 224)),
      /reads what an encoder gives/,
      /export the language model alone/,
    ],
    [
      'embeddings beside the ids',
      withInputs(port('inputs_embeds', 'float32', B, T, 8)),
      /takes embeddings/,
      /takes input_ids/,
    ],
    [
      'two inputs that may be ids',
      decoder({
        ids: { name: 'x' },
        extra: [{ name: 'y', type: 'int64', dims: [B, T], sizes: [B, T], value: 0 }],
      }),
      /"x" and "y"/,
      /--tokens-input x.*--input y=zeros/,
    ],
    [
      'ids that are floats',
      onnxModel({ ...decoderGraph(), inputs: [port('input_ids', 'float32', B, T)] }),
      /does not take token ids/,
      /--tokens-input/,
    ],
    [
      'ids of three axes',
      onnxModel({ ...decoderGraph(), inputs: [port('input_ids', 'int64', B, T, 1)] }),
      /does not take token ids/,
      /--tokens-input/,
    ],
    [
      'no ids at all',
      onnxModel({ ...decoderGraph(), inputs: [port('x', 'float32', B, T)] }),
      /no input of token ids/,
      /--tokens-input NAME/,
    ],
    [
      'inputs that fix other lengths',
      withInputs(port('attention_mask', 'int64', B, 8), port('position_ids', 'int64', B, 16)),
      /fix the time axis at different sizes/,
      /open batch and time axes/,
    ],
  ])('%s', async (_, model, message, hint) => {
    const error = await refusalOf(() => bound(model));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_INPUT', path: 'model.onnx' });
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(error.actual).toBeTruthy();
  });

  test('an opset without the operators that are needed', async () => {
    const mask = { name: 'attention_mask', type: 'int64', dims: [B, T], sizes: [B, T] } as const;
    const model = decoder({ extra: [{ ...mask, value: 1 }], opset: 8 });
    const error = await refusalOf(() => bound(model));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_OPSET', actual: 'opset 8' });
  });
});

describe('outputs', () => {
  test.each<[string, Uint8Array, RegExp, RegExp]>([
    [
      'a loss',
      withOutputs(port('logits', 'float32')),
      /"logits" is a loss/,
      /returns the logits before the loss/,
    ],
    [
      'a loss under its own name',
      withOutputs(port('loss', 'float32')),
      /"loss" is a loss/,
      /before the loss/,
    ],
    [
      'logits of the last position, one row of ids each',
      withOutputs(port('logits', 'float32', B, VOCAB)),
      /logits of the last position alone/,
      /every position/,
    ],
    [
      'logits of the last position, with an axis of one',
      withOutputs(port('logits', 'float32', B, 1, VOCAB)),
      /logits of the last position alone/,
      /every position/,
    ],
    [
      'hidden states',
      withOutputs(port('last_hidden_state', 'float32', B, T, 8)),
      /gives hidden states \("last_hidden_state"\) and no logits/,
      /language-model head/,
    ],
    [
      'two outputs that may be logits',
      withOutputs(port('a', 'float32', B, T, VOCAB), port('b', 'float32', B, T, 8)),
      /"a" and "b"/,
      /--logits-output a/,
    ],
    [
      'whole numbers',
      withOutputs(port('logits', 'int64', B, T, VOCAB)),
      /does not hold logits/,
      /--logits-output/,
    ],
    [
      'a vocabulary before the time',
      withOutputs(port('logits', 'float32', B, VOCAB, T)),
      /its vocabulary before the time/,
      /transpose\(1, 2\)/,
    ],
    [
      'a time before the batch',
      withOutputs(port('logits', 'float32', T, B, VOCAB)),
      /its time before the batch/,
      /transpose\(0, 1\)/,
    ],
    [
      'four axes',
      withOutputs(port('logits', 'float32', B, T, 1, VOCAB)),
      /has 4 axes/,
      /--logits-output/,
    ],
    [
      'no floats',
      withOutputs(port('tokens', 'int64', B, T)),
      /no output of logits/,
      /--logits-output/,
    ],
  ])('%s', async (_, model, message, hint) => {
    const error = await refusalOf(() => bound(model));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_OUTPUT', path: 'model.onnx' });
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(error.actual).toBeTruthy();
  });

  test('ids of fixed rows, and logits of as many rows', async () => {
    const graph = decoderGraph({ ids: { dims: [4, 16] }, logits: { dims: [4, VOCAB] } });
    const error = await refusalOf(() => bound(onnxModel(graph)));
    expect(error.message).toMatch(/last position/);
  });
});

describe('what a caller asks', () => {
  const mask = {
    name: 'attention_mask',
    type: 'bool',
    dims: [B, T],
    sizes: [B, T],
    value: 1,
  } as const;
  const past = {
    ...mask,
    name: 'cache',
    type: 'float32',
    dims: [B, 4, 4],
    sizes: [B, 4, 4],
  } as const;
  const model = decoder({ extra: [mask, past] });
  const kinds = { attention_mask: 'ones', cache: 'zeros' } as const;

  test.each<[string, Partial<BindRequest>, string, RegExp]>([
    [
      'a name that no input has',
      asked({ ...kinds, mask: 'ones' }),
      'BPB_USAGE_INPUT',
      /no input "mask" to be given ones/,
    ],
    [
      'a pattern that no input has',
      asked({ ...kinds, 'past*': 'empty' }),
      'BPB_USAGE_INPUT',
      /no input "past\*"/,
    ],
    [
      'the token ids themselves',
      asked({ ...kinds, input_ids: 'zeros' }),
      'BPB_USAGE_INPUT',
      /no input "input_ids"/,
    ],
    [
      'a number that booleans do not hold',
      asked({ ...kinds, attention_mask: { constant: 2 } }),
      'BPB_MODEL_INPUT',
      /its type does not hold 2/,
    ],
    [
      'a fraction for booleans',
      asked({ ...kinds, attention_mask: { constant: 0.5 } }),
      'BPB_MODEL_INPUT',
      /does not hold 0\.5/,
    ],
    [
      'positions of booleans',
      asked({ ...kinds, attention_mask: 'positions' }),
      'BPB_MODEL_INPUT',
      /booleans cannot hold positions/,
    ],
    [
      'positions along a fixed axis',
      asked({ ...kinds, cache: 'positions' }),
      'BPB_MODEL_INPUT',
      /along the last axis/,
    ],
    [
      'a past where no axis is open',
      asked({ ...kinds, cache: 'empty' }),
      'BPB_MODEL_INPUT',
      /none can be empty/,
    ],
    [
      'a length in a matrix',
      asked({ ...kinds, cache: 'length' }),
      'BPB_MODEL_INPUT',
      /one number, or one a row/,
    ],
    [
      'ids under a name that is not there',
      { ...asked(kinds), tokens: 'ids' },
      'BPB_MODEL_INPUT',
      /no input "ids"/,
    ],
    [
      'logits under a name that is not there',
      { ...asked(kinds), logits: 'out' },
      'BPB_MODEL_OUTPUT',
      /no output "out"/,
    ],
  ])('%s', async (_, request, code, message) => {
    const error = await refusalOf(() => bound(model, request));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.expected).toBeTruthy();
    expect(error.hint).toBeTruthy();
  });

  test('a manifest with a name that no input has', async () => {
    const rules = [{ name: 'mask', kind: 'ones', by: 'manifest' }] as const;
    const error = await refusalOf(() => bound(model, { rules }));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_INPUT' });
    expect(error.hint).toContain('`model.inputs`');
  });
});
