import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { onnxModel } from '#bpb/onnx/writer';
import { score } from '#bpb/score/score';
import { normals, tableGraph, tableModel } from '../helpers/models.js';
import {
  type ScoreFixture,
  scoreFixture,
  tableNats,
  VOCABULARY,
} from '../helpers/score-fixture.js';

const byte260 = { tokenizer: 'byte260', window: 'chunk', seqLen: 32, verifyRows: 0 } as const;

describe('against closed forms and float64', () => {
  test('a uniform model costs log2(V) bits a target, whatever comes', async () => {
    const { model, docs, ids, texts } = await scoreFixture({
      table: new Float32Array(VOCABULARY ** 2),
    });
    const { score: s, totals } = await score({ ...byte260, artifact: model, docs, tail: 'score' });
    // nats are rounded to fp32 once a target: 2^-24 relative.
    expect(Math.abs(s.val_loss! / Math.log(VOCABULARY) - 1)).toBeLessThan(2 ** -24);
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(totals.bytes).toEqual({ lut: bytes, sidecar: null, decoded: bytes, original: bytes });
    const closed = (Math.log2(VOCABULARY) * (ids.length - 1)) / bytes;
    expect(Math.abs(s.val_bpb! / closed - 1)).toBeLessThan(2 ** -23);
    expect(s.bpb_original).toBe(s.val_bpb);
  });

  test.each([
    ['chunk', null],
    ['sliding', 5],
    ['document', null],
    ['document', 7],
  ] as const)('%s, stride %s: totals within 1e-7 of float64', async (window, stride) => {
    const { model, docs, ids, table } = await scoreFixture();
    const options: ScoreOptions = { ...byte260, artifact: model, docs, window };
    if (stride !== null) options.stride = stride;
    const { totals, coverage } = await score(options);
    // The table sees one token of context, so every window gives each target the same nats.
    const skipped = coverage.skipped.reduce((sum, skip) => sum + skip.targets, 0);
    let nats = 0;
    for (let i = 1; i < ids.length - skipped; i++) nats += tableNats(table, ids[i - 1]!, ids[i]!);
    expect(coverage.scored + skipped).toBe(ids.length - 1);
    expect(totals.targets).toBe(coverage.scored);
    expect(Math.abs(totals.nats / nats - 1)).toBeLessThan(1e-7);
  });

  test('a softcap of the manifest is applied by the harness', async () => {
    const { model, docs, ids, table, folder } = await scoreFixture({
      table: normals(VOCABULARY ** 2, 3, 40),
    });
    const manifest = {
      format: 'bpb-artifact/1',
      name: 'capped',
      model: { path: 'table.onnx', softcap: 30 },
      tokenizer: { kind: 'byte260' },
      evaluation: { window: 'chunk', seqLen: 16, tail: 'score' },
      counted: ['table.onnx'],
    };
    writeFileSync(join(folder, 'artifact.json'), JSON.stringify(manifest));
    const result = await score({ artifact: folder, docs });
    const capped = table.map((x) => 30 * Math.tanh(x / 30));
    let nats = 0;
    for (let i = 1; i < ids.length; i++) nats += tableNats(capped, ids[i - 1]!, ids[i]!);
    expect(Math.abs(result.totals.nats / nats - 1)).toBeLessThan(1e-7);
    expect(result.artifact).toMatchObject({
      within_limit: null,
      bytes_counted: readFileSync(model).length,
    });
    expect(result.verification.verdict).toBe('pass');
  });
});

describe('the same to the last bit', () => {
  const exact = async (w: ScoreFixture, over: Partial<ScoreOptions>) =>
    (await score({ ...byte260, artifact: w.model, docs: w.docs, ...over })).totals.nats_q30;

  test('for any workers, threads and batch size', async () => {
    const w = await scoreFixture();
    const reference = await exact(w, {});
    const others = [
      { workers: 1, threads: 2 },
      { workers: 2, threads: 1 },
      { workers: 4, threads: 1, batchTokens: 64 },
      { batchTokens: 1 },
      { batchTokens: 100_000 },
    ];
    for (const over of others) expect([over, await exact(w, over)]).toEqual([over, reference]);
  });

  test('for shards as for the documents they were made from', async () => {
    const w = await scoreFixture();
    expect(await exact(w, { docs: undefined, data: [w.shards] })).toBe(await exact(w, {}));
    const both = await score({ ...byte260, artifact: w.model, data: [w.shards], docs: w.docs });
    expect(both.totals.documents_lossy).toBe(0);
    expect(both.data.shards.map((shard) => shard.tokens).reduce((a, b) => a + b)).toBe(
      w.ids.length,
    );
  });

  test('parts add up to the whole', async () => {
    const w = await scoreFixture();
    const over = { batchTokens: 96 } as const;
    const parts = await Promise.all(
      (
        [
          [1, 3],
          [2, 3],
          [3, 3],
        ] as const
      ).map((part) => score({ ...byte260, artifact: w.model, docs: w.docs, ...over, part })),
    );
    const sum = parts.reduce((total, part) => total + BigInt(part.totals.nats_q30), 0n);
    expect(String(sum)).toBe(await exact(w, over));
    expect(parts.every((part) => part.coverage.partial)).toBe(true);
  });

  test('a part without a batch has no score, and says why', async () => {
    const w = await scoreFixture();
    const empty = { ...byte260, artifact: w.model, docs: w.docs, part: [1, 100_000] } as const;
    const result = await score(empty);
    expect(result.totals.targets).toBe(0);
    expect(result.score).toMatchObject({ val_loss: null, val_bpb: null, bits_per_token: null });
    expect(result.status).toBe('withheld');
    expect(result.findings).toMatchObject([{ id: 'no-targets', severity: 'fail' }]);
  });

  test('onnx-js gives the same to 1e-6', async () => {
    const w = await scoreFixture();
    const [native, js] = await Promise.all(
      (['onnx-cpu', 'onnx-js'] as const).map((engine) =>
        score({ ...byte260, artifact: w.model, docs: w.docs, engine }),
      ),
    );
    expect(js!.engine.name).toBe('onnx-js');
    expect(Math.abs(native!.score.val_bpb! / js!.score.val_bpb! - 1)).toBeLessThan(1e-6);
  });

  test('score identity outlives a batch size, bit identity does not', async () => {
    const w = await scoreFixture();
    const a = await score({ ...byte260, artifact: w.model, docs: w.docs });
    const b = await score({ ...byte260, artifact: w.model, docs: w.docs, batchTokens: 64 });
    const c = await score({ ...byte260, artifact: w.model, docs: w.docs, seqLen: 16 });
    expect(b.identity.score).toBe(a.identity.score);
    expect(b.identity.bits).not.toBe(a.identity.bits);
    expect(c.identity.score).not.toBe(a.identity.score);
  });
});

describe('shapes and types of others', () => {
  test('fixed axes are honoured by padding', async () => {
    const w = await scoreFixture();
    const free = await score({ ...byte260, artifact: w.model, docs: w.docs, tail: 'score' });
    writeFileSync(w.model, tableModel(w.table, VOCABULARY, { dims: [4, 32], input: 'int32' }));
    const fixed = await score({
      ...byte260,
      artifact: w.model,
      docs: w.docs,
      tail: 'score',
      batchTokens: 128,
    });
    expect(fixed.totals.nats_q30).toBe(free.totals.nats_q30);
  });

  test('fp16 logits score as fp16 says, and the verification agrees', async () => {
    const w = await scoreFixture();
    writeFileSync(w.model, tableModel(w.table, VOCABULARY, { output: 'float16' }));
    const result = await score({ ...byte260, artifact: w.model, docs: w.docs, verifyRows: 3 });
    expect(result.engine.precision).toBe('fp16');
    expect(result.verification).toMatchObject({ verdict: 'pass', rows: 3, tolerance_nats: 1e-3 });
  });

  test('bf16 logits score, and are verified as what they are in fp32', async () => {
    const w = await scoreFixture();
    writeFileSync(w.model, tableModel(w.table, VOCABULARY, { output: 'bfloat16' }));
    const result = await score({ ...byte260, artifact: w.model, docs: w.docs, verifyRows: 3 });
    expect(result.engine.precision).toBe('bf16');
    expect(result.verification).toMatchObject({ verdict: 'pass', rows: 3, tolerance_nats: 1e-3 });
    expect(result.verification.note).toMatch(/bf16 logits are cast to fp32/);
  });
});

describe('a number that cannot be trusted is not given', () => {
  test('probability zero for a target: no score, and where the first one is', async () => {
    const table = normals(VOCABULARY ** 2, 1, 2);
    const w = await scoreFixture({ table });
    const [previous, target] = [w.ids[200]!, w.ids[201]!];
    table[previous * VOCABULARY + target] = Number.NEGATIVE_INFINITY;
    writeFileSync(w.model, tableModel(table, VOCABULARY));
    const result = await score({ ...byte260, artifact: w.model, docs: w.docs, tail: 'score' });
    const first = w.ids.findIndex((id, i) => i > 0 && id === target && w.ids[i - 1] === previous);
    const times = w.ids.filter((id, i) => i > 0 && id === target && w.ids[i - 1] === previous);
    expect(result.score).toMatchObject({
      val_bpb: null,
      val_loss: null,
      first_infinite: first,
      infinite_targets: times.length,
    });
    expect(result.findings).toMatchObject([{ id: 'infinite-targets', severity: 'fail' }]);
    expect(result.findings[0]!.message).toContain(`at stream position ${first}`);
  });

  test('a model that answers differently each time loses its headline', async () => {
    const graph = tableGraph(normals(VOCABULARY ** 2, 1, 2), VOCABULARY, { outputName: 'quiet' });
    const noise = { op: 'RandomNormalLike', inputs: ['quiet'], outputs: ['noise'] };
    const add = { op: 'Add', inputs: ['quiet', 'noise'], outputs: ['logits'] };
    const model = onnxModel({
      ...graph,
      nodes: [...graph.nodes, noise, add],
      outputs: [{ ...graph.outputs[0]!, name: 'logits' }],
    });
    const w = await scoreFixture({ model });
    const result = await score({ ...byte260, artifact: w.model, docs: w.docs, verifyRows: 2 });
    expect(result.verification.verdict).toBe('fail');
    expect(result.score).toMatchObject({ val_bpb: null, stderr_bpb: null, ci95_bpb: null });
    expect(result.status).toBe('withheld');
    expect(result.findings[0]).toMatchObject({ id: 'verification-failed', severity: 'fail' });
    expect(result.score.val_loss).toBeCloseTo(result.totals.nats / result.totals.targets, 12);
    expect(result.totals.targets).toBeGreaterThan(0);
  });

  test('--limit-docs is a partial score, and says so', async () => {
    const w = await scoreFixture();
    const some = await score({
      ...byte260,
      artifact: w.model,
      docs: w.docs,
      limitDocs: 10,
      window: 'document',
    });
    const same = await score({
      ...byte260,
      artifact: w.model,
      data: [w.shards],
      docs: w.docs,
      limitDocs: 10,
      window: 'document',
    });
    expect(some.coverage).toMatchObject({ partial: true, documents: 10 });
    expect(same.totals.nats_q30).toBe(some.totals.nats_q30);
    expect(same.totals.bytes.original).toBe(some.totals.bytes.original);
    const all = await score({ ...byte260, artifact: w.model, docs: w.docs, limitDocs: 40 });
    expect(all.coverage.documents).toBe(40);
  });

  test('an aborted run gives nothing', async () => {
    const w = await scoreFixture();
    const controller = new AbortController();
    const run = score({
      ...byte260,
      artifact: w.model,
      docs: w.docs,
      batchTokens: 32,
      signal: controller.signal,
      onProgress: ({ phase, done }) => {
        if (phase === 'score' && done > 0) controller.abort();
      },
    });
    await expect(run).rejects.toMatchObject({ code: 'BPB_INTERRUPTED', exitCode: 130 });
  });
});

describe('--out', () => {
  test('its tables add up to its result, target by target', async () => {
    const w = await scoreFixture();
    const out = join(w.folder, 'out');
    const options: ScoreOptions = {
      ...byte260,
      artifact: w.model,
      docs: w.docs,
      out,
      saveTargets: true,
    };
    const result = await score({ ...options, batchTokens: 96 });
    expect(JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'))).toEqual(result);

    const [header, ...rows] = readFileSync(join(out, 'documents.csv'), 'utf8').trim().split('\n');
    expect(header).toBe(
      'document,targets,nats_q30,bytes_lut,bytes_sidecar,bytes_decoded,bytes_original,complete',
    );
    const cells = rows.map((row) => row.split(','));
    const sum = (column: number) => cells.reduce((total, row) => total + Number(row[column]), 0);
    expect(sum(1)).toBe(result.totals.targets);
    expect(String(cells.reduce((total, row) => total + BigInt(row[2]!), 0n))).toBe(
      result.totals.nats_q30,
    );
    expect(sum(3)).toBe(result.totals.bytes.lut);
    expect(sum(6)).toBe(result.totals.bytes.original);
    // The tail cuts the last documents; all others are whole.
    expect(cells[0]!.at(-1)).toBe('true');

    const targets = new Float32Array(readFileSync(join(out, 'targets.f32')).buffer.slice(0));
    expect(targets).toHaveLength(w.ids.length - 1);
    const scored = targets.filter((nats) => !Number.isNaN(nats));
    expect(scored).toHaveLength(result.totals.targets);
    const q30 = scored.reduce((total, nats) => total + Math.round(nats * 2 ** 30), 0);
    expect(q30).toBe(Number(result.totals.nats_q30));

    const journal = readFileSync(join(out, 'journal.jsonl'), 'utf8').trim().split('\n').slice(1);
    const entries = journal.map(
      (line) => JSON.parse(line) as { runs: [number, number, number, string][] },
    );
    const journaled = entries.flatMap(({ runs }) => runs.map((run) => BigInt(run[3])));
    expect(String(journaled.reduce((a, b) => a + b, 0n))).toBe(result.totals.nats_q30);
  });

  test('a directory that holds a run is not written to again', async () => {
    const w = await scoreFixture();
    const options = { ...byte260, artifact: w.model, docs: w.docs, out: join(w.folder, 'out') };
    await score(options);
    await expect(score(options)).rejects.toMatchObject({ code: 'BPB_OUT_IN_USE', exitCode: 2 });
  });

  test('a directory that cannot be made is the environment’s fault', async () => {
    const w = await scoreFixture();
    const run = score({ ...byte260, artifact: w.model, docs: w.docs, out: join(w.docs, 'out') });
    await expect(run).rejects.toMatchObject({ code: 'BPB_WRITE_FAILED', exitCode: 4 });
  });
});
