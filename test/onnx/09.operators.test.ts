/** Operators that could do more than compute from their inputs: refused, with the flag that allows one. */
import { describe, expect, test } from 'vitest';
import { allowedOps, checkAllNeeded } from '#bpb/artifact/allowed-ops';
import { graphFindings } from '#bpb/artifact/graph-findings';
import { loadArtifact } from '#bpb/artifact/load';
import { checkOnnx } from '#bpb/onnx/check';
import { TYPE } from '#bpb/onnx/element-types';
import { ATTRIBUTE, ATTRIBUTE_TYPE, FUNCTION, MODEL, NODE, OPSET, TENSOR } from '#bpb/onnx/schema';
import { onnxModel } from '#bpb/onnx/writer';
import { bytes, type Chunk, int } from '#bpb/protobuf/encode';
import { folderOf } from '../artifact/apart.js';
import {
  attribute,
  call,
  inDomain,
  languageModel,
  localFunction,
  node,
  nodes,
  within,
} from '../helpers/hidden-places.js';
import { normals, tableGraph } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';

const foreign = node('Op', ['input_ids'], ['logits'], inDomain('com.example'));
const text = (value: string) => attribute('x', 's', new TextEncoder().encode(value));
const texts = (...values: string[]) =>
  attribute('x', 'strings', ...values.map((value) => new TextEncoder().encode(value)));
const tensorOfTexts = (...values: string[]) =>
  attribute('x', 't', [
    int(TENSOR.dims.number, values.length),
    int(TENSOR.data_type.number, TYPE.string),
    ...values.map((value) => bytes(TENSOR.string_data.number, value)),
  ]);
const abs = (...more: Chunk[]) =>
  languageModel(nodes(node('Abs', ['input_ids'], ['logits'], ...more)));
const check = (model: Uint8Array, ...allowed: string[]) =>
  checkOnnx(model, 'm.onnx', allowedOps(allowed));

describe('an operator of a domain that is not known', () => {
  test.each<[string, Uint8Array, string]>([
    ['in the graph', languageModel(nodes(foreign)), 'graph.node[0]'],
    ['three subgraphs deep', languageModel(nodes(...within(3, nodes(foreign)))), 'graph.node[1]'],
    [
      'in a function',
      languageModel(nodes(call('f')), localFunction('f', [foreign])),
      'functions[0].node[0]',
    ],
    [
      'three subgraphs deep in a function that nothing calls',
      languageModel([], localFunction('f', within(3, nodes(foreign)))),
      'functions[0].node[1]',
    ],
    [
      'in a training graph',
      languageModel([], bytes(MODEL.training_info.number, [bytes(1, nodes(foreign))])),
      'training_info[0].initialization.node[0]',
    ],
  ])('%s', async (_, model, place) => {
    const error = await refusalOf(() => check(model));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_OPERATOR', path: 'm.onnx' });
    expect(error.message).toContain('node `logits`');
    expect(error.message).toContain('com.example::Op');
    expect(error.actual).toContain(place);
    expect(error.hint).toContain('--allow-op com.example::Op');
    expect(check(model, 'com.example::Op').allowedOperators).toEqual(['com.example::Op']);
  });

  test.each([
    ['ai.onnx.contrib', 'SentencepieceTokenizer'],
    ['org.pytorch.aten', 'ATen'],
    ['trt.plugins', 'MyPlugin'],
    ['COM.MICROSOFT', 'MatMulNBits'],
    ['com.microsoft ', 'MatMulNBits'],
    ['com.microsoft.extensions', 'CustomOp'],
  ])('%s', async (domain, op) => {
    const model = languageModel(nodes(node(op, [], ['logits'], inDomain(domain))));
    expect((await refusalOf(() => check(model))).code).toBe('BPB_MODEL_OPERATOR');
  });

  test('the flag of the hint is one word of a shell, without control characters', async () => {
    const model = languageModel(nodes(node("x'; rm y", [], ['logits'], inDomain('\u001b[2J'))));
    const { hint, message } = await refusalOf(() => check(model));
    expect(hint).toContain(`--allow-op '\\u001b[2J::x'\\''; rm y'`);
    expect(message).toContain('\\u001b[2J');
  });

  test.each([
    'ai.onnx.ml',
    'com.microsoft',
    'com.microsoft.nchwc',
    'com.ms.internal.nhwc',
    'ai.onnx',
  ])('accepted: %s', (domain) => {
    const model = languageModel(nodes(node('Op', [], ['logits'], inDomain(domain))));
    expect(check(model).allowedOperators).toEqual([]);
  });

  test('accepted: a function of the model’s own, in its own overload only', async () => {
    const overload = bytes(FUNCTION.overload.number, 'two');
    const calls = languageModel(
      nodes([...call('f'), bytes(NODE.overload.number, 'two')]),
      localFunction('f', [node('Abs', ['input_ids'], ['logits'])], overload),
    );
    expect(check(calls).allowedOperators).toEqual([]);
    const other = languageModel(nodes(call('f')), localFunction('f', [], overload));
    expect((await refusalOf(() => check(other))).code).toBe('BPB_MODEL_OPERATOR');
  });
});

describe('an operator that reaches beyond the model: no flag allows it', () => {
  test.each([
    ['com.microsoft', 'EPContext'],
    ['com.microsoft', 'Snpe'],
    ['com.microsoft', 'PythonOp'],
    ['', 'EfficientNMS_TRT'],
  ])('%s %s', async (domain, op) => {
    const reaching = node(op, ['input_ids'], ['logits'], inDomain(domain));
    const name = `${domain || 'ai.onnx'}::${op}`;
    for (const model of [
      languageModel(nodes(reaching)),
      languageModel(nodes(...within(3, nodes(reaching)))),
      languageModel(nodes(call('f')), localFunction('f', [reaching])),
    ]) {
      for (const allowed of [[], [name]]) {
        const error = await refusalOf(() => check(model, ...allowed));
        expect(error.code).toBe('BPB_MODEL_OPERATOR');
        expect(error.hint).not.toContain('--allow-op');
      }
    }
  });
});

describe('the domain of the harness’s own operators', () => {
  const own = node('SumNorm', ['input_ids'], ['logits'], inDomain('bpb'));

  test.each<[string, Uint8Array]>([
    ['in the graph', languageModel(nodes(own))],
    [
      'an operator that there is none of',
      languageModel(nodes(node('X', [], ['logits'], inDomain('bpb')))),
    ],
    ['three subgraphs deep', languageModel(nodes(...within(3, nodes(own))))],
    ['in a function', languageModel(nodes(call('f')), localFunction('f', [own]))],
  ])('%s: no flag allows it', async (_, model) => {
    for (const allowed of [[], ['bpb::SumNorm', 'bpb::X']]) {
      const error = await refusalOf(() => check(model, ...allowed));
      expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_OPERATOR', path: 'm.onnx' });
      expect(error.message).toMatch(/bpb::/);
      expect(error.hint).toMatch(/--optimize/);
      expect(error.hint).not.toContain('--allow-op');
    }
  });

  test('named by the first output that it has', async () => {
    const model = languageModel(nodes(node('X', [], ['', 'logits'], inDomain('bpb'))));
    expect((await refusalOf(() => check(model))).message).toContain('node `logits`');
  });

  test('a function of the model’s own, called or not', async () => {
    const body = bytes(MODEL.functions.number, [
      bytes(FUNCTION.name.number, 'SumNorm'),
      bytes(FUNCTION.domain.number, 'bpb'),
    ]);
    for (const model of [languageModel([], body), languageModel(nodes(own), body)]) {
      const error = await refusalOf(() => check(model, 'bpb::SumNorm'));
      expect(error).toMatchObject({ code: 'BPB_MODEL_FUNCTIONS', actual: 'functions[0]' });
    }
  });

  test('accepted: an import alone, of any version', () => {
    const imports = bytes(MODEL.opset_import.number, [
      bytes(OPSET.domain.number, 'bpb'),
      int(OPSET.version.number, 7),
    ]);
    const model = languageModel(nodes(node('Abs', ['input_ids'], ['logits'])), imports);
    expect(check(model).allowedOperators).toEqual([]);
  });
});

describe('an attribute that names a file', () => {
  test.each<[string, Chunk]>([
    ['a path', text('/etc/passwd')],
    ['a path upwards', text('../x')],
    ['a path of Windows', text('C:\\x')],
    ['a URL', text('file:x')],
    ['a program', text('plugin.so')],
    ['data, in capitals', text('VAL.BIN')],
    ['the second of a list', texts('none', 'sub/x')],
    ['a text of a tensor', tensorOfTexts('none', 'weights.safetensors')],
    ['a NUL', text('a\0b')],
  ])('%s', async (_, named) => {
    const error = await refusalOf(() => check(abs(named)));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_OPERATOR' });
    expect(error.message).toBe('the attribute `x` of the node `logits` names a file');
    expect(error.actual).toContain('graph.node[0].attribute[0]');
    expect(check(abs(named), 'ai.onnx::Abs').allowedOperators).toEqual(['ai.onnx::Abs']);
  });

  test('of a call, of a function’s default, three subgraphs deep in a function', async () => {
    const named = text('x/y');
    const inFunction = node('Abs', ['input_ids'], ['logits'], named);
    const given = bytes(FUNCTION.attribute_proto.number, [
      bytes(ATTRIBUTE.name.number, 'x'),
      bytes(ATTRIBUTE.s.number, 'x/y'),
      int(ATTRIBUTE.type.number, ATTRIBUTE_TYPE.s),
    ]);
    for (const model of [
      languageModel(nodes([...call('f'), named]), localFunction('f', [])),
      languageModel(nodes(call('f')), localFunction('f', [], given)),
      languageModel([], localFunction('f', within(3, nodes(inFunction)))),
    ]) {
      const error = await refusalOf(() => check(model));
      expect(error.message).toMatch(
        /^the attribute `x` of (a function|the node `logits`) names a file/,
      );
    }
  });

  test.each<[string, Chunk[]]>([
    ['a word of a schema', node('Gelu', [], ['y'], text('tanh'))],
    ['an equation', node('Einsum', [], ['y'], attribute('equation', 's', Buffer.from('b/.bin')))],
    ['a pattern', node('RegexFullMatch', [], ['y'], attribute('pattern', 's', Buffer.from('a/b')))],
    [
      'a table of words',
      node('LabelEncoder', [], ['y'], texts('and/or', 'x.txt'), inDomain('ai.onnx.ml')),
    ],
    [
      'a constant',
      node('Constant', [], ['y'], attribute('value_string', 's', Buffer.from('a/b.bin'))),
    ],
    ['a fraction', node('Abs', [], ['y'], text('0.5'))],
  ])('accepted: %s', (_, each) => {
    expect(check(languageModel(nodes(each))).allowedOperators).toEqual([]);
  });

  test('a locale of a normalizer is a file of the system', async () => {
    const normalizer = (locale: string) =>
      languageModel(
        nodes(node('StringNormalizer', [], ['y'], attribute('locale', 's', Buffer.from(locale)))),
      );
    expect(() => check(normalizer('en_US'))).not.toThrow();
    expect((await refusalOf(() => check(normalizer('../x')))).code).toBe('BPB_MODEL_OPERATOR');
  });
});

describe('a function with the name of an operator of the runtime', () => {
  // ONNX Runtime 1.30 runs its own FastGelu, whatever the function says, and fails on one of ai.onnx.
  test.each(['com.microsoft', 'ai.onnx', '', 'com.microsoft.nchwc'])('in %s', async (domain) => {
    const body = bytes(MODEL.functions.number, [
      bytes(FUNCTION.name.number, 'FastGelu'),
      bytes(FUNCTION.domain.number, domain),
    ]);
    const error = await refusalOf(() => check(languageModel([], body)));
    expect(error).toMatchObject({ code: 'BPB_MODEL_FUNCTIONS', actual: 'functions[0]' });
    expect(error.hint).toMatch(/inline_local_functions/);
  });
});

test('settings of the session in the metadata', async () => {
  const entry = (key: string) =>
    bytes(MODEL.metadata_props.number, [bytes(1, key), bytes(2, '{}')]);
  const error = await refusalOf(() => check(languageModel([], entry('ort_config'))));
  expect(error.code).toBe('BPB_MODEL_OPERATOR');
  expect(() => check(languageModel([], entry('location')))).not.toThrow();
});

describe('--allow-op', () => {
  test.each([['Op'], ['com.example:Op'], ['com.example::'], ['']])(
    '%j is no operator',
    async (name) => {
      const error = await refusalOf(() => allowedOps([name]));
      expect(error).toMatchObject({ kind: 'usage', code: 'BPB_ALLOW_OP', path: '--allow-op' });
    },
  );

  test('one that the artifact does not need is refused', async () => {
    const allowed = allowedOps(['com.example::Op', '::Abs']);
    expect(checkAllNeeded(allowed, ['ai.onnx::Abs', 'com.example::Op', 'ai.onnx::Abs'])).toEqual([
      'ai.onnx::Abs',
      'com.example::Op',
    ]);
    const error = await refusalOf(() => checkAllNeeded(allowed, ['com.example::Op']));
    expect(error).toMatchObject({ kind: 'usage', code: 'BPB_ALLOW_OP', actual: 'ai.onnx::Abs' });
  });

  test('an artifact says which operators it was allowed, and a finding does', async () => {
    const graph = tableGraph(normals(49, 1), 7);
    const named = graph.nodes.map((each) =>
      each.op === 'Identity' ? { ...each, attributes: { x: { string: 'a/b' } } } : each,
    );
    const folder = folderOf(onnxModel({ ...graph, nodes: named }));
    const path = `${folder}/model.onnx`;
    expect((await refusalOf(() => loadArtifact(path))).code).toBe('BPB_MODEL_OPERATOR');
    const artifact = await loadArtifact(path, { allowOp: ['::Identity'] });
    expect(artifact.allowedOperators).toEqual(['ai.onnx::Identity']);
    const [finding] = graphFindings(artifact);
    expect(finding).toMatchObject({ id: 'allowed-operators', severity: 'note' });
    expect(finding!.message).toContain('ai.onnx::Identity');
  });
});

test('random numbers are a finding, once a node', async () => {
  const graph = tableGraph(normals(49, 1), 7);
  const [first, ...rest] = graph.nodes;
  const model = onnxModel({
    ...graph,
    nodes: [first!, { op: 'RandomNormalLike', inputs: ['gathered'], outputs: ['noise'] }, ...rest],
  });
  const artifact = await loadArtifact(`${folderOf(model)}/model.onnx`);
  const [finding] = graphFindings(artifact);
  expect(finding).toMatchObject({ id: 'random-operators', severity: 'warn' });
  expect(finding!.message).toContain('1 node: RandomNormalLike (noise)');
});
