/** A tokenizer that makes the denominator larger than the text, or the text smaller than the documents. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { audit } from '#bpb/audit/audit';
import { longPieces } from '#bpb/bytes/long-pieces';
import type { Tokenizer } from '#bpb/tokenizer/types';
import { characterMap } from '../helpers/character-map.js';
import { type ModelPiece, PIECE_TYPE, sentencePieceModel } from '../helpers/sentencepiece.js';
import {
  expectClean,
  expectWithheld,
  PIECES,
  said,
  scoreOf,
  TEXTS,
  type World,
  world,
} from './world.js';

/** The pieces with other texts, at the same ids. */
const renamed = (names: Readonly<Record<string, ModelPiece>>) =>
  PIECES.map((piece): ModelPiece => names[piece[0]] ?? piece);

/** The tokenizer of the artifact replaced, the organizer's shard kept. */
async function withPieces(pieces: readonly ModelPiece[], honest?: World): Promise<World> {
  const bent = honest ?? (await world());
  writeFileSync(bent.tokenizer, sentencePieceModel({ pieces }));
  return bent;
}

const EXCEEDS = 'denominator-exceeds';

describe('pieces that are longer than what the organizer encoded', () => {
  const LONGER: [string, Readonly<Record<string, ModelPiece>>][] = [
    ['each of the frequent ones', { '▁the': ['▁thetheThethe'], e: ['eeeeeeee'], t: ['tttttt'] }],
    ['a rare one, a little', { b: ['bb'] }],
    ['as user-defined symbols', { '▁a': ['▁aaaa', PIECE_TYPE.user] }],
    ['by a character that NFKC drops', { '▁the': ['▁the\u00ad'], n: ['n\u200b\u200b'] }],
  ];

  test.each(LONGER)('%s: with the documents, nothing is scored by them', async (_, names) => {
    const bent = await withPieces(renamed(names));
    // Either the shard is not what these texts encode to, or the bytes exceed them.
    const outcome = await scoreOf(bent, { docs: bent.docs }).catch((error) => error);
    if (outcome instanceof Error) expect(outcome).toMatchObject({ exitCode: 3 });
    else expectWithheld(outcome, EXCEEDS);
  });

  test.each(LONGER)('%s: without, nobody confirms the bytes', async (_, names) => {
    const bent = await withPieces(renamed(names));
    const result = await scoreOf(bent);
    if (result.status === 'scored') {
      expect(result.totals.denominator).toMatchObject({ confirmed_by: 'nobody' });
      expect(result.totals.denominator.note).toContain('--docs FILE');
    } else expect(said(result).join()).toMatch(/^fail (other-tokenizer|denominator-exceeds)/);
  });

  test('the honest twin is confirmed by the documents', async () => {
    const honest = await world();
    const result = await scoreOf(honest, { docs: honest.docs });
    expectClean(result);
    expect(result.totals.denominator.confirmed_by).toBe('documents');
    expect(result.score.bpb_original).toBe(result.score.val_bpb);
  });
});

/** An artifact whose tokenizer and shard agree: only the text is another one. */
const normalizing = (replaced: Readonly<Record<string, string>>, pieces = PIECES) =>
  world({ tokenizer: { charsmap: characterMap(replaced), pieces } });

describe('a normalizer that makes text longer', () => {
  test.each([
    ['a letter eight times', { e: 'eeeeeeee' }],
    ['a rare letter twice', { r: 'rr' }],
    ['into full-width letters, which are the same in NFKC', { a: '\uff41' }],
    ['by characters that NFKC drops', { t: 't\u00ad\u200d' }],
  ])('%s', async (_, replaced) => {
    const bent = await normalizing(replaced);
    for (const data of [undefined, [bent.data]]) {
      const result = await scoreOf(bent, { data, docs: bent.docs });
      expect(result.status).toBe('withheld');
      expect(said(result).join()).toMatch(/fail (denominator-exceeds|text-altered)/);
      // By published bytes, where NFKC gives the published text again, else not known.
      const { val_loss, bpb_original } = result.score;
      if (bpb_original !== null) {
        const nats = val_loss! * result.totals.targets;
        expect(bpb_original).toBeCloseTo(nats / Math.LN2 / result.totals.bytes.original!, 9);
        expect(result.totals.documents_altered).toBe(0);
      }
    }
    const report = await audit({ tokenizer: bent.tokenizer, docs: bent.docs });
    expect(report.verdict).toBe('fail');
    expect(report.findings.map(({ check }) => check)).toContain('denominator-exceeds');
  });
});

test('pieces that are whole sentences are said', () => {
  const text = 'abcdefgh'.repeat(20);
  const tokenizer = (piece: string) =>
    ({ pieces: [{ text: piece, type: 'normal' }] }) as unknown as Tokenizer;
  expect(longPieces(tokenizer(text), [0, 0], 160)).toMatchObject([
    { id: 'long-pieces', severity: 'warn' },
  ]);
  expect(longPieces(tokenizer(text), [0, 0], 160_000)).toEqual([]);
  expect(longPieces(tokenizer('-'.repeat(160)), [0, 0], 160)).toEqual([]);
  expect(longPieces(tokenizer(text.slice(0, 128)), [0, 0], 128)).toEqual([]);
});

describe('a normalizer that drops spaces and counts them elsewhere', () => {
  // Indented text: the normalizer collapses its runs of spaces, which are a fifth of its bytes.
  const texts = TEXTS.map((text) => text.replace(/ (?=the)/g, '          '));

  test.each<[string, Record<string, string>]>([
    ['as ideographic spaces', { ' ': '\u3000' }],
    ['as characters that NFKC drops', { h: 'h\u200b' }],
    ['as full-width letters', { n: '\uff4e' }],
  ])('%s', async (_, replaced) => {
    const charsmap = characterMap(replaced);
    const bent = await world({ texts, tokenizer: { charsmap, removeExtraWhitespaces: true } });
    const result = await scoreOf(bent, { docs: bent.docs });
    expect(result.status).toBe('withheld');
    expect(said(result).join()).toMatch(/fail (denominator-exceeds|text-altered)/);
  });

  test('the honest twin collapses them and counts what is left', async () => {
    const honest = await world({ texts, tokenizer: { removeExtraWhitespaces: true } });
    const result = await scoreOf(honest, { docs: honest.docs });
    expectClean(result);
    expect(result.totals.bytes.lut).toBeLessThan(result.totals.bytes.original!);
  });
});

describe('a normalizer that folds text', () => {
  const VOWELS = { e: 'a', i: 'a', o: 'a', u: 'a' };

  test.each<[string, Record<string, string>]>([
    ['vowels into one', VOWELS],
    ['a letter away', { h: '' }],
    ['spaces into a letter', { ' ': 'x' }],
    ['one word in a hundred', { f: 't' }],
  ])('%s', async (_, replaced) => {
    const bent = await normalizing(replaced);
    for (const data of [undefined, [bent.data]]) {
      const result = await scoreOf(bent, { data, docs: bent.docs });
      expectWithheld(result, 'text-altered');
      expect(result.totals.documents_altered).toBeGreaterThan(0);
    }
  });

  test('less than a byte in ten thousand is scored, with a warning', async () => {
    const texts = [...Array.from({ length: 120 }, (_, k) => TEXTS[k % TEXTS.length]!), 'Q'];
    const bent = await world({ texts, tokenizer: { charsmap: characterMap({ Q: 'a' }) } });
    const result = await scoreOf(bent, { docs: bent.docs });
    expect(said(result)).toContain('warn text-altered');
    expect(result.status).toBe('scored');
    expect(result.totals.documents_altered).toBe(1);
  });

  test('the honest twin, a map that changes nothing of these texts, is clean', async () => {
    const honest = await normalizing({ '~': '-' });
    const result = await scoreOf(honest, { docs: honest.docs });
    expectClean(result);
    expect(result.totals.documents_altered).toBe(0);
  });
});

describe('space marks that are counted as three bytes', () => {
  /** Each `▁the` and the space mark behind it as one piece. */
  const joined = (pieces: readonly ModelPiece[], joins: number, more: readonly number[] = []) =>
    world({
      tokenizer: { pieces },
      change: (ids) => {
        const the = PIECES.findIndex(([text]) => text === '▁the');
        const starts = new Set(PIECES.flatMap(([text], id) => (text === '▁' ? [id] : [])));
        const out: number[] = [];
        for (let i = 0; i < ids.length; i++) {
          const joins_ = ids[i] === the && starts.has(ids[i + 1]!);
          out.push(joins_ ? joins : ids[i]!);
          if (joins_) i++;
        }
        return [...out.slice(0, 30), ...more, ...out.slice(30)];
      },
    });

  const INNER: readonly ModelPiece[] = [...PIECES, ['▁the▁', PIECE_TYPE.normal, -50]];

  test('inside a piece, without documents', async () => {
    expectWithheld(await scoreOf(await joined(INNER, PIECES.length)), EXCEEDS);
  });

  test('inside a user-defined symbol', async () => {
    const pieces: readonly ModelPiece[] = [...PIECES, ['▁the▁', PIECE_TYPE.user, 0]];
    expectWithheld(await scoreOf(await joined(pieces, PIECES.length)), EXCEEDS);
  });

  test('in bytes of which a space is made, where no piece has a space mark', async () => {
    const pieces = PIECES.filter(([text]) => !text.includes('▁'));
    const bent = await world({ tokenizer: { pieces } }).catch((error) => error);
    if (bent instanceof Error) expect(bent).toMatchObject({ exitCode: 3 });
    else expectWithheld(await scoreOf(bent), EXCEEDS);
  });

  test('the honest twin has the mark at the beginning of its pieces', async () => {
    expectClean({ ...(await scoreOf(await world())) });
  });
});

describe('case operators that are called text', () => {
  const OPERATORS = ['\ue001', '\ue002', '\ue003', '\ue004'];
  const cased = (type: number, change = (id: number) => id) =>
    world({
      tokenizer: {
        pieces: [...PIECES, ...OPERATORS.map((text): ModelPiece => [text, type, -200])],
      },
      change: (ids) =>
        ids.flatMap((id, k) => (k % 9 === 4 ? [change(PIECES.length + (k % 2)), id] : [id])),
    });

  test('as user-defined symbols they need a sidecar', async () => {
    const bent = await cased(PIECE_TYPE.user);
    await expect(scoreOf(bent)).rejects.toMatchObject({ code: 'BPB_SIDECAR_REQUIRED' });
  });

  test('as ordinary pieces they are no bytes of the text', async () => {
    expectWithheld(await scoreOf(await cased(PIECE_TYPE.normal)), EXCEEDS);
  });

  test('in bytes, and in longer pieces', async () => {
    const byte = (value: number) =>
      PIECES.findIndex(([text]) => text === `<0x${value.toString(16).toUpperCase()}>`);
    const bytes = await world({
      change: (ids) =>
        ids.flatMap((id, k) => (k % 9 === 4 ? [byte(0xee), byte(0x80), byte(0x81), id] : [id])),
    });
    expectWithheld(await scoreOf(bytes), EXCEEDS);
    const longer = await world({
      tokenizer: { pieces: [...PIECES, ['\ue001a', PIECE_TYPE.normal, -200]] },
      change: (ids) => ids.flatMap((id, k) => (k % 9 === 4 ? [PIECES.length, id] : [id])),
    });
    expectWithheld(await scoreOf(longer), EXCEEDS);
  });
});
