/**
 * Graphs whose inputs are bound give the logits of the same graph that is given them by hand.
 */
import { describe, expect, test } from 'vitest';
import type { BindRequest, BoundModel } from '#bpb/onnx/bind/types';
import type { Dim } from '#bpb/onnx/port';
import { bound } from '../../helpers/bound.js';
import {
  type DecoderOptions,
  decoder,
  type ExtraInput,
  runFed,
} from '../../helpers/decoder-graphs.js';
import { largestDifference, someIds } from '../../helpers/graph-builder.js';

/** An input of the table: its dimensions as text, `*` in place of those that stay open without a name. */
function input(
  name: string,
  type: ExtraInput['type'],
  dims: readonly Dim[],
  sizes: ExtraInput['sizes'],
  value: ExtraInput['value'],
): ExtraInput {
  return { name, type, dims, sizes, value };
}

const B = 'batch';
const T = 'time';
const mask = (type: ExtraInput['type'], dims: readonly Dim[] = [B, T], name = 'attention_mask') =>
  input(name, type, dims, [B, T], 1);
const pos = (dims: readonly Dim[], sizes: ExtraInput['sizes'], name = 'position_ids') =>
  input(name, 'int64', dims, sizes, 'positions');
const past = (name: string, dims: readonly Dim[], sizes: ExtraInput['sizes'], type = 'float32') =>
  input(name, type as 'float32', dims, sizes, 0);

/** Name, inputs, and the kinds that are expected of them in order. */
const EXPORTS: readonly [string, readonly ExtraInput[], string][] = [
  ['a mask of int64', [mask('int64')], 'ones'],
  ['a mask of int32', [mask('int32')], 'ones'],
  ['a mask of fp32', [mask('float32')], 'ones'],
  ['a mask of fp16', [mask('float16')], 'ones'],
  ['a mask of booleans', [mask('bool')], 'ones'],
  [
    'a mask over past and time',
    [mask('int64', [B, 'past_sequence_length + sequence_length'])],
    'ones',
  ],
  ['a mask over all that is seen', [mask('int64', [B, 'total_sequence_length'])], 'ones'],
  ['a mask without names of axes', [mask('int64', ['?', '?'])], 'ones'],
  ['a mask of another name', [mask('int32', [B, T], 'input_mask')], 'ones'],
  ['positions [batch, time]', [pos([B, T], [B, T])], 'positions'],
  ['positions [time]', [pos([T], [T])], 'positions'],
  ['positions [1, time]', [pos([1, T], [1, T])], 'positions'],
  ['positions [3, batch, time]', [pos([3, B, T], [3, B, T])], 'positions'],
  ['positions [4, batch, time]', [pos([4, B, T], [4, B, T])], 'positions'],
  [
    'positions of int32',
    [input('position_ids', 'int32', [B, T], [B, T], 'positions')],
    'positions',
  ],
  ['the position in the cache', [pos(['seq'], [T], 'cache_position')], 'positions'],
  ['token types', [input('token_type_ids', 'int64', [B, T], [B, T], 0)], 'zeros'],
  ['a past of keys', [past('past_key_values.0.key', [B, 4, 'past', 2], [B, 4, 0, 2])], 'empty'],
  [
    'a past in fp16',
    [past('past_key_values.0.key', [B, 4, 'past', 2], [B, 4, 0, 2], 'float16')],
    'empty',
  ],
  [
    'a past along its last axis',
    [past('past_key_values.0.key', [B, 4, 2, 'past'], [B, 4, 2, 0])],
    'empty',
  ],
  [
    'keys and values stacked',
    [past('past_0', [2, B, 4, 'past_seq_len', 2], [2, B, 4, 0, 2])],
    'empty',
  ],
  ['a past of another batch name', [past('past_key_0', ['n', 4, 'p', 2], [B, 4, 0, 2])], 'empty'],
  [
    'a past whose axis has the name of the time',
    [past('past_value_0', [B, 1, T, 2], [B, 1, 0, 2])],
    'empty',
  ],
  ['a past of size 0', [past('past_key_values.0.value', [B, 4, 0, 2], [B, 4, 0, 2])], 'empty'],
  [
    'a quantized past',
    [past('past_key_values.0.key', [B, 4, 'past', 2], [B, 4, 0, 2], 'uint8')],
    'empty',
  ],
  ['the state of a convolution', [past('past_conv.0', [B, 6, 3], [B, 6, 3])], 'zeros'],
  ['a state among keys', [past('past_key_values.3.conv_state', [B, 6, 3], [B, 6, 3])], 'zeros'],
  [
    'a recurrent state',
    [past('past_key_values.3.recurrent_state', [B, 2, 4, 4], [B, 2, 4, 4])],
    'zeros',
  ],
  ['the sum of linear attention', [past('kv_state.0', [B, 2, 4, 4], [B, 2, 4, 4])], 'zeros'],
  ['a state without a batch', [past('ssm_state_0', [6, 3], [6, 3])], 'zeros'],
  ['the branch with a cache', [input('use_cache_branch', 'bool', [1], [1], 0)], 'zeros'],
  ['the branch as a scalar', [input('use_cache_branch', 'bool', [], [], 0)], 'zeros'],
  ['how many logits to keep', [input('num_logits_to_keep', 'int64', [], [], 0)], 'zeros'],
  ['last keys [batch]', [input('seqlens_k', 'int32', [B], [B], 'last')], 'last'],
  ['last keys [batch, 1]', [input('seqlens_k', 'int32', [B, 1], [B, 1], 'last')], 'last'],
  ['the whole length', [input('total_sequence_length', 'int32', [], [], 'time')], 'length'],
  ['the whole length in a vector', [input('total_seq_len', 'int32', [1], [1], 'time')], 'length'],
  [
    'last keys under the name of a length',
    [input('past_seq_len', 'int32', [B, 1], [B, 1], 'last')],
    'last',
  ],
  ['the length of the past', [input('past_sequence_length', 'int32', [1], [1], 0)], 'zeros'],
  ['optimum without a cache', [mask('int64'), pos([B, T], [B, T])], 'ones positions'],
  [
    'optimum with a cache',
    [
      mask('int64', [B, 'past_sequence_length + 1']),
      pos([B, T], [B, T]),
      past('past_key_values.0.key', [B, 2, 'past_sequence_length', 4], [B, 2, 0, 4]),
      past('past_key_values.0.value', [B, 2, 'past_sequence_length', 4], [B, 2, 0, 4]),
      input('use_cache_branch', 'bool', [1], [1], 0),
    ],
    'ones positions empty empty zeros',
  ],
  [
    'a hybrid of attention, convolution and recurrence',
    [
      mask('int64', [B, 'total_sequence_length']),
      pos([3, B, T], [3, B, T]),
      past('past_key_values.0.conv_state', [B, 6, 3], [B, 6, 3]),
      past('past_key_values.0.recurrent_state', [B, 2, 4, 4], [B, 2, 4, 4]),
      past('past_key_values.3.key', [B, 2, 'past_sequence_length', 4], [B, 2, 0, 4]),
    ],
    'ones positions zeros zeros empty',
  ],
];

async function equal(
  options: DecoderOptions,
  request: Partial<BindRequest> = {},
): Promise<BoundModel> {
  const model = decoder(options);
  const made = bound(model, request);
  const { tokens, logits } = made;
  for (const [rows, time] of [
    [2, 5],
    [1, 1],
    [3, 16],
  ] as const) {
    const ids = someIds(rows, time);
    const expected = await runFed(model, ids, rows, options);
    const ports = { ids: { ...options.ids, name: tokens, dims: [B, T] }, logits: { name: logits } };
    const actual = await runFed(made.model, ids, rows, ports);
    expect(largestDifference(actual, expected)).toBe(0);
  }
  return made;
}

describe('inputs by name, type and shape', () => {
  test.each(EXPORTS)('%s', async (_, extra, kinds) => {
    const { inputs, notes } = await equal({ extra });
    expect(inputs.map(({ kind }) => kind).join(' ')).toBe(kinds);
    expect(inputs.map(({ name }) => name)).toEqual(extra.map(({ name }) => name));
    expect(inputs.every(({ by }) => by === 'name')).toBe(true);
    expect(notes).toEqual([]);
  });

  test.each([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24])(
    'in opset %i',
    async (opset) => {
      const [extra] = EXPORTS.flatMap(([name, inputs]) =>
        name.startsWith('a hybrid') ? [inputs] : [],
      );
      await equal({ extra: [...extra!, input('seqlens_k', 'int32', [B], [B], 'last')], opset });
    },
  );
});
