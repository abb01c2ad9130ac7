import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KNOWN_SETS } from '#bpb/data/known-sets';
import { DENOMINATORS } from '#bpb/submission/claim/bytes-per-token';
import { impliedBytesPerToken, printedDecimal } from '#bpb/submission/claim/decimals';
import { judgeClaim } from '#bpb/submission/claim/judge-pair';
import { MISTAKES } from '#bpb/submission/claim/mistakes';
import type { ClaimInput } from '#bpb/submission/claim/types';
import { FAMILIES, familyOf } from '#bpb/submission/families';

/** A bpb that this many bytes per token give, printed with `digits` decimals. */
const bpbOf = (valLoss: number, bytesPerToken: number, digits = 8) =>
  (valLoss / Math.LN2 / bytesPerToken).toFixed(digits);

const ids = (input: ClaimInput) => judgeClaim(input).fits.map((fit) => fit.id);

describe('misuse', () => {
  test.each([
    ['', '1.2'],
    ['two', '1.2'],
    ['0', '1.2'],
    ['-2.07', '1.2'],
    ['nan', '1.2'],
    ['Infinity', '1.2'],
    ['2.07', '0.0000'],
    ['2,07', '1.2'],
    ['0x10', '1.2'],
    ['2.07', '1.2.3'],
    ['9'.repeat(400), '1.2'],
  ])('refuses val_loss %j with val_bpb %j', (valLoss, valBpb) => {
    expect(() => judgeClaim({ valLoss, valBpb })).toThrow(
      expect.objectContaining({ code: 'BPB_CLAIM_NUMBER', kind: 'usage' }),
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 0, -1])('refuses the number %d', (valLoss) => {
    expect(() => judgeClaim({ valLoss, valBpb: 1.2 })).toThrow(
      expect.objectContaining({ code: 'BPB_CLAIM_NUMBER', path: '--val-loss' }),
    );
  });

  test.each([0, -5, 1.5, Number.NaN, 2 ** 60])('refuses %d tokens', (tokens) => {
    expect(() => judgeClaim({ valLoss: 2, valBpb: 1.2, tokens })).toThrow(
      expect.objectContaining({ code: 'BPB_CLAIM_TOKENS' }),
    );
  });

  test('refuses a tokenizer that it does not know, and names those it does', () => {
    expect(() => judgeClaim({ valLoss: 2, valBpb: 1.2, family: 'gpt2' })).toThrow(
      expect.objectContaining({
        code: 'BPB_CLAIM_FAMILY',
        expected: expect.stringContaining('sp8192'),
      }),
    );
  });
});

describe('rounding', () => {
  test('every value that prints so is inside the interval', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 12, noNaN: true }),
        fc.double({ min: 0.2, max: 9, noNaN: true }),
        fc.integer({ min: 1, max: 8 }),
        (loss, bpb, digits) => {
          const implied = impliedBytesPerToken(
            printedDecimal(loss.toFixed(digits), 'l'),
            printedDecimal(bpb.toFixed(digits), 'b'),
          );
          const exact = loss / Math.LN2 / bpb;
          expect(implied.low).toBeLessThanOrEqual(exact);
          expect(implied.high).toBeGreaterThanOrEqual(exact);
        },
      ),
    );
  });

  test('trailing zeros are precision in text', () => {
    expect(printedDecimal('1.2360', 'b').halfUnit).toBeCloseTo(5e-5, 12);
    expect(printedDecimal(1.236, 'b').halfUnit).toBeCloseTo(5e-4, 12);
    expect(printedDecimal('1.5e-1', 'b').halfUnit).toBeCloseTo(5e-3, 12);
  });

  test('four decimals of 1.2244 pin bytes per token to about 6.5e-5', () => {
    const { bytesPerToken } = judgeClaim({ valLoss: '2.0727', valBpb: '1.2244' });
    const half = (bytesPerToken.high - bytesPerToken.low) / 2 / 2.4422;
    expect(half).toBeCloseTo(6.5e-5, 6);
  });

  test('a figure of one digit bounds nothing, and says so', () => {
    const blunt = judgeClaim({ valLoss: '2', valBpb: '1' });
    expect(blunt.verdict).toBe('ambiguous');
    expect(blunt.explanation).toMatch(/Give more digits/);
  });
});

describe('known sets', () => {
  test('every fingerprint belongs to a known set and leaves itself as its own fit', () => {
    for (const d of DENOMINATORS) {
      expect(KNOWN_SETS.map(({ name }) => name)).toContain(d.set);
      const middle = (d.bytesPerToken.low + d.bytesPerToken.high) / 2;
      const fits = judgeClaim({
        valLoss: '2.00000000',
        valBpb: bpbOf(2, middle),
        family: d.family,
      }).fits;
      expect(
        fits.some((fit) => fit.kind === 'set' && fit.id === d.set && fit.role === d.role),
      ).toBe(true);
    }
  });

  test('a full set at a sequence length nobody published is right accounting', () => {
    // sp8192 with rows of 32,768: 40,534,016 targets, 6,786 of them fewer bytes than the whole.
    const bytes = 151_080_891 - 6_786 * 3.9;
    const judged = judgeClaim({
      valLoss: '2.80000000',
      valBpb: bpbOf(2.8, bytes / 40_534_016),
      tokens: 40_534_016,
      family: 'sp8192',
    });
    expect(judged.verdict).toBe('fits');
    expect(judged.fits[0]?.name).toMatch(/40,534,016 targets/);
  });

  test('the bytes follow from the token count', () => {
    const { bytes, family } = judgeClaim({
      valLoss: '2.84757723',
      valBpb: '1.10238588',
      tokens: 40_540_160,
    });
    expect(family).toBe('sp8192');
    expect(bytes!.low).toBeLessThan(151_078_222);
    expect(bytes!.high).toBeGreaterThan(151_078_222);
    expect(bytes!.high - bytes!.low).toBeLessThan(40);
  });

  test('of a tenth of the targets no score is right, nor of twice as many', () => {
    const pair = { valLoss: '2.07234577', valBpb: '1.22735990', family: 'sp1024' };
    expect(judgeClaim({ ...pair, tokens: 61_600_000 }).verdict).toBe('partial');
    const tenth = judgeClaim({ ...pair, tokens: 6_202_163 });
    expect(tenth.verdict).toBe('other-set');
    expect(tenth.explanation).toMatch(/over 10\.0 % of the set/);
    const few = judgeClaim({ valLoss: '2.07', valBpb: '1.23', tokens: 6_202_163 });
    expect(few.verdict).toBe('other-set');
    expect(judgeClaim({ ...pair, tokens: 124_043_264 }).verdict).toBe('other-set');
    expect(judgeClaim({ ...pair, tokens: 62_021_632 }).verdict).toBe('fits');
  });

  test('the bytes of a tokenizer that nobody knows are compared with those of the set', () => {
    const pair = { valLoss: '2.40000000', valBpb: '1.00000000' };
    const tokens = Math.round((151_080_891 * Math.LN2) / 2.4);
    const judged = judgeClaim({ ...pair, tokens });
    expect(judged.verdict).toBe('ambiguous');
    expect(judged.explanation).toMatch(/of 100\.0 % of the 151,080,891 bytes/);
    const half = judgeClaim({ ...pair, tokens: Math.round(tokens / 2) });
    expect(half.explanation).toMatch(/of 50\.00 % of/);
    const unknown = judgeClaim({ valLoss: '5.00000000', valBpb: '1.00000000', tokens: 20_944_259 });
    expect(unknown.verdict).toBe('unknown');
    expect(unknown.explanation).toMatch(/of 100\.0 % of/);
  });

  test('more bytes than the set has are no other build of a tokenizer', () => {
    const pair = { valLoss: '1.90000000', family: 'sp1024', tokens: 62_021_632 };
    const more = judgeClaim({ ...pair, valBpb: '1.12427524' });
    expect(more.verdict).toBe('unknown');
    expect(more.explanation).toMatch(/of 100\.1 % of the 151,080,891 bytes/);
    // Of fewer the rest may be a tail that was dropped.
    expect(judgeClaim({ ...pair, valBpb: '1.12580000' }).verdict).toBe('near');
  });

  test('the set of the naive baseline is not the canonical one, with four digits already', () => {
    expect(judgeClaim({ valLoss: '2.0727', valBpb: '1.2244' })).toMatchObject({
      verdict: 'other-set',
      fits: [{ id: 'fineweb-val-naive-baseline' }],
    });
  });

  test('a build of a tokenizer that nobody published is near, not right', () => {
    const judged = judgeClaim({ valLoss: '3.0577', valBpb: '1.1839', family: 'sp8192' });
    expect(judged.verdict).toBe('near');
    expect(judged.explanation).toMatch(/another build of the tokenizer/);
  });

  test('nothing known is said to be unknown, with what comes nearest', () => {
    const judged = judgeClaim({ valLoss: '2.00000000', valBpb: bpbOf(2, 2.6), family: 'sp1024' });
    expect(judged.verdict).toBe('unknown');
    expect(judged.nearest?.deviation).toBeCloseTo(2.6 / 2.43593 - 1, 4);
  });
});

describe('mistakes', () => {
  const right = 151_078_222 / 40_540_160;
  test.each([
    ['leading-space-twice', 'sp8192', right * 1.16714],
    ['kept-marker', 'sp8192', right * 1.3343],
    ['kept-marker-and-space', 'sp8192', right * 1.5014],
    ['space-not-counted', 'sp8192', right * 0.8329],
    ['replacement-character', 'sp8192', right * 1.0413],
    ['sentinels-as-text', 'caseops-sp8192', 164_594_398 / 47_851_520],
    ['missing-space-piece', 'sp1024', 2.43593 * 1.25],
    ['constant-3.5', undefined, 3.5],
    ['constant-4.3', undefined, 4.3],
    ['same-figure-twice', undefined, 1 / Math.LN2],
    ['nats-not-bits', 'sp8192', right / Math.LN2],
    ['bits-twice', 'sp8192', right * Math.LN2],
  ])('%s of %s is named', (id, family, bytesPerToken) => {
    const judged = judgeClaim({ valLoss: '2.80000000', valBpb: bpbOf(2.8, bytesPerToken), family });
    expect(judged.verdict).toBe('mistake');
    expect(judged.fits.map((fit) => fit.id)).toContain(id);
    expect(judged.fits.find((fit) => fit.id === id)?.remedy).toBeTruthy();
  });

  test('a published total counts, whatever the quotient’s band', () => {
    const valBpb = bpbOf(2.8, 152_570_124 / 40_540_160);
    expect(ids({ valLoss: '2.80000000', valBpb, tokens: 40_540_160 })).toContain(
      'byte-stream-not-canonical',
    );
  });

  test('the truncated set is known by its targets', () => {
    const judged = judgeClaim({ valLoss: '2.3', valBpb: '1.05', tokens: 9_662_464 });
    expect(judged.verdict).toBe('other-set');
    expect(judged.explanation).toMatch(/10,000 documents/);
  });

  test('the bytes per token of another tokenizer contradict the one that is named', () => {
    const pair = { valLoss: '2.33730724', valBpb: '1.06805820' };
    expect(judgeClaim({ ...pair, family: 'caseops' }).verdict).toBe('fits');
    expect(judgeClaim({ ...pair, family: 'sp8192' })).toMatchObject({
      verdict: 'mistake',
      fits: [{ id: 'other-tokenizer' }],
    });
  });

  test('right accounting with eight digits never looks like a mistake', () => {
    for (const d of DENOMINATORS.filter(({ role, bytes }) => role === 'right' && bytes !== null)) {
      for (const family of [d.family, undefined]) {
        const judged = judgeClaim({
          valLoss: '2.10000000',
          valBpb: bpbOf(2.1, d.bytes! / d.targets!),
          family,
        });
        expect([d.name, judged.verdict]).toEqual([d.name, 'fits']);
        expect(judged.fits.filter((fit) => fit.kind === 'mistake')).toEqual([]);
      }
    }
  });

  test('a mistake needs the tokenizer: the vocabulary of one’s own may have these bytes', () => {
    const pair = { valLoss: '2.07234577', valBpb: bpbOf(2.07234577, 2.43593 * 1.167) };
    const judged = judgeClaim(pair);
    expect(judged.verdict).toBe('ambiguous');
    expect(judged.explanation).toMatch(/counted twice \(if the tokenizer is sp1024\)/);
    expect(judged.explanation).toMatch(/tokenizer that is not known.*bpb audit/);
    for (const known of [{ family: 'sp1024' }, { tokens: 62_021_632 }, { tokens: 62_021_000 }]) {
      expect(judgeClaim({ ...pair, ...known }).verdict).toBe('mistake');
    }
    // 53,145,000 such tokens are the documents' own 151,080,000 bytes.
    expect(judgeClaim({ ...pair, tokens: 53_145_000 }).verdict).toBe('ambiguous');
  });

  test('few of the bytes per token that a vocabulary can have are called a mistake', () => {
    const wrong: number[] = [];
    for (let bytes = 1.8; bytes < 4.6; bytes += 0.01) {
      const judged = judgeClaim({ valLoss: '2.50000000', valBpb: bpbOf(2.5, bytes + 0.0003) });
      if (judged.verdict === 'mistake') wrong.push(bytes);
    }
    expect(wrong).toEqual([]);
  });

  test('ids are unique and every mistake can be found by something', () => {
    expect(new Set(MISTAKES.map(({ id }) => id)).size).toBe(MISTAKES.length);
    for (const mistake of MISTAKES) {
      const { ratio, bytesPerToken, bytes, targets } = mistake;
      expect(ratio ?? bytesPerToken ?? bytes ?? targets).toBeDefined();
    }
  });
});

describe('explanations compete', () => {
  const right = 2.43593;
  const judged = (bytesPerToken: number, digits = 8, family: string | undefined = 'sp1024') =>
    judgeClaim({
      valLoss: (2).toFixed(digits),
      valBpb: bpbOf(2, bytesPerToken, digits),
      family,
    });
  const possible = (claim: ReturnType<typeof judgeClaim>) =>
    claim.fits.filter(({ kind }) => kind === 'possible').map(({ id }) => id);

  test('each says what it expects, and the bpb that it gives', () => {
    for (const bytesPerToken of [right, right * 1.167, right * 1.0628, right * 1.004]) {
      const { fits, others } = judged(bytesPerToken);
      for (const { expected, gives } of [...fits, ...others]) {
        expect(gives!.low).toBeCloseTo(2 / Math.LN2 / expected!.high, 6);
        expect(gives!.high).toBeCloseTo(2 / Math.LN2 / expected!.low, 6);
      }
      expect(others.length).toBeGreaterThan(2);
      for (const { expected, deviation } of others) {
        const inside = bytesPerToken >= expected.low && bytesPerToken <= expected.high;
        expect([inside, Math.abs(deviation) > 0]).toEqual([false, true]);
      }
    }
  });

  test('6.28 % more is unknown, with a vocabulary without byte pieces as possible', () => {
    const claim = judged(right * 1.0628);
    expect(claim.verdict).toBe('unknown');
    expect(possible(claim)).toEqual(['no-byte-fallback']);
    expect(claim.explanation).toMatch(/without showing it: a vocabulary without byte pieces/);
    // Larger vocabularies lose a smaller share of their places to byte pieces.
    expect(possible(judged(3.72663 * 1.0628, 8, 'sp8192'))).toEqual([]);
  });

  test.each([
    [1.0002, 'near', ['other-tail', 'another-build', 'another-subset']],
    [1.0008, 'near', ['another-build', 'another-subset']],
    [1.004, 'unknown', ['another-subset']],
    [1.02, 'unknown', []],
  ])('%f times the right bytes are %s, the sharpest explanation first', (ratio, verdict, ids) => {
    const claim = judged(right * ratio);
    expect([claim.verdict, possible(claim)]).toEqual([verdict, ids]);
  });

  test('a repeated last stride is the sharpest where no tail was counted', () => {
    expect(possible(judged(3.31968 * 1.00003, 8, 'sp4096'))).toEqual([
      ...['last-stride-twice', 'other-tail', 'another-build', 'another-subset'],
    ]);
  });

  test('each possible explanation has a row in docs/claim.md', () => {
    const page = readFileSync(new URL('../../docs/claim.md', import.meta.url), 'utf8');
    const ids = new Set(
      [1.00003, 1.0628].flatMap((ratio) => [
        ...possible(judged(3.31968 * ratio, 8, 'sp4096')),
        ...possible(judged(right * ratio)),
      ]),
    );
    expect(ids.size).toBe(5);
    for (const id of ids) expect(page).toContain(`| \`${id}\` |`);
  });

  test('a claim that fits has no possible explanation beside it', () => {
    expect(judged(151_080_363 / 62_021_632).fits.map(({ kind }) => kind)).not.toContain('possible');
  });

  test('few digits that allow a mistake allow what is none, and no verdict of it', () => {
    const blunt = judgeClaim({ valLoss: '2.8', valBpb: '1.5604', family: 'sp1024' });
    expect(blunt.verdict).toBe('ambiguous');
    expect(blunt.fits.map(({ kind }) => kind)).toEqual(['mistake', 'possible']);
  });

  test('a mistake is shown with its arithmetic, in no more digits than the claim has', () => {
    const sharp = judged(right * 1.167).explanation;
    expect(sharp).toContain('implies 2.842730 bytes a token, 1.167');
    expect(sharp).toContain(`the val_bpb is ${(2 / Math.LN2 / right).toFixed(6).slice(0, 7)}`);
    expect(judged(right * 1.167, 4).explanation).toMatch(/implies 2\.84\d\d bytes a token/);
  });
});

test('families are read from names and paths', () => {
  for (const family of FAMILIES) expect(familyOf(family)).toBe(family);
  expect(familyOf('./data/tokenizers/fineweb_1024_bpe.model')).toBe('sp1024');
  expect(familyOf('fineweb_8192_bpe_lossless_caps_caseops_v1_reserved.model')).toBe(
    'caseops-sp8192',
  );
  expect(familyOf('/runs/2024-11024/tok.model')).toBeNull();
});
