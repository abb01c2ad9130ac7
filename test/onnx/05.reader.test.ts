import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BpbError } from '#bpb/errors';
import { checkOnnx } from '#bpb/onnx/check';
import { readSummary } from '#bpb/onnx/summary';
import { tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';

const model = tableModel(new Float32Array(49), 7);
const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
const field = (number: number, body: ArrayLike<number>): number[] => [
  ...varint((number << 3) | 2),
  ...varint(body.length),
  ...Array.from(body),
];
const text = (s: string) => Buffer.from(s);
const modelOf = (graph: number[], ...more: number[][]) =>
  Uint8Array.from([...field(7, graph), ...more.flat()]);

test('what a model is read as', () => {
  const summary = readSummary(model, 'm.onnx');
  expect(summary.inputs).toEqual([{ name: 'input_ids', elementType: 7, dims: ['batch', 'time'] }]);
  expect(summary.outputs).toEqual([{ name: 'logits', elementType: 1, dims: ['batch', 'time', 7] }]);
  expect(summary.operators.get(':Gather')).toBe(1);
  expect(summary.opsets.get('')).toBe(21);
});

describe('what could reach beyond the file is refused', () => {
  const external = field(5, [...field(8, text('w')), ...field(13, field(1, text('location')))]);
  /** `type` of an AttributeProto that holds a tensor, and of one that holds a graph. */
  const [ofTensor, ofGraph] = [
    [0xa0, 1, 4],
    [0xa0, 1, 5],
  ];
  const selfCall = field(25, [
    ...field(1, text('f')),
    ...field(10, text('d')),
    ...field(7, [...field(4, text('f')), ...field(7, text('d'))]),
  ]);
  const chain = (length: number) =>
    Array.from({ length }, (_, k) =>
      field(25, [
        ...field(1, text(`f${k}`)),
        ...field(10, text('d')),
        ...(k + 1 < length
          ? field(7, [...field(4, text(`f${k + 1}`)), ...field(7, text('d'))])
          : field(7, field(4, text('Abs')))),
      ]),
    );
  const nested = (depth: number): number[] =>
    depth === 0
      ? []
      : field(1, [
          ...field(4, text('If')),
          ...field(5, [...field(6, nested(depth - 1)), ...ofGraph]),
        ]);
  const epContext = field(1, [...field(4, text('EPContext')), ...field(7, text('com.microsoft'))]);

  test.each([
    ['external data', modelOf(external), 'BPB_MODEL_EXTERNAL_DATA'],
    [
      'external data of a node’s constant',
      modelOf(field(1, [...field(4, text('Constant')), ...field(5, [...external, ...ofTensor])])),
      'BPB_MODEL_EXTERNAL_DATA',
    ],
    ['a function that calls itself', modelOf([], selfCall), 'BPB_MODEL_FUNCTIONS'],
    ['a chain of 3,000 functions', modelOf([], ...chain(3000)), 'BPB_MODEL_FUNCTIONS'],
    ['subgraphs 1,000 deep', modelOf(nested(1000)), 'BPB_MODEL_NOT_ONNX'],
    ['a provider’s context', modelOf(epContext), 'BPB_MODEL_OPERATOR'],
    ['two graphs', Uint8Array.from([...field(7, []), ...field(7, [])]), 'BPB_MODEL_NOT_ONNX'],
    ['no graph', Uint8Array.of(8, 10), 'BPB_MODEL_NOT_ONNX'],
    [
      'a varint of 11 bytes',
      Uint8Array.of(8, ...new Array<number>(11).fill(0x80)),
      'BPB_MODEL_NOT_ONNX',
    ],
    [
      'a length beyond the file',
      Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f),
      'BPB_MODEL_NOT_ONNX',
    ],
    ['a wrong wire type', Uint8Array.of(0x38, 1), 'BPB_MODEL_NOT_ONNX'],
    ['a group', Uint8Array.of(0x3b), 'BPB_MODEL_NOT_ONNX'],
  ] as const)('%s', async (_, bytes, code) => {
    const error = await refusalOf(() => checkOnnx(bytes, 'm.onnx'));
    expect(error).toMatchObject({ kind: 'input', code, path: 'm.onnx' });
  });

  test('a chain that is not too long passes', () => {
    expect(() => checkOnnx(modelOf([], ...chain(60)), 'm.onnx')).not.toThrow();
  });

  test('a function that calls many others passes, and ends their chains', () => {
    const call = (k: number) => field(7, [...field(4, text(`f${k}`)), ...field(7, text('d'))]);
    // More calls than a function of JavaScript takes arguments.
    const calls = Array.from({ length: 130_000 }, (_, k) => call(k % 60)).flat();
    const root = field(25, [...field(1, text('root')), ...field(10, text('d')), ...calls]);
    expect(() => checkOnnx(modelOf([], root, ...chain(60)), 'm.onnx')).not.toThrow();
    const tooDeep = modelOf([], root, ...chain(64));
    expect(() => checkOnnx(tooDeep, 'm.onnx')).toThrow(/call each other too deeply/);
  });
});

describe('nothing but a refusal comes of damage', () => {
  const readOrRefuse = (bytes: Uint8Array) => {
    try {
      checkOnnx(bytes, 'm.onnx');
    } catch (error) {
      expect(error).toBeInstanceOf(BpbError);
    }
  };
  test('cut short anywhere', () => {
    for (let length = 0; length < model.length; length++) readOrRefuse(model.subarray(0, length));
  });
  test('any byte changed', () => {
    fc.assert(
      fc.property(fc.nat(model.length - 1), fc.nat(255), (at, byte) => {
        const damaged = model.slice();
        damaged[at] = byte;
        readOrRefuse(damaged);
      }),
      { numRuns: 2000 },
    );
  });
  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), readOrRefuse), { numRuns: 2000 });
  });
});
