/** Results held against their artifact and data: what is another one, what does not follow, what agrees. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { TYPE } from '#bpb/onnx/element-types';
import { scoreClaimed } from '#bpb/score/claimed';
import { identityOf } from '#bpb/score/identity';
import { score } from '#bpb/score/score';
import type { VerifyOptions } from '#bpb/verify/options';
import { verify } from '#bpb/verify/verify';
import { writeCounts } from '../helpers/adaptive.js';
import { byteModel, lookup } from '../helpers/byte-models.js';
import { fileFolder, temporaryFolder } from '../helpers/folder.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { normals, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import {
  byteStream,
  type ScoreFixture,
  scoreFixture,
  seededTexts,
  VOCABULARY,
} from '../helpers/score-fixture.js';
import { type Bent, bend, copyOf, csvOf, csvText, replaceTable, resultOf } from './results.js';

const folder = fileFolder();
const chunk = { window: 'chunk', seqLen: 32 } as const;
const quick = { workers: 1, threads: 1, verifyRows: 0, saveTargets: true } as const;
let fixture: ScoreFixture;
let run: string;

/** Scores into a folder of the test. */
async function scored(options: Partial<ScoreOptions>): Promise<string> {
  const out = join(temporaryFolder(), 'out');
  const { model: artifact, docs } = fixture;
  const data = options.data === undefined ? { docs } : {};
  const tokenizer = options.artifact === undefined ? { tokenizer: 'byte260' } : {};
  await score({ artifact, ...data, ...tokenizer, ...chunk, ...quick, out, ...options });
  return out;
}

const check = (result: string, over: Partial<VerifyOptions> = {}) =>
  verify({ result, artifact: fixture.model, threads: 1, ...over });

async function failing(result: string, over: Partial<VerifyOptions> = {}): Promise<string[]> {
  const { checks, verdict } = await check(result, over);
  expect(verdict).toBe('failed');
  return checks.flatMap((each) => (each.verdict === 'fail' ? [each.name] : []));
}

beforeAll(async () => {
  fixture = await scoreFixture({ folder });
  run = join(folder, 'run');
  const { model: artifact, docs } = fixture;
  await score({ artifact, docs, tokenizer: 'byte260', ...chunk, ...quick, out: run });
});

describe('what the result is not of is refused, with both hashes', () => {
  const refused = (over: Partial<VerifyOptions>, result = run) =>
    refusalOf(() => check(result, over));
  const other = { code: 'BPB_VERIFY_OTHER', exitCode: 3 };

  test('another artifact', async () => {
    const path = join(temporaryFolder(), 'other.onnx');
    writeFileSync(path, tableModel(normals(VOCABULARY ** 2, 9), VOCABULARY));
    const error = await refused({ artifact: path });
    expect(error).toMatchObject({ ...other, path });
    expect(error.expected).toContain(resultOf(run).artifact.sha256);
    expect(error.actual).toMatch(/sha256 [0-9a-f]{64}/);
  });

  test('another tokenizer, other documents, other shards', async () => {
    const model = new URL('../../models/sotu-8x256/tokenizer.model', import.meta.url).pathname;
    expect(await refused({ tokenizer: model })).toMatchObject({ ...other, path: model });
    const docs = join(temporaryFolder(), 'docs.jsonl');
    writeFileSync(docs, readFileSync(fixture.docs, 'utf8').replace('the', 'thy'));
    expect(await refused({ docs })).toMatchObject({ ...other, path: docs });
    const ofShards = await scored({ data: [fixture.shards] });
    const { folder: shards } = await scoreFixture({ texts: seededTexts(40, 6) });
    expect(await refused({ data: [shards] }, ofShards)).toMatchObject(other);
    const first = join(fixture.shards, 'fineweb_val_000000.bin');
    expect(await refused({ data: [first] }, ofShards)).toMatchObject({ ...other, actual: 'none' });
  });

  test('data that is no longer there, until it is named', async () => {
    const moved = temporaryFolder();
    const { docs } = await scoreFixture({ folder: moved });
    const result = await scored({ docs });
    const elsewhere = temporaryFolder();
    cpSync(docs, join(elsewhere, 'docs.jsonl'));
    rmSync(docs);
    expect(await refused({}, result)).toMatchObject({
      ...{ code: 'BPB_VERIFY_DATA', exitCode: 3, path: docs },
      hint: expect.stringContaining('--docs FILE'),
    });
    const report = await check(result, { docs: join(elsewhere, 'docs.jsonl') });
    expect(report.verdict).toBe('confirmed');
  });

  test('a claimed score has no artifact', async () => {
    const ledger = join(temporaryFolder(), 'ledger.jsonl');
    const out = await scored({ ledger });
    const targets = join(out, 'targets.f32');
    const { docs } = fixture;
    const claim = await scoreClaimed({ ledger, targets, docs, tokenizer: 'byte260' });
    const file = join(temporaryFolder(), 'claim.json');
    writeFileSync(file, JSON.stringify(claim));
    const error = await refused({}, file);
    expect(error).toMatchObject({ code: 'BPB_USAGE_VERIFY', exitCode: 2, path: '--artifact' });
    const report = await verify({ result: file });
    expect([report.verdict, report.result.evidence]).toEqual(['claimed', 'claimed']);
    expect(report.checks).toContainEqual(
      expect.objectContaining({ name: 'targets', verdict: 'pass' }),
    );
    // Its nats are other ones now.
    writeFileSync(targets, readFileSync(targets).fill(0, 8, 12));
    const { checks } = await verify({ result: file });
    const wrong = checks.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);
    expect(wrong).toEqual(['files', 'targets']);
  });
});

describe('forged so that every figure follows', () => {
  /** The result of a better model under the name of the fixture's. */
  async function forged(scale = 0.99): Promise<string> {
    const path = join(temporaryFolder(), 'better.onnx');
    const better = fixture.table.map((logit) => logit * scale);
    writeFileSync(path, tableModel(better, VOCABULARY));
    const out = await scored({ artifact: path, tokenizer: 'byte260' });
    return bend(out, (result) => {
      result.artifact = resultOf(run).artifact;
      result.identity = identityOf(result);
    });
  }

  test('its own files agree; the rows of the artifact do not', async () => {
    const out = await forged();
    expect((await verify({ result: out })).verdict).toBe('claimed');
    expect(await failing(out, { rows: 2 })).toEqual(['rows']);
    rmSync(join(out, 'targets.f32'));
    expect(await failing(out, { rows: 2 })).toEqual(['rows']);
  });

  test('a looser precision is not taken from the result', async () => {
    for (const precision of ['fp16', 'tf32']) {
      const out = bend(copyOf(run), (result) => {
        result.engine.precision = precision;
        result.identity = identityOf(result);
      });
      expect(await failing(out)).toEqual(['rows']);
    }
  });

  test('nor is the rounding of an optimization that favours one side', async () => {
    const out = bend(await forged(0.9995), (result) => {
      result.optimization = {
        ...{ precision: 'fp16', verdict: 'pass', model_sha256: 'a'.repeat(64), rewrites: [] },
        ...{ targets: 16_384 },
        ...{ mean_nats_difference: 2e-5, mean_abs_nats: 1e-3, tolerance_nats: 1e-4 },
      };
      result.engine.precision = 'fp16';
      result.identity = identityOf(result);
    });
    const { checks, rows } = await check(out, { rows: 10_000 });
    expect(rows!.mean_abs_nats).toBeLessThan(5e-3);
    const wrong = checks.filter(({ verdict }) => verdict === 'fail');
    expect(wrong.map(({ name }) => name)).toEqual(['rows']);
    expect(wrong[0]!.note).toContain('to one side');
  });

  test('of an artifact in bf16 neither, whose own result is confirmed', async () => {
    const to = (type: number) => ({ to: { int: type } });
    const brain = (scale: number) => {
      const path = join(temporaryFolder(), 'brain.onnx');
      const build = (g: GraphBuilder) => {
        const ids = g.op('Cast', ['input_ids'], to(TYPE.float32));
        const none = g.op('Cast', [g.op('Mul', [ids, g.scalar(0)])], to(TYPE.bfloat16));
        const zeros = g.op('Unsqueeze', [g.op('Cast', [none], to(TYPE.float32)), g.ints([2])]);
        const logits = fixture.table.map((logit) => logit * scale);
        return g.op('Add', [lookup(g, logits), zeros]);
      };
      writeFileSync(path, byteModel(build));
      return path;
    };
    const artifact = brain(1);
    const own = await scored({ artifact, tokenizer: 'byte260', optimize: true });
    expect(resultOf(own).optimization!.precision).toBe('bf16');
    expect((await check(own, { artifact })).verdict).toBe('confirmed');
    const better = await scored({ artifact: brain(0.9995), tokenizer: 'byte260', optimize: true });
    const out = bend(better, (result) => {
      result.artifact = resultOf(own).artifact;
      result.identity = identityOf(result);
    });
    const { rows, checks } = await check(out, { artifact, rows: 10_000 });
    expect(rows!.mean_abs_nats).toBeLessThan(5e-3);
    const wrong = checks.filter(({ verdict }) => verdict === 'fail');
    expect(wrong.map(({ name }) => name)).toEqual(['rows']);
    expect(wrong[0]!.note).toContain('to one side');
  });

  test('a precision that a rewrite does not give', async () => {
    const out = bend(copyOf(run), (result) => {
      result.optimization = {
        ...{ precision: 'bf16', verdict: 'pass', model_sha256: 'a'.repeat(64), rewrites: [] },
        ...{ targets: 16_384 },
        ...{ mean_nats_difference: 2e-5, mean_abs_nats: 1e-3, tolerance_nats: 1e-4 },
      };
      result.identity = identityOf(result);
    });
    expect(await failing(out)).toEqual(['rows']);
  });

  test('bytes moved from one document to another', async () => {
    const rows = csvOf(run);
    const moved = (row: string[], by: number) => row.with(3, String(Number(row[3]) + by));
    const text = csvText([
      rows[0]!,
      moved(rows[1]!, 9),
      ...rows.slice(2, 4),
      moved(rows[4]!, -9),
      ...rows.slice(5),
    ]);
    const out = replaceTable(copyOf(run), 'documents.csv', text);
    expect(await failing(out)).toEqual(expect.arrayContaining(['bytes']));
  });

  test('nats moved from one document to another', async () => {
    const rows = csvOf(run);
    const by = 10n ** 9n;
    const moved = (row: string[], nats: bigint) => row.with(2, String(BigInt(row[2]!) + nats));
    const text = csvText([
      rows[0]!,
      moved(rows[1]!, by),
      ...rows.slice(2, 4),
      moved(rows[4]!, -by),
      ...rows.slice(5),
    ]);
    const out = replaceTable(copyOf(run), 'documents.csv', text);
    expect(await failing(out)).toEqual(expect.arrayContaining(['document-nats']));
  });

  test('a part that says it is another one; a window, documents or ports of another run', async () => {
    const part = await scored({ part: [1, 3], batchTokens: 64 });
    expect((await check(part)).verdict).toBe('confirmed');
    const edits: ((result: Bent) => unknown)[] = [
      (r) => (r.coverage.part = [2, 3]),
      (r) => (r.window.seqLen = 16),
      (r) => (r.window.tail = 'score'),
      (r) => (r.engine.inputs = { mask: { kind: 'ones', by: 'name' } }),
      (r) => (r.totals.documents_lossy = 5),
      (r) => (r.artifact.bytes_counted = 1),
      (r) => (r.artifact.within_limit = true),
    ];
    for (const edit of edits) {
      const bent = bend(copyOf(part), (result) => {
        edit(result);
        result.identity = identityOf(result);
      });
      const names = await failing(bent);
      expect(names.some((name) => ['stream', 'bytes', 'places'].includes(name))).toBe(true);
    }
  });
});

describe('what the harness itself wrote is confirmed', () => {
  const runs: readonly [string, () => Partial<ScoreOptions>][] = [
    ['a scored tail', () => ({ tail: 'score' })],
    ['sliding windows', () => ({ window: 'sliding', stride: 5 })],
    [
      'the historical evaluator',
      () => ({ window: 'sliding', stride: 5, compat: 'sliding-2026-03-19' }),
    ],
    ['document windows', () => ({ window: 'document' })],
    ['the first documents', () => ({ limitDocs: 7 })],
    ['shards', () => ({ data: [fixture.shards] })],
    ['shards with their documents', () => ({ data: [fixture.shards], docs: fixture.docs })],
    ['the first documents of shards', () => ({ data: [fixture.shards], limitDocs: 7 })],
    ['a part', () => ({ part: [2, 3], batchTokens: 64 })],
    ['a part of document windows', () => ({ part: [2, 3], batchTokens: 64, window: 'document' })],
    ['no id between documents', () => ({ documentStart: 'none', docs: fixture.docs })],
    ['an optimized model', () => ({ optimize: true })],
  ];

  test.each(runs)('%s', async (name, options) => {
    const out = await scored(options());
    const report = await check(out);
    expect([report.why, report.verdict]).toEqual([report.why, 'confirmed']);
    expect(report.rows!.targets).toBeGreaterThan(0);
    // By document: where rows cross them, where they do not, and where a target is scored twice.
    if (!/tail|historical|a part of/.test(name)) return;
    rmSync(join(out, 'targets.f32'));
    const byDocument = await check(out, { rows: 3 });
    expect([byDocument.why, byDocument.verdict]).toEqual([byDocument.why, 'confirmed']);
    expect(byDocument.rows).toMatchObject({ unit: 'documents', drawn: 3 });
  });

  test.each([
    ['document', 'document'],
    ['never', 'chunk'],
    ['never', 'document'],
  ] as const)('state that resets at %s, %s windows', async (reset, window) => {
    const artifact = join(temporaryFolder(), 'counts');
    mkdirSync(artifact);
    writeCounts(artifact, { chunk: 8, reset, window });
    const { docs } = fixture;
    const out = await scored({ artifact, docs, window: undefined, seqLen: undefined });
    const report = await check(out, { artifact, rows: 4 });
    expect([report.why, report.verdict]).toEqual([report.why, 'confirmed']);
    expect(report.rows!.scored).toBeGreaterThanOrEqual(4);
  });

  test('without a table of nats there is nothing to compare: claimed', async () => {
    const out = copyOf(run);
    rmSync(join(out, 'targets.f32'));
    rmSync(join(out, 'documents.csv'));
    const report = await check(out);
    expect(report.verdict).toBe('claimed');
    expect(report.why).toContain('no nats to compare with');
  });
});

describe('the sample', () => {
  test('is drawn afresh, recorded, and drawn again by its seed', async () => {
    const [one, two] = [await check(run, { rows: 3 }), await check(run, { rows: 3 })];
    expect(one.rows!.seed).not.toBe(two.rows!.seed);
    const again = await check(run, { rows: 3, seed: one.rows!.seed });
    expect(again.rows).toEqual(one.rows);
  });

  test('bounds what it says of the others, and says nothing where all were compared', async () => {
    const some = await check(run, { rows: 8 });
    expect(some.rows!.differ_at_most).toBeCloseTo(1 - 0.01 ** (1 / 8), 12);
    const all = await check(run, { rows: 10_000 });
    const rows = Math.floor((byteStream(fixture.texts).length - 1) / 32);
    expect(all.rows).toMatchObject({ drawn: rows, of: rows, differ_at_most: 0 });
    expect(all.why).toContain(`${rows} of ${rows} rows scored again agree`);
    expect(all.rows!.targets).toBe(resultOf(run).totals.targets);
  });
});
