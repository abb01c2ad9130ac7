/** No honest tokenizer alters a text: the real ones on texts of many kinds, and on random ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { audit } from '#bpb/audit/audit';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import { docsFile, documentsOf } from '../audit/fixtures.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';

const REAL: readonly (readonly [string, string | null])[] = [
  ['sp1024, bundled', 'models/sotu-8x256/tokenizer.model'],
  ['sp8192', SP8192],
  ['case operators', CASEOPS],
  ['byte260', 'byte260'],
];

const KINDS: Readonly<Record<string, string>> = {
  'a recipe card':
    'Crêpes\r\n\r\n1½ cups flour\r\n¼ tsp salt, ⅛ tsp nutmeg\r\n2⅔ cups milk @ 180 °C (350 ℉)\r\n3 to 4 eggs… about ½ lb\r\n',
  Arabic: 'بِسْمِ ٱللَّهِ ٱلرَّحْمَٰنِ ٱلرَّحِيمِ\nﷺ ﷲ ﻻ\n\u200fقال:\u200e كتب الولدُ الدرسَ.',
  'Persian with joiners': 'می\u200cخواهم کتاب\u200cها را بخوانم',
  'source code':
    'def f(x):\n\tif x  >  0:\n\t\treturn "\\t" * x  # ½\n    ▁ = lambda: None\n\n\n\x0cclass A: pass\n',
  CJK: '東京都ﾄｳｷｮｳﾄ　２０２４年\n「カﾞ」と㌔㌘、㎏！\n中文：ＡＢＣ～ａｂｃ',
  Korean: '한국어 \u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165',
  Devanagari: 'क़ख़ग़ \u0915\u093c नमस्ते\u200d',
  Thai: 'ภาษาไทยน้ำ กำ',
  Vietnamese: 'Tiếng Việt Tie\u0302\u0301ng Vie\u0323\u0302t',
  emoji: '👨‍👩‍👧 🏳️‍🌈 👍🏽 ❤️ 1️⃣ 🇩🇪',
  mathematics: '𝐀𝑥² + ℝⁿ ≠ ∅, NOₓ, CO₂, pKₐ, IIIª, ⅷ, ™ ① ㏒',
  'what NFKC lengthens': '½ﬁ㎏ﷺ'.repeat(200),
  'and shortens': '\u00a0…\u3000\u2003ＦＵＬＬ'.repeat(50),
  'white space alone': ' \n\t\r\n  \u2028\u00a0 ',
  'control characters': 'a\u0001b\u0007\u001bc\u007f\u0085\u009f\0d',
  'replacement characters': '\ufffd\ufffd caf\ufffd \ufeffx',
  'words in capitals beside marks': 'CAFÉ CAFE\u0301S E\u0301COLE ÉTÉ OﬃCE İstanbul Straße ǅ',
  'operators of the transform': '\ue001\ue002A \ue003b\ue004 \ue004\ue004',
  'one character': 'x',
  nothing: '',
};
const TEXTS = Object.values(KINDS);

/** Characters by their blocks, so that each script is drawn as often. */
const BLOCK = fc.constantFrom(
  ...[0x20, 0xa0, 0x300, 0x370, 0x400, 0x590, 0x600, 0x900, 0xe00, 0x1100, 0x1e00, 0x2000, 0x2070],
  ...[0x2100, 0x2460, 0x3000, 0x3130, 0x3300, 0xac00, 0xf900, 0xfb00, 0xfe70, 0xff00, 0x1d400],
  ...[0x1f100, 0x1f600, 0xe000],
);
const CHARACTER = fc
  .tuple(BLOCK, fc.nat(0x7f))
  .map(([block, k]) => String.fromCodePoint(block + k));
const PART = fc.oneof(
  CHARACTER,
  CHARACTER,
  fc.constantFrom('the ', 'NASA', 'iPhone ', ' ', '\n', '\u0301', '\u200b', 'A', '\u0001'),
);
const RANDOM = fc.array(PART, { maxLength: 40 }).map((parts) => parts.join(''));

describe.each(REAL)('%s', (_, path) => {
  it.skipIf(path === null)('leaves every text intact, alone and among others', async () => {
    const tokenizer = loadTokenizer(path!);
    const texts = [...TEXTS, ...fc.sample(RANDOM, { numRuns: 1500, seed: 12 })];
    const { facts } = await tokenizeDocuments(documentsOf(texts), tokenizer);
    expect(facts.firstAltered).toBeNull();
    expect(facts.intact.every((intact) => intact === 1)).toBe(true);
    // The most bytes bound what is decoded, which is never more than the normalized text.
    const over = texts.filter((_, k) => facts.decodedBytes[k]! > facts.nfkcBytes[k]!);
    expect(over).toEqual([]);
    if (path !== 'byte260') expect([...facts.lossless]).toContain(0);
    for (const text of TEXTS) {
      const alone = await tokenizeDocuments(documentsOf([text]), tokenizer);
      expect([...alone.facts.intact]).toEqual([1]);
    }
  });

  it.skipIf(path === null)('is not failed by an audit of these texts', async () => {
    const report = await audit({ tokenizer: path!, docs: docsFile(TEXTS) });
    expect(report.findings.filter(({ severity }) => severity === 'fail')).toEqual([]);
  });
});
