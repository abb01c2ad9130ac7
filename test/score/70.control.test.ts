import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import type { Progress } from '#bpb/progress';
import { score } from '#bpb/score/score';
import { fileFolder } from '../helpers/folder.js';
import {
  honestModel,
  kindOfTexts,
  kindTable,
  STORED,
  storingModel,
  trainedModel,
} from '../helpers/memorizing.js';
import { refusalOf } from '../helpers/refusal.js';
import { byteStream, tableNats, VOCABULARY } from '../helpers/score-fixture.js';

const folder = fileFolder();
const TIME = 64;

function documents(name: string, texts: readonly string[]): string {
  const path = join(folder, `${name}.jsonl`);
  writeFileSync(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  return path;
}

function model(name: string, bytes: Uint8Array): string {
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, bytes);
  return path;
}

const VALIDATION = kindOfTexts(70, 1);
const IDS = byteStream(VALIDATION);
const docs = documents('validation', VALIDATION);
const control = documents('control', kindOfTexts(60, 2));
const honest = model('honest', honestModel());

const common = {
  ...{ tokenizer: 'byte260', window: 'chunk', seqLen: TIME, docs },
  ...{ engine: 'onnx-js', workers: 1, threads: 1, verifyRows: 1, seed: 5 },
} as const satisfies Partial<ScoreOptions>;

const run = (artifact: string, options: Partial<ScoreOptions> = {}) =>
  score({ artifact, controlDocs: control, ...common, ...options });

describe('figures', () => {
  test('without a control set there is no comparison', async () => {
    const { generalisation } = await run(honest, { controlDocs: undefined });
    expect(generalisation).toBeNull();
  });

  test('both sides are what float64 gives, and nothing else of the result changes', async () => {
    const result = await run(honest);
    const alone = await run(honest, { controlDocs: undefined });
    expect(result.score).toEqual(alone.score);
    expect(result.identity).toEqual(alone.identity);
    const compared = result.generalisation!;
    const table = kindTable();
    const closed = (texts: readonly string[]) => {
      const ids = byteStream(texts);
      const scored = Math.floor((ids.length - 1) / TIME) * TIME;
      let [nats, bytes] = [0, 0];
      for (let i = 1; i <= scored; i++) {
        nats += tableNats(table, ids[i - 1]!, ids[i]!);
        bytes += ids[i] === 1 ? 0 : 1;
      }
      return { targets: scored, bytes, bpb: nats / Math.LN2 / bytes };
    };
    const sides = [
      [compared.validation, closed(VALIDATION), 70],
      [compared.control, closed(kindOfTexts(60, 2)), 60],
    ] as const;
    for (const [found, { targets, bytes, bpb }, count] of sides) {
      expect(found).toMatchObject({ targets, bytes, documents: count, different: count });
      expect(Math.abs(found.bpb! / bpb - 1)).toBeLessThan(1e-6);
    }
    expect(compared.validation.bpb).toBeCloseTo(result.score.val_bpb!, 12);
    expect(compared).toMatchObject({
      verdict: 'pass',
      accounting: 'lut',
      seed: 5,
      permutations: 9999,
      note: null,
      control: { source: control, left_out: 0, infinite_targets: 0 },
    });
    expect(compared.difference_bpb).toBe(compared.validation.bpb! - compared.control.bpb!);
    expect(compared.margin_bpb).toBe(0.02 * compared.control.bpb!);
    const [low, high] = compared.ci95_bpb!;
    expect((low + high) / 2).toBeCloseTo(compared.difference_bpb!, 12);
  });

  test('document windows, and the same control set as shards', async () => {
    const { writeShard } = await import('#bpb/data/shards');
    const shards = join(folder, 'fineweb_val_000001.bin');
    await writeShard(shards, byteStream(kindOfTexts(60, 2)));
    const options = { window: 'document', engine: 'onnx-cpu' } as const;
    const ofDocs = (await run(honest, options)).generalisation!;
    const named = { ...options, controlDocs: undefined, controlData: shards };
    const ofShards = (await run(honest, named)).generalisation!;
    expect(ofDocs.control.source).not.toBe(ofShards.control.source);
    expect(ofDocs.control.sha256).not.toBe(ofShards.control.sha256);
    const { control: a, time_s: _, ...figures } = ofDocs;
    const { control: b, time_s: __, ...others } = ofShards;
    expect(others).toEqual(figures);
    expect(b).toMatchObject({ documents: a.documents, bytes: a.bytes, bpb: a.bpb });
  });

  test('--optimize: the control set is scored by the rewritten model too', async () => {
    const result = await run(honest, { optimize: true, engine: 'onnx-cpu' });
    expect(result.generalisation?.verdict).toBe('pass');
  });
});

describe('models that know the validation set', () => {
  const rowStarts = Array.from({ length: Math.floor((IDS.length - 1) / TIME) }, (_, k) => k * TIME);

  test.each(STORED)('text that is stored %s is found', async (stored) => {
    const storing = storingModel(IDS, { time: TIME, rows: rowStarts, stored });
    const result = await run(model(stored, storing));
    expect(result.generalisation).toMatchObject({ verdict: 'fail', p: 1e-4 });
    expect(result.generalisation!.validation.bpb).toBeLessThan(0.6);
    const [finding] = result.findings;
    expect(finding).toMatchObject({ id: 'memorized-text', severity: 'fail', accepted: false });
    expect(finding!.message).toMatch(
      /^the model scores better on the validation set than on the control set by \d/,
    );
    expect(finding!.message).toMatch(
      /\(p = 0\.0001\): it knows these documents, or the two sets are not of one kind$/,
    );
    expect(result).toMatchObject({ status: 'withheld', score: { val_bpb: null } });
  });

  test('a quarter of the rows is enough, stored anywhere', async () => {
    const rows = rowStarts.filter((_, k) => k % 4 === 1);
    const storing = storingModel(IDS, { time: TIME, rows, stored: 'plain' });
    expect((await run(model('quarter', storing))).generalisation?.verdict).toBe('fail');
  });

  test('training on it is found; training on other texts is not', async () => {
    const trained = await run(model('trained', trainedModel(IDS)));
    expect(trained.generalisation).toMatchObject({ verdict: 'fail' });
    const others = trainedModel(byteStream(kindOfTexts(70, 9)));
    expect((await run(model('others', others))).generalisation).toMatchObject({ verdict: 'pass' });
    // Nor is a model that knows the control set in its place.
    const turned = trainedModel(byteStream(kindOfTexts(60, 2)));
    const { generalisation } = await run(model('turned', turned));
    expect(generalisation).toMatchObject({ verdict: 'pass', p: 1 });
  });

  test('probability zero for all that is not stored does not spare it the comparison', async () => {
    const table = kindTable();
    // Bytes that only the control set has.
    for (let id = 0; id < VOCABULARY; id++)
      table[id * VOCABULARY + 4 + 122] = Number.NEGATIVE_INFINITY;
    const { tableModel } = await import('../helpers/models.js');
    const zero = model('zero', tableModel(table, VOCABULARY));
    const texts = kindOfTexts(60, 2).map((text) => `${text}z`);
    const result = await run(zero, { controlDocs: documents('zero', texts), tail: 'score' });
    expect(result.generalisation).toMatchObject({
      verdict: 'fail',
      control: { infinite_targets: 60 },
      note: '60 targets of the control set had probability zero',
    });
  });
});

describe('honest models', () => {
  test('pass on twenty pairs of samples', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const named = {
        docs: documents(`own-${seed}`, kindOfTexts(55, 1000 + seed)),
        controlDocs: documents(`other-${seed}`, kindOfTexts(55, 2000 + seed)),
        seed,
      };
      const { generalisation, status } = await run(honest, named);
      expect([status, generalisation?.verdict]).toEqual(['scored', 'pass']);
    }
  });
});

describe('what is not judged', () => {
  test('too few documents on one side', async () => {
    const few = documents('few', kindOfTexts(49, 2));
    const { generalisation, status } = await run(honest, { controlDocs: few });
    expect(status).toBe('scored');
    expect(generalisation).toMatchObject({ verdict: 'not_judged', p: null, permutations: null });
    expect(generalisation!.note).toBe(
      'a test needs 50 documents a side, and the control set has 49 documents with scored text',
    );
    // The figures are there all the same.
    expect(generalisation!.difference_bpb).not.toBeNull();
    const own = await run(honest, { limitDocs: 20 });
    expect(own.generalisation!.note).toContain('the validation set has 20 documents');
  });

  test('one text over and over is one document', async () => {
    const [text] = kindOfTexts(1, 3);
    const { generalisation } = await run(honest, {
      controlDocs: documents(
        'same',
        Array.from({ length: 80 }, () => text!),
      ),
    });
    expect(generalisation).toMatchObject({ verdict: 'not_judged' });
    expect(generalisation!.note).toContain('80 documents with scored text, 1 of them different');
  });

  test('copies of documents are no more evidence than the documents', async () => {
    const texts = kindOfTexts(60, 2);
    const copies = documents('copies', [...texts, ...texts, ...texts, ...texts]);
    const window = 'document' as const;
    const once = (await run(honest, { window, engine: 'onnx-cpu' })).generalisation!;
    const often = { window, controlDocs: copies, engine: 'onnx-cpu' } as const;
    const { generalisation } = await run(honest, often);
    // The last document alone has no start id behind it, and a few bits less.
    expect(Math.abs(generalisation!.p! - once.p!)).toBeLessThan(0.05);
    expect(generalisation!.control).toMatchObject({ documents: 240, different: 60 });
  });

  test('empty documents have nothing to compare', async () => {
    const empty = documents('empty-texts', [
      ...kindOfTexts(20, 3),
      ...Array.from({ length: 60 }, () => ''),
    ]);
    const { generalisation } = await run(honest, { controlDocs: empty });
    expect(generalisation!.note).toContain('20 documents with scored text');
  });

  test('less text than one row', async () => {
    const { generalisation } = await run(honest, {
      controlDocs: documents('short', ['abc', 'de']),
    });
    expect(generalisation).toMatchObject({
      verdict: 'not_judged',
      note: 'the control set is shorter than one row of the windows',
      control: { documents: 0, bpb: null },
      difference_bpb: null,
    });
  });
});

describe('a run that is ended', () => {
  test('while the control set is scored', async () => {
    const controller = new AbortController();
    const seen = new Set<string>();
    const onProgress = ({ phase, unit }: Progress) => {
      seen.add(`${phase} ${unit}`);
      if (phase === 'control' && unit === 'targets') controller.abort();
    };
    const error = await refusalOf(() => run(honest, { onProgress, signal: controller.signal }));
    expect(error).toMatchObject({ code: 'BPB_INTERRUPTED', exitCode: 130 });
    expect([...seen]).toContain('verify rows');
  });
});
