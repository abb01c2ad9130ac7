/** A control set by other accountings, of artifacts with a state, and against models that know of the comparison. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ByteTotals } from '#bpb/bytes/accounting';
import { permutationTest } from '#bpb/generalisation/permutation';
import { remarkOf } from '#bpb/generalisation/verdict';
import { comparedSet } from '#bpb/score/compared-set';
import { score } from '#bpb/score/score';
import { tokenize } from '#bpb/tokenize/tokenize';
import { verify } from '#bpb/verify/verify';
import { writeCounts } from '../helpers/adaptive.js';
import { fileFolder } from '../helpers/folder.js';
import { kindOfTexts } from '../helpers/memorizing.js';
import { normals, tableModel, uniform } from '../helpers/models.js';
import { PIECE_TYPE, SMALL, sentencePieceModel } from '../helpers/sentencepiece.js';
import { operatorPieces } from '../tokenize/texts.js';

const folder = fileFolder();
const at = (...names: readonly string[]) => join(folder, ...names);
const run = { workers: 1, threads: 1, verifyRows: 1 } as const;

function documents(name: string, texts: readonly string[]): string {
  writeFileSync(at(name), texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  return at(name);
}

describe('the accounting that both sets have', () => {
  const words = 'The thing in a Bin And the ANT again then a rest of it Hangs thin'.split(' ');
  const textsOf = (seed: number) => {
    const next = uniform(seed);
    return Array.from({ length: 55 }, () =>
      Array.from({ length: 14 }, () => words[Math.floor(next() * words.length)]).join(' '),
    );
  };
  const pieces = [...SMALL.filter(([text]) => text !== '▁▁'), ...operatorPieces];
  const tokenizer = at('case.model');
  writeFileSync(tokenizer, sentencePieceModel({ pieces, removeExtraWhitespaces: true }));
  writeFileSync(at('case.onnx'), tableModel(normals(pieces.length ** 2, 3, 1), pieces.length));
  const own = documents('own.jsonl', textsOf(1));
  const other = documents('other.jsonl', textsOf(2));
  const options = { artifact: at('case.onnx'), tokenizer, window: 'document', seqLen: 32 } as const;

  test('case operators: the sidecar of both, published bytes, or decoded ones', async () => {
    await tokenize({ docs: own, tokenizer, out: at('own'), workers: 0 });
    await tokenize({ docs: other, tokenizer, out: at('other'), workers: 0 });
    const data = [at('own')];
    const ofBoth = { ...options, ...run, data, controlData: at('other') };
    const both = await score({ ...ofBoth, out: at('both') });
    expect(both.totals.headline).toBe('sidecar');
    expect(both.generalisation).toMatchObject({ accounting: 'sidecar', verdict: 'pass' });
    const ofDocs = { ...options, ...run, data, docs: own, controlDocs: other };
    const withDocs = await score({ ...ofDocs, out: at('docs') });
    expect(withDocs.generalisation?.accounting).toBe('original');
    const ofOne = { ...options, ...run, data, controlDocs: other };
    const decoded = await score({ ...ofOne, out: at('decoded') });
    expect(decoded.generalisation?.accounting).toBe('decoded');
    // The same text by three ways of counting it.
    for (const { generalisation } of [withDocs, decoded]) {
      expect(generalisation!.control.bytes).toBe(both.generalisation!.control.bytes);
      expect(generalisation!.control.bpb).toBe(both.generalisation!.control.bpb);
    }
    for (const result of ['both', 'docs', 'decoded']) {
      const { checks } = await verify({ result: at(result) });
      const own = checks.filter(({ name }) => /^generalisation$|^compared/.test(name));
      expect(own.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
    }
  });
});

describe('artifacts with a state', () => {
  const own = documents('state-own.jsonl', kindOfTexts(52, 1));
  const other = documents('state-other.jsonl', kindOfTexts(52, 2));

  test('that begins anew at each document are judged', async () => {
    mkdirSync(at('document'));
    writeCounts(at('document'));
    const { generalisation } = await score({
      ...{ artifact: at('document'), docs: own, controlDocs: other },
      ...run,
    });
    expect(generalisation).toMatchObject({ verdict: 'pass', permutations: 9999 });
  });

  test('that goes through the whole stream are not, and are told why', async () => {
    mkdirSync(at('never'));
    writeCounts(at('never'), { reset: 'never', window: 'chunk' });
    const { generalisation, status } = await score({
      ...{ artifact: at('never'), docs: own, controlDocs: other },
      ...run,
    });
    expect(status).toBe('scored');
    expect(generalisation).toMatchObject({ verdict: 'not_judged', p: null });
    expect(generalisation!.note).toContain('carries its state through the whole stream');
    expect(generalisation!.difference_bpb).not.toBeNull();
  });
});

test('a pass says where it is by chance alone, and where by the margin', () => {
  const side = { documents: 60, different: 60, targets: 6000, bytes: 6000, bpb: 2 };
  const of = (difference_bpb: number, p: number) => {
    const control = { ...side, source: 'c', sha256: 's', tokens: 1, left_out: 0 };
    const compared = { validation: side, control: { ...control, infinite_targets: 0 } };
    return remarkOf({ ...compared, difference_bpb, margin_bpb: 0.04, p });
  };
  const better = 'better on the validation set';
  expect(of(-0.3, 0.03)).toBe(`${better} by more than the margin, not beyond chance`);
  expect(of(-0.3, 0.001)).toBe(`${better} by more than the margin, not beyond chance`);
  expect(of(-0.03, 0.0001)).toBe(`${better} beyond chance, by no more than the margin`);
  for (const [difference, p] of [
    [-0.03, 0.2],
    [-0.04, 0.001],
    [-0.3, 0.0001],
    [0.3, 1],
  ] as const) {
    expect(of(difference, p)).toBeNull();
  }
});

describe('a model that loses on purpose where it knows nothing', () => {
  const COUNT = 60;
  const TARGETS = 400;
  const VOCABULARY = 1024;

  /** Bits of 60 documents of 500 to 1,500 bytes, and what the test makes of them. */
  function side(change: (bits: number, k: number) => number, seed: number) {
    const next = uniform(seed);
    const bytes = Float64Array.from({ length: COUNT }, () => 500 + Math.floor(1000 * next()));
    const bits = bytes.map((own, k) => change(own * (1 + next()), k));
    const byDocument = {
      targets: new Uint32Array(COUNT).fill(TARGETS),
      lut: bytes,
    };
    // A text of four bytes each.
    const starts = Float64Array.from({ length: COUNT + 1 }, (_, k) => 4 * k);
    const texts = { bytes: new Uint8Array(Int32Array.from(bytes.keys()).buffer), starts };
    return comparedSet(bits, { byDocument } as ByteTotals, {
      ...{ accounting: 'lut', vocabulary: VOCABULARY, texts, left: new Set<number>() },
    });
  }

  test('the spread of a lost document does not hide what it knows of others', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const known = side((bits, k) => (k % 3 === 0 ? 0 : bits), seed);
      const lost = side((bits, k) => (k === 0 ? 1e6 : bits), 100 + seed);
      // The label of that document and the bytes beside it decide the difference: chance has it often.
      expect(await permutationTest(known.group, lost.group, { seed })).toBeGreaterThan(0.001);
      expect(await permutationTest(known.tested, lost.tested, { seed })).toBeLessThan(0.001);
    }
  });

  test('no document costs more than a uniform guess, and the figures are as they are', () => {
    const { group, tested, figures } = side((bits, k) => (k === 3 ? 1e6 : bits), 1);
    expect(tested.bits[3]).toBe(TARGETS * 10);
    expect(tested.bits.with(3, 0)).toEqual(group.bits.with(3, 0));
    expect(figures.bpb).toBeGreaterThan(1e6 / (1500 * COUNT));
  });
});

test('validation text in the pieces of the tokenizer is found as text in the weights is', async () => {
  const words = 'the cat and a hen in an inn again then the rest of it hangs in a thin thing'.split(
    ' ',
  );
  const textsOf = (seed: number) => {
    const next = uniform(seed);
    return Array.from({ length: 52 }, () =>
      Array.from({ length: 24 }, () => words[Math.floor(next() * words.length)]).join(' '),
    );
  };
  const validation = textsOf(31);
  // A dozen words of each document in one piece, which no tokenizer trained on other text would have.
  const long = validation.map((text) => `▁${text.split(' ').slice(4, 16).join('▁')}`);
  const pieces = [
    ...SMALL.filter(([text]) => text !== '▁▁'),
    ...long.map((text) => [text, PIECE_TYPE.user] as const),
  ];
  const tokenizer = at('long.model');
  writeFileSync(tokenizer, sentencePieceModel({ pieces }));
  const zeros = new Float32Array(pieces.length ** 2);
  writeFileSync(at('uniform.onnx'), tableModel(zeros, pieces.length));
  const { generalisation, status } = await score({
    ...{ artifact: at('uniform.onnx'), tokenizer, window: 'document', seqLen: 128, ...run },
    docs: documents('long-own.jsonl', validation),
    controlDocs: documents('long-other.jsonl', textsOf(32)),
  });
  expect([status, generalisation?.verdict]).toEqual(['withheld', 'fail']);
});
