/** Rules that are right: what they leave open, the shipped ones, and what they say of tokenizers. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KNOWN_SETS } from '#bpb/data/known-sets';
import { loadRules, shippedText } from '#bpb/rules/load';
import { PARAMETER_GOLF } from '#bpb/rules/parameter-golf';
import { grantsOf, nameOfTokenizer } from '#bpb/rules/tokenizers';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { fileFolder } from '../helpers/folder.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';

const path = join(fileFolder(), 'rules.json');

function rulesOf(said: object) {
  writeFileSync(path, JSON.stringify({ format: 'bpb-rules/1', name: 'mine', ...said }));
  return loadRules(path);
}

test('a rule of each kind', () => {
  const said = {
    windows: {
      modes: ['sliding'],
      seqLen: { min: 64, max: 4096 },
      stride: [64],
      tail: ['drop'],
      compat: ['sliding-2026-03-19'],
    },
    documentStart: ['bos', 'none', 0],
    data: [{ known: 'sotu-val', documents: 12 }, { shards: ['a'.repeat(64)] }],
    tokenizers: { named: [{ name: 'x', sha256: 'b'.repeat(64) }], others: ['known-set'] },
    normalizers: ['c'.repeat(64)],
    size: { limit: 1e6, counted: ['model', 'code', 'tokenizer'], uncounted: 'refused' },
    coverage: { least: 1 },
    required: ['probes', 'verification', 'every-row', 'control'],
    accept: ['equal-shards'],
  };
  const { rules, sha256, source } = rulesOf(said);
  expect(rules).toEqual({ format: 'bpb-rules/1', name: 'mine', ...said });
  expect(source).toBe(path);
  expect(sha256).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
});

test('what is left out of a rule is the strict choice', () => {
  const { rules } = rulesOf({
    tokenizers: { named: [{ name: 'x', sha256: 'b'.repeat(64) }] },
    size: { limit: 1, counted: ['model'] },
  });
  expect(rules.tokenizers?.others).toBe('refused');
  expect(rules.size?.uncounted).toBe('allowed');
});

describe('parameter-golf', () => {
  const { rules, sha256 } = loadRules('parameter-golf');

  test('is a file of its text', () => {
    writeFileSync(path, shippedText(PARAMETER_GOLF));
    expect(loadRules(path)).toEqual({ source: path, sha256, rules });
  });

  test('names the whole validation set by every tokenizer', () => {
    const names = rules.data!.map(({ known }) => known);
    expect(names).toContain('fineweb-val-50k/sp1024');
    expect(names).not.toContain('fineweb-val-10k');
    for (const name of names) {
      expect(KNOWN_SETS.find((set) => set.name === name)).toMatchObject({ documents: 50_000 });
    }
  });

  test('names byte260 as it is loaded', () => {
    expect(nameOfTokenizer(rules, loadTokenizer('byte260').sha256)).toBe('byte260');
    expect(nameOfTokenizer(rules, 'f'.repeat(64))).toBeNull();
  });

  test.skipIf(SP8192 === null)('names the published sp8192 (needs its file)', () => {
    expect(nameOfTokenizer(rules, loadTokenizer(SP8192!).sha256)).toBe('sp8192');
  });

  test.skipIf(CASEOPS === null)('names the one of case operators (needs its file)', () => {
    expect(nameOfTokenizer(rules, loadTokenizer(CASEOPS!).sha256)).toBe('caseops-sp8192');
  });
});

describe('a normalizer', () => {
  const sha256 = 'c'.repeat(64);
  const normalizer = {
    name: 'fold',
    addDummyPrefix: false,
    removeExtraWhitespaces: false,
    escapeWhitespaces: true,
    sha256,
  };
  const { rules } = rulesOf({ normalizers: [sha256] });

  test.each([
    ['of the list', { normalizer, byteFallback: true }, true],
    [
      'of another map',
      { normalizer: { ...normalizer, sha256: 'd'.repeat(64) }, byteFallback: true },
      false,
    ],
    ['without a map', { normalizer: { ...normalizer, sha256: null }, byteFallback: true }, false],
    ['of a byte vocabulary', { normalizer: null, byteFallback: true }, false],
    ['that is not what loses characters', { normalizer, byteFallback: false }, false],
  ])('%s', (_, tokenizer, allowed) => {
    expect(grantsOf(rules, { sha256: 'e'.repeat(64), ...tokenizer }).normalizerAllowed).toBe(
      allowed,
    );
  });

  test('no rules, no normalizer', () => {
    const none = rulesOf({ coverage: { least: 1 } }).rules;
    const tokenizer = { sha256: 'e'.repeat(64), normalizer, byteFallback: true };
    expect(grantsOf(none, tokenizer)).toEqual({ namedByRules: false, normalizerAllowed: false });
  });
});

const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');

test('every example of docs/rules.md can be taken', () => {
  const texts = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => text!);
  expect(texts.length).toBe(2);
  for (const text of texts) {
    writeFileSync(path, text);
    expect(loadRules(path).rules.format).toBe('bpb-rules/1');
  }
});

test('docs/rules.md shows the text that ships', () => {
  expect(page).toContain(`\`\`\`json\n${shippedText(PARAMETER_GOLF)}\`\`\`\n`);
});
