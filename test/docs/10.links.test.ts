/**
 * Pages for people: links and paths that they name lead somewhere.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'models/README.md',
  'native/bench/README.md',
  ...readdirSync(`${ROOT}/docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8');

/** Anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): string[] {
  return Array.from(textOf(page).matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function brokenLinks(page: string): string[] {
  const links = textOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g);
  return Array.from(links).flatMap(([, path = '', anchor]) => {
    const target = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(join(ROOT, target))) return [`${page}: ${path}`];
    const known =
      anchor === undefined || !target.endsWith('.md') || anchors(target).includes(anchor);
    return known ? [] : [`${page}: ${target}#${anchor}`];
  });
}

/** Paths in backticks that begin at the root of the repository. */
function missingPaths(page: string): string[] {
  const named = textOf(page).matchAll(
    /`((?:src|test|native|docs|bench|scripts|models)\/[\w./-]+)/g,
  );
  return Array.from(named, ([, path = '']) => path)
    .filter((path) => !/NAME|build\//.test(path))
    .filter((path) => !existsSync(join(ROOT, path.replace(/\.$/, ''))))
    .map((path) => `${page}: ${path}`);
}

test('every link of a page leads to a file, and to a heading in it', () => {
  expect(PAGES.length).toBeGreaterThan(20);
  expect(PAGES.flatMap(brokenLinks)).toEqual([]);
});

test('every path that a page names is there', () => {
  expect(PAGES.flatMap(missingPaths)).toEqual([]);
});
