import { describe, expect, test } from 'vitest';
import { firstOfEach, overlapsOf } from '#bpb/generalisation/overlap';
import { type Texts, textsOf } from '#bpb/generalisation/texts';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { uniform } from '../helpers/models.js';
import { byteStream } from '../helpers/score-fixture.js';
import { streamOf } from '../helpers/stream.js';

const WORDS = 'the cat saw a hen in an old barn and then ran for home with one red shoe on'.split(
  ' ',
);

function texts(count: number, seed: number, words = 60): string[] {
  const next = uniform(seed);
  const word = () => WORDS[Math.floor(next() * WORDS.length)];
  return Array.from({ length: count }, () => Array.from({ length: words }, word).join(' '));
}

function of(documents: readonly string[]): Texts {
  const ids = byteStream(documents);
  const starts = ids.flatMap((id, at) => (id === 1 ? [at] : []));
  return textsOf(streamOf(ids, starts), loadTokenizer('byte260'));
}

/** Indexes of the pairs that overlap, validation first. */
async function pairs(validation: readonly string[], control: readonly string[]) {
  const found = await overlapsOf(of(validation), of(control));
  return found.map((each) => [each.validation, each.control]);
}

const lines = (text: string) => text.replace(/ (\w+ \w+ \w+) /g, '\n$1\t');
const cut = (text: string, from: number, to: number) =>
  text.slice(Math.floor(from * text.length), Math.floor(to * text.length));

describe('copies are found', () => {
  const validation = texts(30, 1);
  const [own] = texts(1, 3, 200) as [string];

  test.each<[string, (text: string) => string]>([
    ['the same document', (text) => text],
    ['in upper case', (text) => text.toUpperCase()],
    ['with capitals', (text) => text.replace(/\b\w/g, (letter) => letter.toUpperCase())],
    ['other white space', lines],
    ['a line more at its end', (text) => `${text}\nread more of this at our site`],
    ['another last line', (text) => `${cut(text, 0, 0.8)} and they lived on`],
    ['another first line', (text) => `From our desk: ${cut(text, 0.2, 1)}`],
    ['other lines at both ends', (text) => `By us. ${cut(text, 0.2, 0.8)} That is all.`],
    ['its beginning', (text) => cut(text, 0, 0.6)],
    ['its end', (text) => cut(text, 0.4, 1)],
    ['its middle alone', (text) => cut(text, 0.35, 0.65)],
    ['inside a longer one', (text) => `${own} ${text} ${own}`],
    ['a word changed in the middle', (text) => `${cut(text, 0, 0.55)}x${cut(text, 0.56, 1)}`],
  ])('%s', async (_, copied) => {
    const control = texts(30, 2).with(7, copied(validation[11]!));
    expect(await pairs(validation, control)).toEqual([[11, 7]]);
    // And with the sets in each other's place.
    expect(await pairs(control, validation)).toEqual([[7, 11]]);
  });

  test('one validation document in several of the control, and all of them in another order', async () => {
    const control = [0, 1, 2].map((k) => `${texts(1, 50 + k, 100)[0]} ${validation[4]}`);
    expect(await pairs(validation, control)).toEqual([0, 1, 2].map((k) => [4, k]));
    expect(await pairs(validation, validation.toReversed())).toHaveLength(30);
  });

  test('what the texts of a kind have in common is no copy', async () => {
    const framed = (all: readonly string[]) =>
      all.map(
        (text) =>
          `Cookies help us to show this page to all who read it. ${text} All rights reserved, ask us first.`,
      );
    expect(await pairs(framed(validation), framed(texts(30, 2)))).toEqual([]);
  });

  test('short documents are equal by chance, longer ones are not', async () => {
    expect(
      await pairs(['', 'yes', 'Not found', 'see page 12 here ok'], ['yes', '', 'Not found']),
    ).toEqual([]);
    expect(await pairs(['see page 12 of it here'], ['see page 12\nof it here'])).toEqual([[0, 0]]);
  });

  test('text that repeats itself', async () => {
    const dashes = ['-'.repeat(20_000), 'ab'.repeat(9000)];
    expect(await pairs(dashes, ['-'.repeat(15_000)])).toEqual([[0, 0]]);
    expect(await pairs(dashes, ['-'.repeat(300) + texts(1, 9, 300)[0]])).toEqual([]);
  });
});

test('of equal texts the first is taken, white space aside, among those that count', () => {
  const all = of(['a b', 'ab', 'abc', 'abc', 'x']);
  expect([...firstOfEach(all, () => true)]).toEqual([1, 0, 1, 0, 1]);
  expect([...firstOfEach(all, (k) => k % 4 !== 0)]).toEqual([0, 1, 1, 0, 0]);
});

test('a pause can end the comparison', async () => {
  const long = [texts(1, 1, 1_500_000)[0]!];
  const ended = overlapsOf(of(long), of(texts(3, 2)), () => {
    throw new Error('ended');
  });
  await expect(ended).rejects.toThrow('ended');
});
