/** Numbers that are possible and rarely meant, from the figures alone. */
import { describe, expect, test } from 'vitest';
import { bySeverity, fail, note, warn } from '#bpb/finding';
import { plausibility } from '#bpb/score/findings';
import { score } from '../report/score-document.js';

function ids(
  val_loss: number | null,
  val_bpb: number | null,
  logits: number | null,
  tokenizer = 1024,
) {
  const figures = { ...score, score: { ...score.score, val_loss, val_bpb } };
  return plausibility(figures, { logits, tokenizer }).map(({ id }) => id);
}

describe('worse than a uniform guess', () => {
  test.each<[number | null, number | null, string[]]>([
    [2.07, 1.22, []],
    [Math.log(1024) + 1e-4, 4, []],
    [Math.log(1024) + 2e-3, 4, ['worse-than-uniform']],
    [6, 8.000001, ['worse-than-bytes']],
    [6, 8, []],
    [18, 18.97, ['worse-than-uniform']],
    [null, null, []],
  ])('val_loss %s, val_bpb %s: %j', (loss, bpb, expected) => {
    expect(ids(loss, bpb, 1024)).toEqual(expected);
  });

  test('the vocabulary is the one of the logits where they are known', () => {
    expect(ids(7, 4, 1152, 1100)).toEqual([]);
    expect(ids(7, 4, null, 1100)).toEqual([]);
    expect(ids(7, 4, null, 1024)).toEqual(['worse-than-uniform']);
  });

  test('over both is said in one finding', () => {
    const figures = { ...score, score: { ...score.score, val_loss: 18, val_bpb: 18.97 } };
    const [{ message, hint } = { message: '', hint: null }] = plausibility(figures, {
      logits: 1024,
      tokenizer: 1024,
    });
    expect(message).toBe(
      'worse than a uniform guess over the vocabulary (log 1024 = 6.9315 nats), and over the bytes (8 bits)',
    );
    expect(hint).toContain('shifts its labels itself');
  });
});

describe('logits wider than the tokenizer', () => {
  test.each([
    ['the same', 1024, 1024, true],
    ['a multiple of 64', 320, 260, true],
    ['a multiple of 128', 384, 260, true],
    ['of GPT-2', 50_304, 50_257, true],
    ['of phi-2', 51_200, 50_295, true],
    ['of Qwen2', 151_936, 151_665, true],
    ['of DeepSeek', 102_400, 100_015, true],
    ['a model of 1,024 pieces with byte260', 1024, 260, false],
    ['a model of 8,192 pieces with 1,024', 8192, 1024, false],
    ['twice the tokenizer', 100_000, 50_000, false],
  ])('%s: %i for %i', (_, logits, tokenizer, padding) => {
    expect(ids(2, 1, logits, tokenizer)).toEqual(padding ? [] : ['logits-too-wide']);
  });

  test('is not known of a claim', () => {
    expect(ids(2, 1, null, 260)).toEqual([]);
  });
});

test('the gravest finding comes first, and order is kept among equals', () => {
  const found = [note('a', ''), warn('b', ''), fail('c', ''), note('d', ''), fail('e', '')];
  expect(bySeverity(found).map(({ id }) => id)).toEqual(['c', 'e', 'b', 'a', 'd']);
});
