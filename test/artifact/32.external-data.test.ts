import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { readModel } from '#bpb/onnx/reader';
import { ATTRIBUTE, ATTRIBUTE_TYPE, GRAPH, MODEL, NODE, TENSOR } from '#bpb/onnx/schema';
import { bytes, int } from '#bpb/protobuf/encode';
import type { Message } from '#bpb/protobuf/message';
import {
  EXTERNAL,
  entryFields,
  external,
  savedApart,
  withInitializers,
} from '../helpers/external.js';
import { externalTensor, PLACES } from '../helpers/hidden-places.js';

import {
  apart,
  at,
  DATA,
  folderOf,
  inside,
  load,
  manifestFolder,
  refersTo,
  refused,
  SIZE,
} from './apart.js';

test('a hidden reference beside an honest initializer: no file is read', async () => {
  const hidden = PLACES['value of a Constant']!(externalTensor(at(DATA)));
  const graph = readModel(hidden, 'm').child(MODEL.graph)!;
  const [constant] = graph.children(GRAPH.node);
  const both = Buffer.concat(
    readModel(apart.model, 'm').rewritten(({ type, message }) =>
      type === MODEL.graph
        ? [
            bytes(type.number, [
              ...message!.rewritten(() => null),
              bytes(GRAPH.node.number, renamed(constant!)),
            ]),
          ]
        : null,
    ),
  );
  await refused(folderOf(both), /2 external tensors, the first `table`, graph\.node/);
});

/** The node with an output that the model does not have. */
function renamed(node: Message): Uint8Array[] {
  return node.rewritten(({ type }) =>
    type === NODE.output ? [bytes(type.number, 'hidden')] : null,
  );
}

describe('what exporters write', () => {
  const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
  const weightsOf = (model: Uint8Array) =>
    readModel(model, 'm')
      .child(MODEL.graph)!
      .children(GRAPH.initializer)
      .map((tensor) => Buffer.from(tensor.byteStrings(TENSOR.raw_data)[0]!));

  test('one file: the model is the one with its weights inside; the file is hashed and counted', async () => {
    const {
      model,
      external: files,
      size,
      sha256: hash,
    } = await load(folderOf(apart.model, { [DATA]: apart.data }));
    expect(weightsOf(model.bytes)).toEqual(weightsOf(inside));
    expect(model.graph.externalTensors).toEqual([]);
    const [file] = files;
    expect(file).toMatchObject({ name: DATA, bytes: SIZE, sha256: sha256(apart.data) });
    expect(size.bytesCounted).toBe(apart.model.length + SIZE);
    expect(hash).not.toBe(model.sha256);
    expect(model.sha256).toBe(sha256(apart.model));
  });

  test('other data is another artifact', async () => {
    const other = apart.data.slice();
    other[0] = other[0]! ^ 1;
    const [a, b] = await Promise.all(
      [apart.data, other].map((data) => load(folderOf(apart.model, { [DATA]: data }))),
    );
    expect(a!.sha256).not.toBe(b!.sha256);
  });

  test('a model without external data keeps the hash of its file', async () => {
    const { sha256: hash, external: files } = await load(folderOf(inside));
    expect(hash).toBe(sha256(inside));
    expect(files).toEqual([]);
  });

  test.each<[string, string]>([
    ['a folder below', 'weights/data.bin'],
    ['a dot in front', `./${DATA}`],
    ['a name with spaces and two dots', 'my weights..v2.data'],
    ['a hidden file', '.data'],
  ])('%s', async (_, location) => {
    const { model, data } = savedApart(inside, location);
    const loaded = await load(folderOf(model, { [location]: data }));
    expect(weightsOf(loaded.model.bytes)).toEqual(weightsOf(inside));
  });

  test('no offset and no length: the whole file; a checksum that is right', async () => {
    const whole = refersTo([
      ['location', DATA],
      ['checksum', createHash('sha1').update(apart.data).digest('hex').toUpperCase()],
    ]);
    const loaded = await load(folderOf(whole, { [DATA]: apart.data }));
    expect(weightsOf(loaded.model.bytes)).toEqual(weightsOf(inside));
  });

  test('an empty raw_data, as one writer leaves it', async () => {
    const model = withInitializers(inside, (tensor) => [
      ...external(tensor, at(DATA)),
      bytes(TENSOR.raw_data.number, new Uint8Array()),
    ]);
    await expect(load(folderOf(model, { [DATA]: apart.data }))).resolves.toBeDefined();
  });

  test('a compressed file counts as it is stored', async () => {
    const stored = gzipSync(apart.data);
    const {
      external: files,
      size,
      model,
    } = await load(folderOf(apart.model, { [`${DATA}.gz`]: stored }));
    expect(files).toMatchObject([{ name: `${DATA}.gz`, bytes: stored.length }]);
    expect(size.bytesCounted).toBe(apart.model.length + stored.length);
    expect(weightsOf(model.bytes)).toEqual(weightsOf(inside));
  });

  test('of a manifest the file must be counted', async () => {
    const files = { 'model.onnx': apart.model, [DATA]: apart.data };
    const uncounted = await loadArtifact(manifestFolder(files, ['model.onnx']));
    expect(uncounted.size).toMatchObject({
      withinLimit: null,
      note: `scored but not counted: ${DATA}; no counted file is code`,
    });
    const counted = await loadArtifact(manifestFolder(files, ['model.onnx', DATA]));
    expect(counted.size).toMatchObject({
      note: 'no counted file is code',
      bytesCounted: apart.model.length + SIZE,
    });
  });

  test('initializers of a subgraph', async () => {
    const moved = readModel(inside, 'm');
    const branch = (name: string) =>
      bytes(NODE.attribute.number, [
        bytes(ATTRIBUTE.name.number, name),
        bytes(ATTRIBUTE.g.number, [
          bytes(GRAPH.initializer.number, [
            int(TENSOR.dims.number, 49),
            int(TENSOR.data_type.number, 1),
            bytes(TENSOR.name.number, `${name}_weights`),
            ...entryFields(at(DATA)),
            EXTERNAL,
          ]),
        ]),
        int(ATTRIBUTE.type.number, ATTRIBUTE_TYPE.g),
      ]);
    const node = bytes(GRAPH.node.number, [
      bytes(NODE.op_type.number, 'If'),
      branch('then_branch'),
      branch('else_branch'),
    ]);
    const model = Buffer.concat(
      moved.rewritten(({ type, message }) =>
        type === MODEL.graph
          ? [bytes(type.number, [...message!.rewritten(() => null), node])]
          : null,
      ),
    );
    const loaded = await load(folderOf(model, { [DATA]: apart.data }));
    expect(loaded.model.graph.externalTensors).toEqual([]);
    const found = [...readModel(loaded.model.bytes, 'm').walk()].filter(
      ({ type }) => type.name === 'TensorProto',
    );
    const raw = found.map((each) => Buffer.from(each.byteStrings(TENSOR.raw_data)[0]!));
    expect(raw).toEqual([weightsOf(inside)[0], weightsOf(inside)[0], weightsOf(inside)[0]]);
  });

  test('the files are left as they were', async () => {
    const folder = folderOf(apart.model, { [DATA]: apart.data });
    await load(folder);
    expect(readdirSync(folder).sort()).toEqual(['model.onnx', DATA]);
    expect(new Uint8Array(readFileSync(join(folder, DATA)))).toEqual(apart.data);
  });
});
