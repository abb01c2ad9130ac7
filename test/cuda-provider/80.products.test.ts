/**
 * What one product by constant weights queues in fp16, by how it is written: the table in docs/optimize.md that
 * says which of the ways the rewrite takes.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { byteModel } from '../helpers/byte-models.js';
import { bpbOnFakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';
import { temporaryFolder } from '../helpers/folder.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import type { Launch } from '../helpers/launch-log.js';
import { VOCABULARY } from '../helpers/score-fixture.js';

const ROWS = 4;
const TIME = 64;
const TOKENS = ROWS * TIME;
const INNER = 64;

/** `x` is [tokens, inner], `x3` the same with three axes; `half` makes constants. */
interface Operands {
  readonly g: GraphBuilder;
  readonly x: string;
  readonly x3: string;
  readonly half: (dims: readonly number[]) => string;
  /** Of [tokens, columns], not a constant. */
  readonly residual: (columns: number) => string;
}

const transposed = { transB: { int: 1 } };

/** One product of `columns` columns; the columns tell the launches of one from those of another. */
const WAYS: Readonly<Record<string, (o: Operands, columns: number) => string>> = {
  'MatMul, three axes': ({ g, x3, half }, n) => g.op('MatMul', [x3, half([INNER, n])]),
  'MatMul, two axes': ({ g, x, half }, n) => g.op('MatMul', [x, half([INNER, n])]),
  'MatMul by a Transpose of constants': ({ g, x, half }, n) =>
    g.op('MatMul', [x, g.transpose(half([n, INNER]), [1, 0])]),
  'MatMul, then Mul by a number': ({ g, x, half }, n) =>
    g.op('Mul', [g.op('MatMul', [x, half([INNER, n])]), half([])]),
  'FusedMatMul, transB': ({ g, x, half }, n) =>
    g.op('FusedMatMul', [x, half([n, INNER])], transposed, undefined, 'com.microsoft'),
  Gemm: ({ g, x, half }, n) => g.op('Gemm', [x, half([INNER, n])]),
  'Gemm, transB': ({ g, x, half }, n) => g.op('Gemm', [x, half([n, INNER])], transposed),
  'Gemm with a bias': ({ g, x, half }, n) => g.op('Gemm', [x, half([INNER, n]), half([n])]),
  'MatMul, then Add of a bias': ({ g, x, half }, n) =>
    g.op('Add', [g.op('MatMul', [x, half([INNER, n])]), half([n])]),
  'Gemm with a full C': ({ g, x, half, residual }, n) =>
    g.op('Gemm', [x, half([INNER, n]), residual(n)]),
  'MatMul, then Add of a residual, two axes': ({ g, x, half, residual }, n) =>
    g.op('Add', [g.op('MatMul', [x, half([INNER, n])]), residual(n)]),
  'MatMul, then Add of a residual, three axes': ({ g, x3, half, residual }, n) =>
    g.op('Add', [g.op('MatMul', [x3, half([INNER, n])]), g.reshape(residual(n), [ROWS, TIME, n])]),
};
const columnsOf = (way: string) => 8 * (10 + Object.keys(WAYS).indexOf(way));

function model(build: (o: Operands) => string[]): Uint8Array {
  return byteModel(
    (g) => {
      const cast = (x: string, to: keyof typeof TYPE) =>
        g.op('Cast', [x], { to: { int: TYPE[to] } });
      const looked = (n: number) =>
        cast(g.op('Gather', [g.weights([VOCABULARY, n]), 'input_ids']), 'float16');
      const x3 = looked(INNER);
      const parts = build({
        g,
        x3,
        x: g.reshape(x3, [TOKENS, INNER]),
        half: (dims) => cast(g.weights(dims), 'float16'),
        residual: (n) => g.reshape(looked(n), [TOKENS, n]),
      }).map((part) => g.reshape(part, [ROWS, TIME, -1]));
      const all = cast(g.op('Concat', parts, { axis: { int: -1 } }), 'float32');
      const width = Object.keys(WAYS).reduce((sum, way) => sum + columnsOf(way), 0);
      return g.op('MatMul', [all, g.weights([width, VOCABULARY])]);
    },
    { dims: [ROWS, TIME] },
  );
}

/** Scores `bytes`; everything that a batch queues. */
async function launchesOf(bytes: Uint8Array): Promise<readonly Launch[]> {
  const folder = temporaryFolder();
  const [path, docs] = [join(folder, 'model.onnx'), join(folder, 'docs.jsonl')];
  writeFileSync(path, bytes);
  const text = 'Four score and seven years ago. '.repeat(60);
  writeFileSync(docs, `${JSON.stringify({ text })}\n`);
  const data = ['--tokenizer', 'byte260', '--docs', docs];
  const { code, stdout, log } = await bpbOnFakeCuda([
    ...['score', path, ...data, '--window', 'chunk', '--seq-len', `${TIME}`],
    ...['--json', '--quiet', '--verify-rows', '0'],
  ]);
  expect(code, stdout).toBe(0);
  return log.batches[2]!;
}

/** The launches of the product with so many columns, in the words of the table. */
function queued(batch: readonly Launch[], columns: number): string[] {
  const elements = TOKENS * columns;
  return batch.flatMap(({ kind, line, name, bytes }) => {
    const found = /BLAS (\w+) m=(\d+) n=(\d+) k=(\d+) .* comp=68 ta=(\d) tb=0 /.exec(line);
    if (kind === 'product' && found !== null && Number(found[2]) === columns) {
      expect(Number(found[3])).toBe(TOKENS);
      return `${found[1]} k=${found[4]} ta=${found[5]}`;
    }
    if (kind === 'deviceCopy' && bytes === elements * 2) return 'copy';
    const adds = name.includes('BinaryElementWise') && line.includes(`grid=${elements / 1024},1,1`);
    return adds ? 'elementwise kernel' : [];
  });
}

describe.skipIf(noFakeCuda !== '')(
  `products in fp16${noFakeCuda && ` (skipped: ${noFakeCuda})`}`,
  () => {
    test('a factor and a transposition ride on one, a bias costs a product, a residual a copy', async () => {
      const batch = await launchesOf(
        model((o) => Object.entries(WAYS).map(([way, make]) => make(o, columnsOf(way)))),
      );
      const table = Object.keys(WAYS).map((way) => [way, queued(batch, columnsOf(way))]);
      const product = 'cublasGemmEx k=64 ta=0';
      const turned = 'cublasGemmEx k=64 ta=1';
      const bias = 'cublasGemmEx k=1 ta=0';
      expect(Object.fromEntries(table)).toEqual({
        'MatMul, three axes': [product],
        'MatMul, two axes': [product],
        'MatMul by a Transpose of constants': [product],
        'MatMul, then Mul by a number': [product],
        'FusedMatMul, transB': [turned],
        Gemm: [product],
        'Gemm, transB': [turned],
        'Gemm with a bias': [bias, product],
        'MatMul, then Add of a bias': [bias, product],
        'Gemm with a full C': ['copy', product],
        // The runtime makes a Gemm of it.
        'MatMul, then Add of a residual, two axes': ['copy', product],
        'MatMul, then Add of a residual, three axes': [product, 'elementwise kernel'],
      });
    });
  },
);
