/** Imports between modules go one way, and docs/architecture.md shows the same table. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cycles } from './cycles.js';
import { BEGIN, END, MODULES, modulesBlock } from './modules.js';
import { codeFiles, moduleOf, ROOT, textOf } from './sources.js';

const PAGE = 'docs/architecture.md';
const files = codeFiles(['src']);
const arrows = files.flatMap(({ path, imports }) =>
  imports.map(({ file }) => ({ path, file, from: moduleOf(path), to: moduleOf(file) })),
);

test('every module is in the table, and the table has no other', () => {
  const modules = new Set(files.map(({ path }) => moduleOf(path)).filter((name) => name !== ''));
  expect(MODULES.map(({ name }) => name).sort()).toEqual([...modules].sort());
});

test('a module in the table imports only modules above it', () => {
  const above = new Set<string>();
  for (const { name, imports } of MODULES) {
    expect(
      imports.filter((each) => !above.has(each)),
      name,
    ).toEqual([]);
    above.add(name);
  }
});

test('no file imports a module that the table does not allow', () => {
  const allowed = new Map(MODULES.map(({ name, imports }) => [name, new Set(imports)]));
  const strays = arrows.filter(
    ({ from, to }) => from !== to && to !== '' && from !== '' && !allowed.get(from)?.has(to),
  );
  expect(strays.map(({ path, file }) => `${path} imports ${file}`)).toEqual([]);
});

test('a file at the top of src/ imports no module, but index.ts', () => {
  const strays = arrows.filter(
    ({ path, from, to }) => from === '' && to !== '' && path !== 'src/index.ts',
  );
  expect(strays).toEqual([]);
});

test('every import that the table allows is made', () => {
  const made = new Set(arrows.map(({ from, to }) => `${from} imports ${to}`));
  const unused = MODULES.flatMap(({ name, imports }) =>
    imports.map((each) => `${name} imports ${each}`).filter((arrow) => !made.has(arrow)),
  );
  expect(unused).toEqual([]);
});

test('no file imports itself by way of others, by types neither', () => {
  const graph = new Map(files.map(({ path, imports }) => [path, imports.map(({ file }) => file)]));
  expect(cycles(graph)).toEqual([]);
});

test(`${PAGE} shows the table (npm run docs:modules renews it)`, () => {
  const page = textOf(PAGE);
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  expect(begin, `${BEGIN} in ${PAGE}`).toBeGreaterThanOrEqual(0);
  expect(end, `${END} in ${PAGE}`).toBeGreaterThan(begin);
  const renewed = page.slice(0, begin) + modulesBlock() + page.slice(end + END.length);
  if (process.env['BPB_RENEW']) writeFileSync(join(ROOT, PAGE), renewed);
  else expect(page).toBe(renewed);
});
