/**
 * Every instruction set against the float64 scorer, on every type, size, alignment and kind of row.
 */

import { describe, expect, test } from 'vitest';
import { rowNats } from '#bpb/engine/softmax';
import { type LogitsType, type StoredLogits, storeLogits } from '../helpers/logits.js';
import { normals, uniform } from '../helpers/models.js';
import { requireAddon } from '../helpers/native.js';

const addon = requireAddon();
const isas = addon.instructionSets();
const types: LogitsType[] = ['fp32', 'fp16', 'bf16'];
const softcaps = [null, 30, 1.5];
/** Around every multiple of the lanes (4, 8, 16), of the unrolling (4) and of a block (16). */
const vocabularies = [
  2, 3, 7, 8, 9, 15, 16, 17, 31, 63, 64, 65, 255, 1000, 1023, 1024, 1025, 8192, 50257, 131072,
];
const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: minusInf } = Number;

/** Rows of a vocabulary, one of each kind; `hot` is an index that gets a row's special value. */
function rowsOf(vocab: number, hot: number): Record<string, Float32Array> {
  const put = (value: number, base: Float32Array) => base.with(hot, value);
  const noise = normals(vocab, vocab, 3);
  return {
    normal: noise,
    wide: noise.map((x) => 4 * x),
    equal: new Float32Array(vocab).fill(-1.25),
    'one at 88': put(88, new Float32Array(vocab)),
    'one at 1e8': put(1e8, noise),
    'one at 3e38': put(3e38, noise),
    denormal: noise.map((x) => x * 1e-39),
    'large negative': noise.map((x) => x - 60000),
    'half of them -inf': noise.map((x, i) => (i % 2 === hot % 2 ? x : minusInf)),
    falling: noise.map((_, i) => -i / 8),
  };
}

/** Rows that are no distribution. */
function brokenRows(vocab: number, at: number): Float32Array[] {
  const noise = normals(vocab, 1);
  const both = noise.with(at, nan);
  return [
    noise.with(at, nan),
    noise.with(at, inf),
    both.with((at + 1) % vocab, inf),
    new Float32Array(vocab).fill(minusInf),
    new Float32Array(vocab).fill(minusInf).with(at, nan),
  ];
}

/**
 * Largest error allowed, in nats. 2e-6 for what the lanes do: three roundings of 6e-8 in each
 * exponential and in the sum, and the subtraction of the maximum, whose rounding is weighted by the
 * small exponential it goes into. The result is rounded to fp32: half of 2^-23 of it. A capped
 * logit is rounded to fp32 itself, and for logits up to 30 a rounding is up to 1e-6; the target's
 * and the maximum's can both be off.
 */
function tolerance(nats: number, softcap: number | null): number {
  return 2e-6 + Math.abs(nats) * 2 ** -24 + (softcap === null ? 0 : softcap * 1e-7);
}

/** Scores with the addon and in float64, and compares. */
function compare(stored: StoredLogits, targets: Int32Array, softcap: number | null, isa: string) {
  const nats = addon.nll({ ...stored, targets, softcap, isa });
  const errors: number[] = [];
  for (const [r, values] of stored.values.entries()) {
    const exact = rowNats(values, targets[r]!, softcap);
    const rounded = Math.fround(exact);
    if (!Number.isFinite(rounded)) {
      expect(nats[r]).toBe(rounded);
      continue;
    }
    const error = nats[r]! - exact;
    if (!(Math.abs(error) <= tolerance(exact, softcap))) {
      expect.fail(`row ${r} of ${stored.vocab}: ${nats[r]} instead of ${exact}`);
    }
    errors.push(error);
  }
  return errors;
}

describe.each(isas)('%s', (isa) => {
  describe.each(types)('%s', (type) => {
    test.each(vocabularies)('kinds of rows over %i logits', (vocab) => {
      const next = uniform(vocab);
      const hot = Math.floor(next() * vocab);
      const source = Object.values(rowsOf(vocab, hot));
      const fitting = source.filter((row) => type !== 'fp16' || row.every(fitsHalf));
      const layouts = vocab > 10000 ? [{ gap: 1, offset: 6 }] : [{}, { gap: 3, offset: 1 }];
      for (const layout of layouts) {
        const stored = storeLogits(fitting, type, layout);
        const other = Math.floor(next() * vocab);
        for (const softcap of softcaps) {
          for (const target of [hot, other, vocab - 1]) {
            compare(stored, new Int32Array(stored.rows).fill(target), softcap, isa);
          }
        }
      }
    });

    test('rows that are no distribution, wherever the culprit stands', () => {
      for (const vocab of [2, 5, 17, 64, 200, 1031]) {
        const places = new Set([0, 1, 15, 16, 63, 64, vocab >> 1, vocab - 1]);
        for (const at of places) {
          if (at >= vocab) continue;
          const stored = storeLogits(brokenRows(vocab, at), type, { offset: 2 });
          for (const softcap of softcaps) {
            for (const target of [at, 0]) {
              const targets = new Int32Array(stored.rows).fill(target);
              const nats = addon.nll({ ...stored, targets, softcap, isa });
              expect([...nats]).toEqual(new Array(stored.rows).fill(nan));
            }
          }
        }
      }
    });

    test('-Infinity on the target: infinite without a softcap, c below 0 with one', () => {
      const stored = storeLogits([Float32Array.of(0, minusInf, 0)], type);
      const options = { ...stored, targets: Int32Array.of(1), isa };
      expect(addon.nll(options)[0]).toBe(inf);
      expect(addon.nll({ ...options, softcap: 30 })[0]).toBeCloseTo(Math.log(2) + 30, 5);
    });
  });

  test.each([
    [1024, 3],
    [8192, 3],
    [8192, 0.5],
  ])('no bias over %i logits of spread %d', (vocab, spread) => {
    // Totals are to be within 1e-7 of float64, and a nat a target is a low score.
    const rows = 300;
    const source = Array.from({ length: rows }, (_, r) => normals(vocab, r + 1, spread));
    const targets = Int32Array.from({ length: rows }, (_, r) => (r * 7919) % vocab);
    for (const softcap of softcaps) {
      const errors = compare(storeLogits(source, 'fp32'), targets, softcap, isa);
      const mean = errors.reduce((sum, error) => sum + error, 0) / rows;
      expect(Math.abs(mean)).toBeLessThan(2e-7);
    }
  });
});

test('nats do not depend on where a row lies or what lies beside it', () => {
  const rows = Array.from({ length: 5 }, (_, r) => normals(1000, r));
  const targets = Int32Array.of(1, 2, 3, 4, 999);
  for (const isa of isas) {
    const together = addon.nll({ ...storeLogits(rows, 'fp32'), targets, isa });
    for (const [r, row] of rows.entries()) {
      const alone = storeLogits([row], 'fp32', { offset: r + 1 });
      const nats = addon.nll({ ...alone, targets: targets.subarray(r, r + 1), isa });
      expect(nats[0]).toBe(together[r]);
    }
  }
});

function fitsHalf(value: number): boolean {
  return Math.abs(value) < 65504 || value === minusInf;
}
