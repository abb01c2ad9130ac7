/**
 * Citations: every source that a claim can print is an address, or a section of a docs page.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DENOMINATORS } from '#bpb/submission/claim/bytes-per-token';
import { judgeClaim } from '#bpb/submission/claim/judge-pair';
import { MISTAKES } from '#bpb/submission/claim/mistakes';

const root = fileURLToPath(new URL('../..', import.meta.url));
const URL_FORM =
  /^https:\/\/github\.com\/[\w-]+\/[\w-]+\/(?:(?:pull|issues)\/\d+|blob\/[0-9a-f]{40}\/\S+#L\d+(?:-L\d+)?)$/;

/** Anchors of a page's headings, as GitHub makes them. */
function anchors(path: string): string[] {
  const headings = readFileSync(`${root}/${path}`, 'utf8').matchAll(/^#+ (.+)$/gm);
  return Array.from(headings, ([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Why a reader cannot open this source; null if it can be opened. */
function fault(source: string): string | null {
  if (URL_FORM.test(source)) return null;
  const [path = '', section] = source.split('#');
  if (!/^docs\/[\w-]+\.md$/.test(path)) return `neither an address nor a docs page: ${source}`;
  if (!existsSync(`${root}/${path}`)) return `no such page: ${path}`;
  const known = section === undefined || anchors(path).includes(section);
  return known ? null : `no such section: ${source}`;
}

/** Sources of what is only possible: of a claim near right accounting, and of one 6.28 % off. */
function possibleSources(): string[] {
  const fits = [1.0002, 1.0628].flatMap((ratio) => {
    const valBpb = (2 / Math.LN2 / (2.43593 * ratio)).toFixed(8);
    return judgeClaim({ valLoss: '2.00000000', valBpb, family: 'sp1024' }).fits;
  });
  return fits.filter(({ kind }) => kind === 'possible').map(({ source }) => source);
}

test('every source of an explanation can be opened', () => {
  const known = [...DENOMINATORS, ...MISTAKES].map(({ source }) => source);
  expect(possibleSources().length).toBeGreaterThan(3);
  const sources = [...known, ...possibleSources()];
  const faults = new Set(sources.flatMap((source) => source.split(' ').map(fault)));
  expect(sources.length).toBeGreaterThan(30);
  expect([...faults]).toEqual([null]);
});

test('the check rejects what cannot be opened', () => {
  expect(fault(`facts ${'§'}2.6`)).toMatch('neither');
  expect(fault(`docs/${'nothing'}.md#reported-only`)).toMatch('no such page');
  expect(fault('docs/challenge.md#nothing')).toMatch('no such section');
  expect(fault('https://github.com/openai/parameter-golf')).toMatch('neither');
});
