/** Files changed field by field: refused, or read as every other reader of protobuf reads them. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BpbError } from '#bpb/errors';
import { constantsOf } from '#bpb/onnx/constants';
import { fixAxes } from '#bpb/onnx/fix-axes';
import { OnnxGraph } from '#bpb/onnx/graph';
import { makeLoadable } from '#bpb/onnx/loadable';
import { readModel } from '#bpb/onnx/reader';
import { SCHEMA } from '#bpb/onnx/schema';
import { readSummary } from '#bpb/onnx/summary';
import { bytes, int } from '#bpb/protobuf/encode';
import type { Message } from '#bpb/protobuf/message';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { sorted, type Tree, treeOf, withFields } from '../helpers/onnx-tree.js';
import { pythonWith } from '../helpers/python.js';

function sample(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.transpose(g.embed(4), [0, 1, 2]);
  return g.model(g.op('LeakyRelu', [x], { alpha: { float: 0.5 } }), 4);
}

const MODEL = readModel(sample(), 'm.onnx');
const MESSAGES = [...MODEL.walk()];

type Change = (fields: Uint8Array[], at: number, other: Uint8Array) => Uint8Array[];

/** What an attacker may do to the fields of a message. */
const CHANGES: Readonly<Record<string, Change>> = {
  twice: (fields, at) => [...fields, fields[at]!],
  first: (fields, at) => [fields[at]!, ...fields],
  dropped: (fields, at) => fields.filter((_, k) => k !== at),
  reversed: (fields) => [...fields].reverse(),
  unknown: (fields, at) => fields.toSpliced(at, 0, bytes(99, 'hidden'), int(98, at)),
  foreign: (fields, at, other) => fields.toSpliced(at, 0, other),
  'other wire type': (fields, at) => {
    const key = fields[at]![0]!;
    return fields.with(at, Uint8Array.of((key & ~7) | ((key & 7) === 2 ? 0 : 2), 1, 8));
  },
  'other number': (fields, at) => {
    const changed = fields[at]!.slice();
    changed[0] = changed[0]! ^ 8;
    return fields.with(at, changed);
  },
  'more bytes': (fields, at) => [...fields, Uint8Array.of(at, 0, 1)],
  'one byte': (fields, at, other) => {
    const changed = fields[at]!.slice();
    changed[changed.length - 1] = other[0]!;
    return fields.with(at, changed);
  },
};

const mutants = fc
  .record({
    target: fc.nat(MESSAGES.length - 1).map((k) => MESSAGES[k]!),
    donor: fc.nat(MESSAGES.length - 1).map((k) => MESSAGES[k]!),
    change: fc.constantFrom(...Object.keys(CHANGES)),
    at: fc.nat(),
    from: fc.nat(),
  })
  .filter(({ target, donor }) => target.fields.length > 0 && donor.fields.length > 0)
  .map(({ target, donor, change, at, from }) => {
    const other = donor.raw(donor.fields[from % donor.fields.length]!);
    return withFields(MODEL, target, (fields) =>
      CHANGES[change]!(fields, at % fields.length, other),
    );
  });

function readOrNull(file: Uint8Array): Message | null {
  try {
    return readModel(file, 'm.onnx');
  } catch (error) {
    expect(error).toBeInstanceOf(BpbError);
    return null;
  }
}

test('a field that may stand once is refused when it stands twice, in every message', () => {
  let tried = 0;
  for (const target of MESSAGES) {
    for (const [k, { type }] of target.fields.entries()) {
      if (type === null || type.repeated) continue;
      tried++;
      expect(readOrNull(withFields(MODEL, target, (fields) => [...fields, fields[k]!]))).toBeNull();
    }
  }
  expect(tried).toBeGreaterThan(30);
});

test('what is accepted does not depend on the order of fields, and comes out as it came in', () => {
  let accepted = 0;
  fc.assert(
    fc.property(mutants, (file) => {
      const model = readOrNull(file);
      if (model === null) return;
      accepted++;
      expect(treeOf(readModel(sorted(model), 'm.onnx'))).toEqual(treeOf(model));
      expect(Buffer.from(OnnxGraph.parse(file, 'm.onnx').serialize()).equals(file)).toBe(true);
    }),
    { numRuns: 400 },
  );
  expect(accepted).toBeGreaterThan(50);
});

test('no consumer throws anything but a refusal', () => {
  fc.assert(
    fc.property(mutants, (file) => {
      for (const consume of [
        () => readSummary(file, 'm.onnx'),
        () => [...constantsOf(file, 'm.onnx')],
        () => fixAxes(file, 'input_ids', [2, 8], 'm.onnx'),
        () => makeLoadable(file, 'm.onnx'),
        () => OnnxGraph.parse(file, 'm.onnx').initializers.map((item) => item.decode()),
      ]) {
        try {
          consume();
        } catch (error) {
          expect(error).toBeInstanceOf(BpbError);
        }
      }
    }),
    { numRuns: 200 },
  );
});

const python = pythonWith('onnx');
describe.skipIf(python === undefined)('against the onnx package (needs Python with onnx)', () => {
  type Declared = [number, string, boolean, string | null, number | null];
  interface Reference {
    schema: Record<string, Record<string, Declared>>;
    models: (Tree | null)[];
  }
  function ask(models: readonly Uint8Array[]): Reference {
    const script = fileURLToPath(new URL('./messages.py', import.meta.url));
    const input = JSON.stringify({
      models: models.map((each) => Buffer.from(each).toString('base64')),
    });
    const run = spawnSync(python!, [script], { input, maxBuffer: 1 << 28, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(run.stderr);
    return JSON.parse(run.stdout) as Reference;
  }

  test('every accepted file is read as the same tree', () => {
    const files = fc.sample(mutants, { numRuns: 600, seed: 7 });
    const read = files.map(readOrNull);
    const accepted = files.filter((_, k) => read[k] !== null);
    expect(accepted.length).toBeGreaterThan(80);
    const trees = read.filter((model) => model !== null).map(treeOf);
    expect(ask(accepted).models).toEqual(trees);
  });

  test('the schema has the fields of onnx.proto', () => {
    const { schema } = ask([]);
    for (const [name, fields] of Object.entries(schema)) {
      for (const [field, [number, kind, repeated, choice, values]] of Object.entries(fields)) {
        const type = SCHEMA.get(name)?.fields.get(number);
        const own = type && [type.message || type.kind, type.repeated, type.choice, type.values];
        // The package may be older or newer: an enum with more values here is no contradiction.
        expect([name, type?.name, ...(own ?? [])]).toEqual([
          name,
          field,
          kind,
          repeated,
          choice,
          values,
        ]);
      }
    }
  });
});
