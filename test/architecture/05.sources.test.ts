/** The reader of sources sees every form of import and export; circles are found. */
import { describe, expect, test } from 'vitest';
import { cycles } from './cycles.js';
import { moduleOf, parsed } from './sources.js';

describe('imports', () => {
  test.each([
    ["import { a, type B as C } from '../run/x.js';", 'src/run/x.ts', ['a', 'B']],
    ["import type { T } from './x.js';", 'src/score/x.ts', ['T']],
    ["import * as all from './x.js';", 'src/score/x.ts', null],
    ["import './x.js';", 'src/score/x.ts', []],
    ["export { a as b } from './x.js';", 'src/score/x.ts', ['a']],
    ["export * from './x.js';", 'src/score/x.ts', null],
    ["const x = await import('./x.js');", 'src/score/x.ts', null],
    ["type T = import('./x.js').T;", 'src/score/x.ts', ['T']],
    ["new Worker(new URL('./x.js', import.meta.url));", 'src/score/x.ts', null],
    ["new Worker(new URL('./x.cjs', import.meta.url));", 'src/score/x.cts', null],
    ["import { a } from '#bpb/run/x';", 'src/run/x.ts', ['a']],
    ["const path = '../../dist/cli/x.js';", 'src/cli/x.ts', null],
  ])('%s', (text, file, names) => {
    expect(parsed('src/score/y.ts', text).imports).toEqual([{ file, names }]);
  });

  test('of packages are not of the repository', () => {
    expect(parsed('src/score/y.ts', "import { z } from 'zod';").imports).toEqual([]);
  });
});

test.each([
  ['export const a = 1, { b, c: [d] } = x;', ['a', 'b', 'd']],
  ['export function f() {}\nexport async function* g() {}', ['f', 'g']],
  [
    'export interface I {}\nexport type T = 1;\nexport enum E {}\nexport class C {}',
    ['I', 'T', 'E', 'C'],
  ],
  ['export default function f() {}', ['default']],
  ['const a = 1;\nexport { a as b };', ['b']],
  ['const a = 1;\nfunction f() {}', []],
])('exports: %s', (text, names) => {
  expect(parsed('src/score/y.ts', text).exports).toEqual(names);
});

test('types are kept apart from values', () => {
  const text = 'export interface I {}\nexport type T = 1;\nexport class C {}\nexport const a = 1;';
  expect(parsed('src/score/y.ts', text).types).toEqual(['I', 'T']);
});

test('a module is a folder of src/; a file at the top has none', () => {
  expect(moduleOf('src/onnx/optimize/fold.ts')).toBe('onnx');
  expect(moduleOf('src/errors.ts')).toBe('');
});

test('circles: of two, of three that share a node, of one; and none', () => {
  const graph = (arrows: Record<string, string[]>) => new Map(Object.entries(arrows));
  expect(cycles(graph({ a: ['b'], b: ['c'], c: [] }))).toEqual([]);
  expect(cycles(graph({ a: ['b'], b: ['a', 'c'], c: ['c'] }))).toEqual([['c'], ['a', 'b']]);
  expect(cycles(graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: ['a'] }))).toEqual([
    ['a', 'b', 'c', 'd'],
  ]);
});
