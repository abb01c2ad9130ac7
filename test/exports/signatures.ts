/**
 * Inputs and outputs of real exports: names, types and shapes as the tools write them.
 */
import type { TypeName } from '#bpb/onnx/element-types';
import type { Dim } from '#bpb/onnx/port';
import { VOCABULARY } from '../helpers/score-fixture.js';
import type { Input, Port, Role, Signature } from './signature-graphs.js';

interface Case extends Signature {
  /** The tool and what was asked of it. */
  readonly name: string;
  readonly outcome?: 'withheld' | 'refused';
  /** What the finding or the refusal says. */
  readonly says?: RegExp;
}

const input = (role: Role, name: string, type: TypeName, ...dims: Dim[]): Input => ({
  role,
  name,
  type,
  dims,
});
const tokens = (...dims: Dim[]) => input('tokens', 'input_ids', 'int64', ...dims);
const out = (name: string, type: TypeName, ...dims: Dim[]): Port => ({ name, type, dims });
const V = VOCABULARY;

/** Both past lists of `layers` layers, `[batch, heads, past, size]` of four values a token. */
function pasts(
  pattern: string,
  {
    layers = 2,
    heads = 2 as Dim,
    type = 'float32' as TypeName,
    batch = 'batch_size',
    past = 'past_sequence_length',
  } = {},
): Input[] {
  return Array.from({ length: layers }, (_, k) =>
    ['key', 'value'].map((what) => {
      const name = pattern.replace('N', String(k)).replace('KV', what);
      return input(
        'past',
        name,
        type,
        batch,
        heads,
        past,
        typeof heads === 'number' ? 4 / heads : 'size',
      );
    }),
  ).flat();
}

const presents = (inputs: readonly Input[], name: (past: string) => string, total: string) =>
  inputs.map(({ name: past, type, dims }) =>
    out(name(past), type, ...dims.map((dim, k) => (k === 2 ? total : dim))),
  );

// optimum: transformers' names.
const B = 'batch_size';
const S = 'sequence_length';
const P = 'past_sequence_length';
const HUB = tokens(B, S);
const HUB_LOGITS = out('logits', 'float32', B, S, V);
const hubMask = (axis: string) => input('mask', 'attention_mask', 'int64', B, axis);
const hubPositions = input('positions', 'position_ids', 'int64', B, S);
const cached = pasts('past_key_values.N.KV');
const present = presents(
  cached,
  (name) => name.replace('past_key_values', 'present'),
  `${P} + ${S}`,
);

// ONNX Runtime GenAI's builder.
const built = pasts('past_key_values.N.KV');
const builtPresent = presents(
  built,
  (name) => name.replace('past_key_values', 'present'),
  'total_sequence_length',
);
const half = pasts('past_key_values.N.KV', { type: 'float16' });

const open = tokens('batch', 'time');
const logits = out('logits', 'float32', 'batch', 'time', V);

export const SIGNATURES: readonly Case[] = [
  // PyTorch's exporters.
  {
    name: 'dynamo: default',
    inputs: [input('tokens', 'ids', 'int64', 2, 32)],
    outputs: [out('linear_8', 'float32', 2, 32, V)],
  },
  {
    name: 'dynamo: one row',
    inputs: [tokens(1, 32)],
    outputs: [out('logits', 'float32', 1, 32, V)],
  },
  {
    name: 'dynamo: eight rows',
    inputs: [tokens(8, 32)],
    outputs: [out('logits', 'float32', 8, 32, V)],
  },
  { name: 'dynamo: dynamic shapes', inputs: [open], outputs: [logits] },
  {
    name: 'dynamo: shapes by number',
    inputs: [tokens('s77', 's27')],
    outputs: [out('logits', 'float32', 's77', 's27', V)],
  },
  { name: 'dynamo: opset 23', inputs: [open], outputs: [logits], opset: 23 },
  {
    name: 'dynamo: int32',
    inputs: [input('tokens', 'input_ids', 'int32', 'batch', 'time')],
    outputs: [logits],
  },
  { name: 'dynamo: half', inputs: [open], outputs: [out('logits', 'float16', 'batch', 'time', V)] },
  {
    name: 'dynamo: double',
    inputs: [open],
    outputs: [out('logits', 'float64', 'batch', 'time', V)],
  },
  {
    name: 'script: default',
    inputs: [input('tokens', 'input.1', 'int64', 2, 32)],
    outputs: [out('269', 'float32', 2, 32, V)],
  },
  {
    name: 'script: longer names',
    inputs: [input('tokens', 'onnx::Gather_0', 'int64', 2, 32)],
    outputs: [out('341', 'float32', 2, 32, V)],
  },
  {
    name: 'script: open batch',
    inputs: [tokens('batch', 32)],
    outputs: [out('logits', 'float32', 'batch', 32, V)],
  },
  {
    name: 'script: open time',
    inputs: [tokens(2, 'time')],
    outputs: [out('logits', 'float32', 2, 'time', V)],
  },
  {
    name: 'script: no axes of logits',
    inputs: [open],
    outputs: [out('logits', 'float32', 'Addlogits_dim_0', 'Addlogits_dim_1', V)],
  },
  {
    name: 'script: flat logits',
    inputs: [open],
    outputs: [out('logits', 'float32', 'rows', V)],
    form: 'flat',
  },
  {
    name: 'script: one row without batch',
    inputs: [tokens(32)],
    outputs: [out('logits', 'float32', 32, V)],
  },
  {
    name: 'script: open row without batch',
    inputs: [tokens('time')],
    outputs: [out('logits', 'float32', 'time', V)],
  },
  { name: 'script: opset 13', inputs: [open], outputs: [logits], opset: 13 },
  {
    name: 'script: log-probabilities',
    inputs: [open],
    outputs: [logits],
    form: 'log-probabilities',
  },
  {
    name: 'script: probabilities',
    inputs: [open],
    outputs: [logits],
    form: 'probabilities',
    outcome: 'withheld',
    says: /probabilities/,
  },
  {
    name: 'script: last position',
    inputs: [open],
    outputs: [out('logits', 'float32', 'batch', 1, V)],
    form: 'last',
    outcome: 'refused',
    says: /last position/,
  },
  {
    name: 'script: last position, flat',
    inputs: [open],
    outputs: [out('logits', 'float32', 'batch', V)],
    form: 'last-flat',
    outcome: 'refused',
    says: /last position|every position/,
  },
  {
    name: 'script: loss',
    inputs: [open],
    outputs: [out('loss', 'float32')],
    form: 'loss',
    outcome: 'refused',
    says: /loss/,
  },
  // transformers around PyTorch's exporters.
  {
    name: 'transformers: mask',
    inputs: [open, input('mask', 'attention_mask', 'int64', 'batch', 'time')],
    outputs: [logits],
  },
  {
    name: 'transformers: mask of the example',
    inputs: [tokens(2, 32), input('mask', 'attention_mask', 'int64', 2, 32)],
    outputs: [out('logits', 'float32', 2, 32, V)],
  },
  {
    name: 'transformers: mask of fp32',
    inputs: [open, input('mask', 'attention_mask', 'float32', 'batch', 'time')],
    outputs: [logits],
  },
  {
    name: 'transformers: mask of booleans',
    inputs: [open, input('mask', 'attention_mask', 'bool', 'batch', 'time')],
    outputs: [logits],
  },
  {
    name: 'transformers: mask, positions',
    inputs: [
      open,
      input('mask', 'attention_mask', 'int64', 'batch', 'time'),
      input('positions', 'position_ids', 'int64', 'batch', 'time'),
    ],
    outputs: [logits],
  },
  {
    name: 'transformers: positions of one row',
    inputs: [open, input('positions', 'position_ids', 'int64', 1, 'time')],
    outputs: [logits],
  },
  {
    name: 'transformers: token types',
    inputs: [
      open,
      input('mask', 'attention_mask', 'int64', 'batch', 'time'),
      input('types', 'token_type_ids', 'int64', 'batch', 'time'),
    ],
    outputs: [logits],
  },
  // optimum.
  {
    name: 'optimum: text-generation, llama',
    inputs: [HUB, hubMask(S), hubPositions],
    outputs: [HUB_LOGITS],
  },
  { name: 'optimum: text-generation, opt', inputs: [HUB, hubMask(S)], outputs: [HUB_LOGITS] },
  {
    name: 'optimum: with past, gpt2',
    inputs: [HUB, ...cached, hubMask(`${P} + ${S}`), hubPositions],
    outputs: [HUB_LOGITS, ...present],
  },
  {
    name: 'optimum: with past, bloom',
    inputs: [HUB, ...cached, hubMask(`${P} + ${S}`)],
    outputs: [HUB_LOGITS, ...present],
  },
  {
    name: 'optimum: with past, fp16',
    inputs: [HUB, hubMask(`${P} + ${S}`), ...half],
    outputs: [out('logits', 'float16', B, S, V)],
  },
  {
    name: 'optimum: with past, multi-query',
    inputs: [
      HUB,
      ...pasts('past_key_values.N.KV', { heads: 1 }),
      hubMask(`${P} + ${S}`),
      hubPositions,
    ],
    outputs: [HUB_LOGITS],
  },
  {
    name: 'optimum: merged',
    inputs: [
      HUB,
      hubMask(`${P} + ${S}`),
      ...cached,
      hubPositions,
      input('branch', 'use_cache_branch', 'bool', 1),
    ],
    outputs: [HUB_LOGITS, ...present],
  },
  {
    name: 'optimum: no dynamic axes',
    inputs: [
      tokens(2, 32),
      input('mask', 'attention_mask', 'int64', 2, 32),
      input('positions', 'position_ids', 'int64', 2, 32),
    ],
    outputs: [out('logits', 'float32', 2, 32, V)],
  },
  // ONNX Runtime's own tools.
  {
    name: 'runtime: gpt2 with past',
    inputs: [
      HUB,
      input('positions', 'position_ids', 'int64', B, S),
      input('mask', 'attention_mask', 'float32', B, 'total_seq_len'),
      ...[0, 1].map((k) => input('past', `past_${k}`, 'float32', 2, B, 2, 'past_seq_len', 2)),
    ],
    outputs: [HUB_LOGITS],
  },
  {
    name: 'runtime: llama with group queries',
    inputs: [
      HUB,
      input('mask', 'attention_mask', 'int64', B, `${P}+${S}`),
      ...pasts('past_key_values.N.KV'),
      input('last', 'seqlens_k', 'int32', B),
      input('total', 'total_sequence_length', 'int32'),
    ],
    outputs: [HUB_LOGITS],
  },
  {
    name: 'runtime: lengths of one value',
    inputs: [
      HUB,
      input('last', 'seqlens_k', 'int32', B, 1),
      input('total', 'total_sequence_length', 'int32', 1),
      input('none', 'past_sequence_length', 'int64', 1),
    ],
    outputs: [HUB_LOGITS],
  },
  // ONNX Runtime GenAI.
  {
    name: 'builder: llama',
    inputs: [HUB, hubMask('total_sequence_length'), ...built],
    outputs: [HUB_LOGITS, ...builtPresent],
  },
  {
    name: 'builder: logits last',
    inputs: [HUB, hubMask('total_sequence_length'), ...built],
    outputs: [...builtPresent, HUB_LOGITS],
    at: 4,
  },
  {
    name: 'builder: positions',
    inputs: [HUB, hubMask('total_sequence_length'), hubPositions, ...built],
    outputs: [HUB_LOGITS],
  },
  {
    name: 'builder: positions of rank 3',
    inputs: [
      HUB,
      hubMask('total_sequence_length'),
      input('positions', 'position_ids', 'int64', 3, B, S),
      ...built,
    ],
    outputs: [HUB_LOGITS],
  },
  {
    name: 'builder: past lengths',
    inputs: [
      HUB,
      input('last', 'past_seq_len', 'int32', B, 1),
      input('total', 'total_seq_len', 'int32', 1),
      ...built,
    ],
    outputs: [HUB_LOGITS],
  },
  {
    name: 'builder: lfm2',
    inputs: [
      HUB,
      hubMask('total_sequence_length'),
      ...pasts('past_key_values.N.KV', { layers: 1 }),
      input('state', 'past.0.conv', 'float32', B, 32, 2),
    ],
    outputs: [HUB_LOGITS],
  },
  {
    name: 'builder: qwen3.5',
    inputs: [
      HUB,
      hubMask('total_sequence_length'),
      input('state', 'past_key_values.0.conv_state', 'float32', B, 16, 3),
      input('state', 'past_key_values.0.recurrent_state', 'float32', B, 2, 8, 8),
      ...pasts('past_key_values.3.KV', { layers: 1 }),
    ],
    outputs: [HUB_LOGITS],
  },
  {
    name: 'builder: half',
    inputs: [HUB, hubMask('total_sequence_length'), ...half],
    outputs: [out('logits', 'float16', B, S, V)],
  },
  {
    name: 'transformers.js: lfm2',
    inputs: [
      HUB,
      hubMask('total_sequence_length'),
      input('state', 'past_conv.0', 'float32', B, 16, 3),
      ...pasts('past_key_values.N.KV', { layers: 1 }),
    ],
    outputs: [HUB_LOGITS],
  },
];
