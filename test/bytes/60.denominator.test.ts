/** The denominator: what shows that its bytes are too many, and who confirms them. */
import { describe, expect, it, test } from 'vitest';
import { type Denominator, denominatorOf } from '#bpb/bytes/denominator';
import { identify } from '#bpb/data/known-sets';
import { judged } from '../helpers/judged.js';
import { gpt2Style } from '../helpers/no-bos.js';
import { modelFile, PIECE_TYPE, SMALL, SPECIALS } from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';
import { operatorPieces } from '../tokenize/texts.js';

type Grounds = Parameters<typeof denominatorOf>[1];

const ids = ({ findings }: Awaited<ReturnType<typeof judged>>) =>
  findings.map(({ id, severity }) => `${severity} ${id}`);

/** Without the piece of two spaces, whose bytes no table has right. */
const PLAIN = SMALL.filter(([text]) => text !== '▁▁');
const EXCEEDS = 'fail denominator-exceeds';

describe('a space mark inside a piece, which the table counts as three bytes', () => {
  const words = ['in the thing', 'the thing in the thing', 'a thing'];
  const of = (piece: string) => modelFile({ pieces: [...PLAIN, [piece, undefined, 9]] });
  const spaced = () => modelFile({ pieces: SMALL });

  test.each([
    ['between two words', () => of('in▁the'), words],
    ['at the end of a piece', () => of('ing▁'), ['thing thing thing ']],
    ['after a letter', () => of('a▁'), ['a b a b']],
    ['a run of spaces of source code', spaced, ['def a  in  b']],
    [
      'of a user-defined symbol',
      () => modelFile({ pieces: [...PLAIN, ['a▁thing', PIECE_TYPE.user]] }),
      words,
    ],
  ])('%s', async (_, model, texts) => {
    const path = model();
    for (const docs of [false, true]) {
      const found = await judged(path, texts, { docs, namedByCaller: true });
      expect(found.totals.lut).toBeGreaterThan(found.totals.decoded);
      expect(ids(found)).toContain(EXCEEDS);
      expect(found.findings[0]!.message).toContain(found.totals.lut.toLocaleString('en-US'));
    }
  });

  it('also where all of them are in what is not scored', async () => {
    const path = of('in▁the');
    const texts = ['a thing '.repeat(30), 'in the '.repeat(5)];
    const { totals, ...found } = await judged(path, texts, { docs: false, ranges: [[1, 20]] });
    expect(totals.lut).toBe(totals.decoded);
    expect(ids({ totals, ...found })).toEqual([EXCEEDS]);
  });

  it('is no matter where it is rarer than one byte in ten thousand', async () => {
    const texts = ['a thing '.repeat(4000), 'in the'];
    const found = await judged(of('in▁the'), texts, { docs: false });
    expect(found.totals.lut).toBe(found.totals.decoded + 2);
    expect(ids(found)).toEqual([]);
  });
});

describe('a table that counts the text', () => {
  it.each([
    ['after BOS', undefined],
    ['without a token between the documents', 'none' as const],
  ])('a dummy prefix %s', async (_, start) => {
    const path = gpt2Style({ addDummyPrefix: true });
    const texts = Array.from({ length: 30 }, () => 'the');
    const given = start === undefined ? {} : { start };
    for (const docs of [false, true]) {
      const found = await judged(path, texts, { docs, start: 0, ...given });
      expect(ids(found)).toEqual([]);
      if (start === 'none') expect(found.totals.stream.adjoining).toBe(29);
    }
  });

  it.each([
    ['byte260', () => 'byte260'],
    ['spaces removed', () => modelFile({ pieces: PLAIN, removeExtraWhitespaces: true })],
    [
      'no byte pieces',
      () => modelFile({ pieces: [...SPECIALS, ['▁'], ['a']], byteFallback: false }),
    ],
  ])('%s: broken characters, unknown ones, spaces at both ends', async (_, model) => {
    const texts = ['  a \ufffd ½ ', '', ' ', '🙂'.repeat(9), 'é\u0301  中'];
    expect(ids(await judged(model(), texts, { docs: false }))).toEqual([]);
  });
});

describe('a sidecar without documents', () => {
  const model = () =>
    modelFile({ pieces: [...PLAIN, ...operatorPieces], removeExtraWhitespaces: true });
  const texts = ['The Thing In A', 'the ANT in The InThe', 'a bAn An thing'];
  const of = (change: (entry: number, i: number, all: Uint16Array) => number, texts_ = texts) =>
    judged(model(), texts_, { docs: false, sidecar: change, namedByCaller: true });

  it.each<[string, (entry: number) => number]>([
    ['doubled', (entry) => 2 * entry],
    ['tripled', (entry) => 3 * entry],
    ['a constant', () => 5],
    ['with two more at each token of text', (entry) => (entry === 0 ? 0 : entry + 2)],
  ])('%s fails', async (_, change) => {
    const found = await of(change);
    expect(ids(found)).toEqual([EXCEEDS]);
    expect(found.denominator.confirmed_by).toBe('nobody');
  });

  it.each([false, true])('bytes of unscored targets at scored ones, documents %s', async (docs) => {
    const cut = 100;
    const moved = (entry: number, i: number, all: Uint16Array) => {
      if (i > cut) return 0;
      const rest = all.slice(cut + 1).reduce((sum, bytes) => sum + bytes, 0);
      return i === cut ? entry + rest : entry;
    };
    const long = ['the thing in a '.repeat(20).trim()];
    const ranges = [[1, cut]] as const;
    const bent = await judged(model(), long, { docs, ranges, sidecar: moved });
    expect(ids(bent)).toEqual(['warn denominator-exceeds']);
    const right = await judged(model(), long, { docs, ranges });
    expect(ids(right)).toEqual([]);
  });

  it('one that counts more, though not for capitalized words, is warned of', async () => {
    const found = await of((e) => 2 * e, ['the thing in the thing', 'a thing']);
    expect(ids(found)).toEqual(['warn denominator-exceeds']);
    expect(found.findings[0]!.hint).toContain('--docs FILE');
  });

  it('a right one is unconfirmed, whoever named the tokenizer or says so', async () => {
    for (const namedByRules of [false, true]) {
      const given = { docs: false, namedByCaller: true, namedByRules };
      const found = await judged(model(), texts, given);
      expect(ids(found)).toEqual([]);
      expect(found.denominator).toMatchObject({ confirmed_by: 'nobody' });
      expect(found.denominator.note).toContain('--docs FILE');
    }
    expect((await judged(model(), texts, { docs: true })).denominator.confirmed_by).toBe(
      'documents',
    );
  });
});

const honest: [string, string[]][] = [
  [
    'compatibility characters',
    ['½ ﬁ ㎏ ﷺ ', 'Oﬃce Aﬂuent ½ ㎏ ﷺ™…', '㎏ ½ ﬁ Ａ'].map((t) => t.repeat(40)),
  ],
  [
    'full-width letters',
    ['Ｆｕｌｌ　ｗｉｄｔｈ　１２３　', 'Full Ｗｉｄｔｈ'].map((t) => t.repeat(40)),
  ],
  ['mathematical letters', ['𝐓𝐡𝐞 𝐓𝐡𝐢𝐧𝐠 The 𝐭𝐡𝐞 ']],
  ['a recipe', ['Mix ½ cup of ﬂour,\u00a0¼ tsp of Salt and 1⁄2 ㎏ of Butter at 180 ℃.\n']],
  ['Arabic', ['السلام عليكم ﻻ ﷲ ﷺ ', 'قال الله تعالى The End']],
  ['source code', ['def F(x):\n        return  X\n\n\n    class  A:\n\tpass\n'.repeat(20)]],
  ['one document of one byte', ['a']],
  ['dropped characters', ['A\u200b\u200d', 'I\ufeff Am\u00ad']],
  ['composed ones', ['E\u0301a\u0301 \u1112\u1161\u11ab É'.repeat(9)]],
  ['spaces, marks, nothing', ['   ', '▁a▁▁b', '', '\ufffd']],
];

describe.each([
  ['SP8192', SP8192],
  ['case operators', CASEOPS],
])('%s, whose accounting is right', (_, path) => {
  it.skipIf(path === null).each(honest)('%s', async (_name, texts) => {
    for (const docs of [false, true]) {
      const found = await judged(path!, texts, { docs });
      expect(found.findings.filter(({ severity }) => severity === 'fail')).toEqual([]);
    }
  });
});

describe('who confirms', () => {
  const known = identify({ documents: 50_000, tokens: 40_540_803 })!;
  const TARGETS = 40_540_802;
  const BYTES = 151_080_891;
  const grounds: Grounds = {
    ...{ documents: null, known, planned: 40_540_160, targets: TARGETS },
    ...{ rules: false, caller: false },
  };
  const by = (
    changes: Partial<Grounds>,
    { whole = BYTES, bytes = 7, scored = 40_540_160 } = {},
    headline: 'lut' | 'sidecar' = 'lut',
  ): Denominator['confirmed_by'] => {
    const stream = { headline: whole, decoded: whole, adjoining: 0 };
    const counted = { headline, bytes, targets: scored, stream };
    return denominatorOf(counted, { ...grounds, ...changes }).confirmed_by;
  };

  it('documents before all else; nobody where they contradict', () => {
    expect(by({ documents: true, rules: true, caller: true })).toBe('documents');
    expect(by({ documents: false, rules: true, caller: true })).toBe('nobody');
  });

  it("a known set by its own bytes, over the whole stream or over the set's targets", () => {
    expect(by({ rules: true })).toBe('known-set');
    // Of the vocabulary of 1,024 only the bytes of the scored targets are known.
    const sp1024 = identify({ documents: 50_000, tokens: 62_022_000, targets: 62_021_632 })!;
    const counted = { whole: BYTES, bytes: 151_080_363, scored: 62_021_632 };
    expect(by({ known: sp1024 }, counted)).toBe('known-set');
  });

  it('not one whose bytes differ, or of which half is never scored', () => {
    expect(by({}, { whole: BYTES + 1 })).toBe('nobody');
    expect(by({ planned: TARGETS / 2 })).toBe('nobody');
    // The bytes of the set, over half of its targets.
    const half = { whole: 2 * BYTES, bytes: BYTES, scored: TARGETS / 2 };
    expect(by({ planned: TARGETS / 2 }, half)).toBe('nobody');
  });

  it('rules before the caller, and a sidecar by neither', () => {
    expect(by({ known: null, rules: true, caller: true })).toBe('rules');
    expect(by({ known: null, caller: true })).toBe('caller');
    expect(by({ known: null })).toBe('nobody');
    expect(by({ known: null, rules: true, caller: true }, {}, 'sidecar')).toBe('nobody');
  });

  it('the sidecar of the published set by its sum', () => {
    const cased = identify({ documents: 50_000, tokens: 47_853_344 })!;
    const targets = 47_853_343;
    const changes = { known: cased, targets, planned: 47_851_520 };
    expect(by(changes, { whole: 151_074_499 }, 'sidecar')).toBe('known-set');
    expect(by(changes, { whole: 2 * 151_074_499 }, 'sidecar')).toBe('nobody');
  });
});
