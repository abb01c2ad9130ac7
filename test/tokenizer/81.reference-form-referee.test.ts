/** SentencePiece in Python as the referee: its rules leave the reference form, those that fold do not. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { nfkcBytes, nmtNfkc, referenceForm } from '#bpb/tokenizer/reference-form';
import { sameText } from '#bpb/tokenizer/same-text';
import { pythonWith } from '../helpers/python.js';

const python = pythonWith('sentencepiece');
const hasNormalizer = spawnSync(python ?? 'python3', [
  '-c',
  'from sentencepiece import SentencePieceNormalizer',
]);

interface Verdict {
  /** Texts at the beginning that hold `xCy ` for each character C, in order. */
  readonly blocks: number;
  readonly texts: readonly string[];
  readonly rules: readonly {
    readonly rule: string;
    readonly squeeze: boolean;
    readonly normalized: readonly string[];
  }[];
}

describe.skipIf(!python || hasNormalizer.status !== 0)('the normalizers of SentencePiece', () => {
  let verdict: Verdict;
  beforeAll(() => {
    const script = fileURLToPath(new URL('./normalizers.py', import.meta.url));
    const input = JSON.stringify({ seed: 12 });
    const run = spawnSync(python!, [script], { input, maxBuffer: 1 << 30, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(run.stderr);
    verdict = JSON.parse(run.stdout) as Verdict;
  });

  const cases = (folds: boolean) =>
    verdict.rules
      .filter(({ rule }) => rule.endsWith('_cf') === folds)
      .flatMap(({ normalized, ...rule }) =>
        normalized.map((made, k) => ({ ...rule, text: verdict.texts[k]!, made })),
      );

  it('those that fold no case leave the reference form, and not more than the most bytes', () => {
    const honest = cases(false);
    expect(honest.length).toBeGreaterThan(6 * 4000);
    const altered = honest.filter(({ text, made }) => {
      const [a, b] = [Buffer.from(text), Buffer.from(made)];
      return !sameText(a, b) || b.length > nfkcBytes(text, a.length);
    });
    expect(altered).toEqual([]);
  });

  it('nmtNfkc is nmt_nfkc of the installed version, but where releases differ', () => {
    const { normalized } = verdict.rules.find((r) => r.rule === 'nmt_nfkc' && !r.squeeze)!;
    const made = normalized
      .slice(0, verdict.blocks)
      .flatMap((block) => block.split('y ').slice(0, -1));
    const was = verdict.texts
      .slice(0, verdict.blocks)
      .flatMap((block) => block.match(/x.(?=y )/gsu)!);
    expect(made).toHaveLength(was.length);
    expect(made.length).toBeGreaterThan(200_000);
    // The map has no key for x with the two marks that U+0344 becomes.
    const forms = (text: string) => [nmtNfkc(text), `x${nmtNfkc(text.slice(1))}`];
    const other = was.filter((text, k) => !forms(text).includes(made[k]!));
    const otherwise = new Map(was.map((text, k) => [text, made[k]]));
    // Kept as they are: characters newer than the installed version's Unicode, and these three.
    expect(other.filter((text) => otherwise.get(text) !== text)).toEqual([]);
    const early = other.filter(
      (text) => text < 'x\ua7f0' || (text > 'x\uf900' && text < 'x\uffff'),
    );
    const known = ['x\u061c', 'x\u200d', 'x\uff5e'];
    expect(early.filter((text) => !known.includes(text))).toEqual([]);
  });

  it('those that fold case alter every text with a capital, and no text without', () => {
    const cased = cases(true).filter(({ text }) => /[A-ZÀ-Þ]/u.test(text.normalize('NFKD')));
    expect(cased.length).toBeGreaterThan(1000);
    const kept = cased.filter(({ text, made }) => sameText(Buffer.from(text), Buffer.from(made)));
    expect(kept).toEqual([]);
    const lower = cases(true).filter(({ text }) => text === text.toLowerCase().normalize('NFKC'));
    expect(
      lower.filter(
        ({ text, made }) => referenceForm(text).toUpperCase() !== referenceForm(made).toUpperCase(),
      ),
    ).toEqual([]);
  });
});
