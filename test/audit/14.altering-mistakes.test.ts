/** Tokenizers that alter text: by their normalizer, or by pieces whose text was changed after training. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import { alteringRules } from '#bpb/tokenizer/altering-rules';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { temporaryFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';
import { type ModelPiece, modelFile, PIECE_TYPE } from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';
import { BLANKS, compileCharsmap } from '../tokenize/charsmap.js';
import { dataSet, docsFile, found, RIGHT, rightModel, run, streamFor, TEXTS } from './fixtures.js';

const ALTERING: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['vowels folded', { e: 'a', i: 'a' }],
  ['a letter expanded', { e: 'eeeeeeee' }],
  ['a letter dropped', { e: '' }],
  ['accents dropped', { é: 'e', 'e\u0301': 'e' }],
  ['digits replaced', { '1': '0', '2': '0' }],
  ['quotes made straight', { '“': '"', '”': '"' }],
  ['spaces dropped', { ' ': '' }],
  ['a space added', { t: 't ' }],
  ['line ends dropped', { '\n': '' }],
  ['one word replaced', { inn: 'hotel' }],
  ['emoji replaced', { '🙂': ':-)' }],
  ['half a character', { é: 'ê', '\u0301': '' }],
];

describe('a normalizer that alters text', () => {
  it.each(ALTERING)('%s: by its rules alone, and on documents', async (_, rules) => {
    const model = modelFile({ pieces: RIGHT, charsmap: compileCharsmap(rules) });
    const alone = await run(model);
    expect(found(alone, 'fail')).toEqual(['altered-text']);
    expect(alone.findings[0]!.examples[0]).toContain('the normalizer makes');
    expect(alone.tokenizer!.normalizer!.sha256).toMatch(/^[0-9a-f]{64}$/);
    // Where no document has such a character, the tokenizer fails all the same.
    const spared = await run(model, { docs: docsFile(['a cad']) });
    expect(found(spared, 'fail').includes('altered-text')).toBe(true);
  });

  it('the altered documents, their share of the bytes, and the first of them', async () => {
    const charsmap = compileCharsmap({ e: 'x', '\n': ' ' });
    const model = modelFile({ pieces: RIGHT, charsmap });
    const docs = docsFile(['a\na\n', 'on and on', 'the inn ', 'be']);
    const report = await run(model, { docs });
    const finding = report.findings.find(({ check }) => check === 'altered-text')!;
    expect(finding.detail).toContain('2 documents of 43.5 % of the bytes: document 2, 3');
    expect(finding.examples[0]).toBe('document 2: "the inn" → "thx inn"');
    // The first document only lost its line ends.
    const lossy = report.findings.find(({ check }) => check === 'lossy-text')!;
    expect(lossy.detail).toContain('1 of 4 documents');
  });

  it('folding case is a finding of its own, also behind another loss', async () => {
    const charsmap = compileCharsmap({ A: 'a', B: 'b', C: 'c', ẞ: 'ss', '\n': ' ' });
    const model = modelFile({ pieces: RIGHT, charsmap });
    const report = await run(model, { docs: docsFile(['a\nB', 'c']) });
    expect(found(report, 'fail')).toEqual(['case-folding']);
    expect(report.findings[0]!.detail).toBe('1 document');
    const both = modelFile({ pieces: RIGHT, charsmap: compileCharsmap({ A: 'a', e: 'x' }) });
    expect(found(await run(both), 'fail').sort()).toEqual(['altered-text', 'case-folding']);
  });

  it('a map with more rules than can be read fails, and ends', async () => {
    // Every node leads to the next by two bytes: 2^64 keys in 64 nodes.
    const units = new Uint32Array(256 * 66);
    const baseOf = (node: number) => 256 * (node + 1);
    units[0] = baseOf(0) << 10;
    for (let node = 0; node < 64; node++) {
      for (const byte of [0x61, 0x62]) {
        const at = baseOf(node) ^ byte;
        units[at] = ((at ^ baseOf(node + 1)) << 10) | (node === 63 ? 1 << 8 : 0) | byte;
      }
    }
    units[baseOf(64)] = 0x80000000;
    const charsmap = Buffer.concat([
      Buffer.from(Uint32Array.of(units.byteLength).buffer),
      Buffer.from(units.buffer),
      Buffer.from('a\0'),
    ]);
    const rules = alteringRules(loadTokenizer(modelFile({ pieces: RIGHT, charsmap })))!;
    expect(rules.complete).toBe(false);
  });
});

describe('a normalizer that keeps the reference form', () => {
  it.each([
    ['whitespace', Object.fromEntries(BLANKS.map((key) => [key, ' ']))],
    ['NFC', { 'e\u0301': 'é', 'a\u0301': 'á' }],
    ['compatibility characters', { '½': '1⁄2', ﬁ: 'fi', '㎏': 'kg', '¨': ' \u0308', '～': '~' }],
    ['control characters', { '\u0001': '', '\u007f': '' }],
    ['spaces made one', { '  ': ' ' }],
  ])('%s', async (_, rules) => {
    const model = modelFile({ pieces: RIGHT, charsmap: compileCharsmap(rules) });
    const texts = Object.keys(rules).map((key) => `a${key}b ${key} c${key}`);
    const report = await run(model, { docs: docsFile([...texts, ...TEXTS]) });
    expect(found(report, 'fail')).toEqual([]);
    expect(found(report, 'warn')).toContain('lossy-text');
  });

  it.each([
    ['full-width letters', { a: 'ａ' }],
    ['NFD', { é: 'e\u0301' }],
  ])('%s count more than the documents can have', async (_, rules) => {
    const model = modelFile({ pieces: RIGHT, charsmap: compileCharsmap(rules) });
    const docs = docsFile();
    const { folder } = await dataSet(model);
    for (const data of [undefined, [folder]]) {
      const report = await run(model, { docs, data });
      expect(found(report, 'fail')).toEqual(['denominator-exceeds']);
      const [finding] = report.findings;
      expect(finding!.detail).toContain('whose documents have at most');
      expect(finding!.effect!.bytes).toBeGreaterThan(1);
    }
  });

  it('of shards alone, the bytes of space marks that byte pieces spell', async () => {
    const model = rightModel();
    const mark = ['<0xE2>', '<0x96>', '<0x81>'].map((name) =>
      RIGHT.findIndex(([text]) => text === name),
    );
    const { folder } = await dataSet(model, TEXTS, ({ ids }) => ids.splice(9, 0, ...mark, ...mark));
    const report = await run(model, { data: [folder] });
    expect(found(report, 'fail')).toContain('denominator-exceeds');
    const clean = await run(model, { data: [(await dataSet(model)).folder] });
    expect(found(clean, 'fail')).not.toContain('denominator-exceeds');
    expect(clean.checks).toContainEqual({ name: 'denominator-exceeds', outcome: 'clear' });
  });

  it.skipIf(SP8192 === null || CASEOPS === null)('those of the challenge', () => {
    for (const path of [SP8192!, CASEOPS!]) {
      const rules = alteringRules(loadTokenizer(path))!;
      expect(rules).toEqual({ folding: 0, altering: 0, examples: [], complete: true });
    }
  });

  const python = pythonWith('sentencepiece');
  const TRAIN = `
import sys, sentencepiece as spm
for rule in ["identity", "nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf"]:
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat and the hen in the inn"] * 9), byte_fallback=True,
        model_prefix=f"{sys.argv[1]}/{rule}", normalization_rule_name=rule, vocab_size=300,
        hard_vocab_limit=False, minloglevel=2)
`;
  it.skipIf(python === undefined)(
    'all of SentencePiece, and those that fold case fold case',
    () => {
      const folder = temporaryFolder();
      const made = spawnSync(python!, ['-c', TRAIN, folder], { encoding: 'utf8' });
      expect(made.stderr).toBe('');
      const judged = (rule: string) => alteringRules(loadTokenizer(join(folder, `${rule}.model`)));
      expect(judged('identity')).toBeNull();
      for (const rule of ['nfkc', 'nmt_nfkc']) {
        expect(judged(rule)).toEqual({ folding: 0, altering: 0, examples: [], complete: true });
      }
      for (const rule of ['nfkc_cf', 'nmt_nfkc_cf']) {
        const rules = judged(rule)!;
        expect(rules.folding).toBeGreaterThan(1000);
        expect(rules.altering).toBe(0);
      }
    },
  );
});

describe('pieces whose text was changed after training', () => {
  /** Shards of `TEXTS` by the right vocabulary, to be read with another one. */
  async function shards(): Promise<string> {
    const folder = temporaryFolder();
    const { stream } = await streamFor(modelFile({ pieces: RIGHT }), TEXTS);
    await writeShard(join(folder, 'fineweb_val_000000.bin'), stream.ids);
    return folder;
  }
  const changed = (text: string, piece: ModelPiece) =>
    modelFile({ pieces: RIGHT.map((each) => (each[0] === text ? piece : each)) });

  it('lengthened: no text encodes to them, so that shards with them are of another tokenizer', async () => {
    const model = changed('ing', ['ingingingingxyz']);
    expect(found(await run(model), 'warn')).toContain('unreachable-pieces');
    const report = await run(model, { data: [await shards()] });
    expect(found(report, 'fail')).toContain('unreachable-pieces');
    const finding = report.findings.find(({ check }) => check === 'unreachable-pieces')!;
    expect(finding.detail).toMatch(/1 piece: id \d+ "ingingingingxyz"; 2 such tokens in the text/);
  });

  it('made user-defined, so that they do encode to themselves: their share is said', async () => {
    const model = changed('▁the', ['the▁the▁the▁the', PIECE_TYPE.user]);
    const report = await run(model, { data: [await shards()] });
    expect(found(report, 'warn')).toContain('user-defined-text');
  });

  it('as they were trained: nothing', async () => {
    const report = await run(modelFile({ pieces: RIGHT }), { data: [await shards()] });
    const names = report.findings.map(({ check }) => check);
    expect(names).not.toContain('unreachable-pieces');
    expect(names).not.toContain('user-defined-text');
  });

  it.skipIf(SP8192 === null)('the vocabulary of the challenge has none', async () => {
    const report = await run(SP8192!);
    expect(found(report, 'fail')).toEqual([]);
    const outcome = report.checks.find(({ name }) => name === 'unreachable-pieces');
    expect(outcome!.outcome).toBe('clear');
  });
});
