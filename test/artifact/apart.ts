/** A small model with its table of weights beside it, in folders that tests make. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { TENSOR } from '#bpb/onnx/schema';
import { onnxModel } from '#bpb/onnx/writer';
import { bytes, int } from '#bpb/protobuf/encode';
import {
  type Entries,
  EXTERNAL,
  entryFields,
  external,
  savedApart,
  withInitializers,
} from '../helpers/external.js';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, tableGraph, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';

const WIDTH = 7;
const table = normals(WIDTH * WIDTH, 1);
export const SIZE = table.byteLength;
export const inside = tableModel(table, WIDTH);
export const DATA = 'model.onnx.data';

/** A folder with `model.onnx`, and what `arrange` puts beside it. */
export function folderOf(model: Uint8Array, files: Record<string, Uint8Array> = {}): string {
  const folder = join(temporaryFolder(), 'artifact');
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.onnx'), model);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

export const load = (folder: string) => loadArtifact(join(folder, 'model.onnx'));
export const apart = savedApart(inside, DATA);
export const refersTo = (entries: Entries) =>
  withInitializers(inside, (tensor) => external(tensor, entries));
export const at = (location: string): Entries => range(location, 0, SIZE);

export const range = (location: string, offset: number, length: number): Entries => [
  ['location', location],
  ['offset', `${offset}`],
  ['length', `${length}`],
];

export async function refused(folder: string, actual: RegExp): Promise<void> {
  const before = readdirSync(folder);
  const error = await refusalOf(() => load(folder));
  expect(error).toMatchObject({ code: 'BPB_MODEL_EXTERNAL_DATA', kind: 'input' });
  expect(error.actual).toMatch(actual);
  expect(error.hint).toMatch(/onnx\.save|narrower type|store the values inside/);
  expect(error.path).toBe(join(folder, 'model.onnx'));
  expect(readdirSync(folder)).toEqual(before);
}

/** A graph with several initializers, each with its own entries. */
export function manyTensors(
  count: number,
  dims: readonly number[],
  entriesOf: (k: number) => Entries,
) {
  const graph = tableGraph(table, WIDTH);
  const more = Array.from({ length: count }, (_, k) => ({
    name: `w${k}`,
    type: 'float32' as const,
    dims: [0],
    data: new Float32Array(0),
  }));
  const model = onnxModel({ ...graph, initializers: [...graph.initializers!, ...more] });
  return withInitializers(model, (tensor) => {
    const name = tensor.string(TENSOR.name);
    if (name === 'table') return null;
    return [
      ...dims.map((dim) => int(TENSOR.dims.number, dim)),
      int(TENSOR.data_type.number, 1),
      bytes(TENSOR.name.number, name),
      ...entryFields(entriesOf(Number(name.slice(1)))),
      EXTERNAL,
    ];
  });
}

export function manifestFolder(
  files: Record<string, Uint8Array>,
  counted: string[],
  path = 'model.onnx',
): string {
  const folder = folderOf(files['model.onnx']!, files);
  const manifest = {
    format: 'bpb-artifact/1',
    name: 'x',
    model: { path },
    tokenizer: { kind: 'byte260' },
    counted,
  };
  writeFileSync(join(folder, 'artifact.json'), JSON.stringify(manifest));
  return folder;
}
