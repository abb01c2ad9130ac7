/** Rules that every file keeps: size, header, its tests, what it cites. */
import { existsSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeFiles, filesBelow, moduleOf, ROOT, textOf } from './sources.js';

const CODE = ['.ts', '.cts', '.mjs', '.cc', '.cu', '.cuh', '.h', '.py', '.sh'];
const MAX_LINES = 500;
const MAX_MEDIAN = 120;

const paths = ['src', 'native', 'test', 'bench', 'scripts'].flatMap((top) => filesBelow(top, CODE));
const files = paths.map((path) => ({ path, text: textOf(path) }));
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'models/README.md',
  ...filesBelow('docs', ['.md']),
];
const pages = documents.map((path) => ({ path, text: textOf(path) }));

const linesOf = (text: string) => text.trimEnd().split('\n').length;

test(`no file of code has more than ${MAX_LINES} lines`, () => {
  const long = files.filter(({ text }) => linesOf(text) > MAX_LINES).map(({ path }) => path);
  expect(long).toEqual([]);
});

test(`the median source has at most ${MAX_MEDIAN} lines`, () => {
  const counts = files
    .filter(({ path }) => path.startsWith('src/'))
    .map(({ text }) => linesOf(text));
  expect(counts.sort((a, b) => a - b)[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(
    MAX_MEDIAN,
  );
});

test('every file of code outside the tests begins with a comment that says what it is', () => {
  const without = files.filter(({ path, text }) => {
    if (path.startsWith('test/')) return false;
    const body = text.replace(/^#!.*\n/, '').trimStart();
    if (/\.(ts|cts|mjs)$/.test(path)) return !body.startsWith('/**');
    return !/^(\/\/|\/\*|"""|#)/.test(body);
  });
  expect(without.map(({ path }) => path)).toEqual([]);
});

test('every module has a folder of tests of its own', () => {
  const modules = new Set(filesBelow('src', ['.ts']).map(moduleOf));
  const without = [...modules].filter((name) => {
    if (name === '') return false;
    return filesBelow('test', ['.test.ts']).every((path) => !path.startsWith(`test/${name}/`));
  });
  expect(without).toEqual([]);
});

describe('tests', () => {
  const tests = codeFiles(['test']);

  test('each is numbered, so that a folder reads from misuse to whole runs', () => {
    const strays = tests.filter(
      ({ path }) => /\.test\./.test(path) && !/\/\d\d\.[^/]+\.test\.ts$/.test(path),
    );
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  test('none is left out for good: no .only, no .todo, no .skip without a condition', () => {
    const left = tests.filter(({ path, text }) => {
      return (
        !path.startsWith('test/architecture/') &&
        /\b(test|it|describe)\.(only|todo|skip)\b/.test(text)
      );
    });
    expect(left.map(({ path }) => path)).toEqual([]);
  });

  test('every other file of test/ is used by one', () => {
    const texts = [
      ...tests.map(({ text }) => text),
      textOf('vitest.config.ts'),
      textOf('package.json'),
      textOf('test/submission/corpus/manifest.json'),
      textOf('test/submission/held-out/manifest.json'),
    ];
    texts.push(...filesBelow('test', ['.py', '.cc', '.h', '.cu']).map(textOf));
    const unused = paths.filter((path) => {
      if (!path.startsWith('test/') || path.includes('.test.')) return false;
      const name = posix.basename(path).replace(/\.(ts|py)$/, '');
      // C++ files are compiled by folder.
      return !/\.(cc|h|cu)$/.test(path) && !texts.some((text) => text.includes(name));
    });
    expect(unused).toEqual([]);
  });
});

describe('what is cited can be opened', () => {
  const all = [...files, ...pages].filter(({ path }) => !path.startsWith('test/architecture/'));

  test('no document outside the repository', () => {
    const outside =
      /facts §|\(facts \d|facts: train|pitfalls row|\.\.\/shared\/[\w-]+\.md|redesign\.md|DESIGN\.md/;
    const citing = all.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, k) => (outside.test(line) ? [`${path}:${k + 1}`] : [])),
    );
    expect(citing).toEqual([]);
  });

  test('pages of docs/ that code names are there', () => {
    const missing = files.flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/[\w-]+\.md\b/g)].flatMap(([page]) =>
        existsSync(join(ROOT, page)) ? [] : [`${path}: ${page}`],
      ),
    );
    expect(missing).toEqual([]);
  });

  test('every page of docs/ is reached by a link', () => {
    const linked = pages.map(({ text }) => text).join('\n');
    const pagesOfDocs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
    expect(
      pagesOfDocs.filter((name) => !linked.includes(`${name})`) && !linked.includes(`${name}#`)),
    ).toEqual([]);
  });
});
