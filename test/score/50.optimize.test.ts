/** `--optimize` in a whole run: its flags, its proof, what a failed one takes away, and the record. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import type { Dim } from '#bpb/onnx/port';
import type { Progress } from '#bpb/progress';
import { PROOF_ROWS_MAX, PROOF_TARGETS, proofRows } from '#bpb/score/optimize-run';
import { score } from '#bpb/score/score';
import { bpb } from '../helpers/command.js';
import { noFakeGpu, withFakeGpu } from '../helpers/fake-gpu.js';
import { languageModel } from '../helpers/language-model.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const CAP = 3;
const common = { tokenizer: 'byte260', window: 'chunk', seqLen: 16, device: 'cpu' } as const;

async function options(
  more: Partial<ScoreOptions> = {},
  model: { cap?: number; dims?: readonly [Dim, Dim] } = { cap: CAP },
): Promise<ScoreOptions> {
  const w = await scoreFixture({ model: languageModel(model) });
  return { artifact: w.model, docs: w.docs, ...common, ...more };
}

describe('refused', () => {
  test.each([
    [{ optimizeTolerance: 1e-3 }, 'BPB_USAGE_OPTIMIZE', 2],
    [{ precision: 'fp16' }, 'BPB_USAGE_OPTIMIZE', 2],
    [{ optimize: true, optimizeTolerance: 0 }, 'BPB_OPTIMIZE_TOLERANCE', 2],
    [{ optimize: true, optimizeTolerance: Number.NaN }, 'BPB_OPTIMIZE_TOLERANCE', 2],
  ] as const)('%j', async (more, code, exitCode) => {
    // Before anything is opened: the artifact is not there.
    const error = await refusalOf(() => score({ ...common, artifact: 'nowhere.onnx', ...more }));
    expect(error).toMatchObject({ code, exitCode });
  });

  test('a model whose own axes are shorter than the rows', async () => {
    const error = await refusalOf(async () =>
      score(await options({ optimize: true }, { dims: ['batch', 8] })),
    );
    expect(error).toMatchObject({ code: 'BPB_MODEL_AXES', exitCode: 3 });
    expect(error.hint).toContain('--seq-len 8');
  });

  test.each(['0', '1e', '-1e-4', '1e999'])('--optimize-tolerance %s', async (text) => {
    const { code } = await bpb('score', 'x.onnx', '--optimize', '--optimize-tolerance', text);
    expect(code).toBe(2);
  });
});

describe('on the CPU', () => {
  test('operators of our own: where the engine has them; else the result says so', async () => {
    const native = await score(await options({ optimize: true, threads: 1 }));
    expect(native.optimization!.rewrites.map(({ name }) => name)).toContain('sum-norm');
    const given = await options({ optimize: true, threads: 1, engine: 'onnx-js' });
    const { optimization } = await score(given);
    expect(optimization!.rewrites.map(({ name }) => name)).not.toContain('sum-norm');
    expect(optimization).toMatchObject({
      verdict: 'pass',
      skipped: expect.arrayContaining(['own operators: onnx-js runs none']),
    });
    expect(native.optimization!.skipped.join()).not.toContain('own operators');
  });

  test('fp32: the same score, proved on rows of the run and verified on the original', async () => {
    const plain = await score(await options());
    const phases: string[] = [];
    const onProgress = ({ phase, done, total }: Progress) =>
      phases.push(`${phase} ${done}/${total}`);
    const result = await score(await options({ optimize: true, threads: 1, onProgress }));
    const { rows } = result.optimization!;
    expect(phases).toContain(`prove ${rows}/${rows}`);
    const rewriting = phases.indexOf('rewrite 0/null');
    expect(phases.indexOf('load 0/null')).toBe(rewriting + 1);
    expect(rewriting).toBeGreaterThan(-1);
    expect(plain.optimization).toBeNull();
    expect(result.optimization).toMatchObject({
      verdict: 'pass',
      precision: 'fp32',
      softcap: CAP,
      skipped: [],
      tolerance_nats: 1e-4,
    });
    const names = result.optimization!.rewrites.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['rms-norm', 'softcap-to-scorer']));
    // fp32 sums in another order.
    expect(Math.abs(result.optimization!.mean_nats_difference!)).toBeLessThan(1e-6);
    // The original's softcap is in its graph: applied by the scorer as well it would not pass.
    expect(result.verification).toMatchObject({ verdict: 'pass', tolerance_nats: 1e-5 });
    expect(Math.abs(result.score.val_loss! - plain.score.val_loss!)).toBeLessThan(1e-6);
    expect(result.engine.precision).toBe('fp32');
    expect(result.identity.score).toBe(plain.identity.score);
    expect(result.identity.bits).not.toBe(plain.identity.bits);
    const again = await score(await options({ optimize: true, threads: 1, workers: 1 }));
    expect(again.totals).toEqual(result.totals);
    expect(again.identity).toEqual(result.identity);
  });

  test('fp16: recorded as such, and its verification stays in fp32', async () => {
    const result = await score(await options({ optimize: true, precision: 'fp16' }));
    expect(result.optimization).toMatchObject({ verdict: 'pass', precision: 'fp16' });
    expect(result.engine.precision).toBe('fp16');
    const { mean_abs_nats, tolerance_nats, verdict } = result.verification;
    expect([verdict, tolerance_nats]).toEqual(['pass', 5e-3]);
    // What rounding to halves does; two opinions on the same halves would agree to 1e-6.
    expect(mean_abs_nats).toBeGreaterThan(2e-5);
    expect(result.optimization!.mean_abs_nats).toBeGreaterThan(2e-5);
    expect(result.optimization!.standard_error_nats).toBeLessThan(1e-4);
  });

  test('a softcap that the manifest leaves to the harness stays there, once', async () => {
    const w = await scoreFixture({ model: languageModel() });
    const manifest = {
      format: 'bpb-artifact/1',
      name: 'capped',
      model: { path: 'table.onnx', softcap: CAP },
      tokenizer: { kind: 'byte260' },
      evaluation: { window: 'sliding', seqLen: 16, stride: 5, tail: 'score' },
      counted: ['table.onnx'],
    };
    writeFileSync(join(w.folder, 'artifact.json'), JSON.stringify(manifest));
    const given = { artifact: w.folder, docs: w.docs, device: 'cpu' };
    const plain = await score(given);
    const result = await score({ ...given, optimize: true });
    expect(result.optimization).toMatchObject({ verdict: 'pass', softcap: null });
    expect(result.verification.verdict).toBe('pass');
    expect(Math.abs(result.score.val_loss! - plain.score.val_loss!)).toBeLessThan(1e-6);
  });

  test('rows of document windows, shorter than the axis that was fixed', async () => {
    const window = { window: 'document', stride: 7 } as const;
    const plain = await score(await options(window));
    const result = await score(await options({ ...window, optimize: true }));
    expect(result.optimization!.verdict).toBe('pass');
    const names = result.optimization!.rewrites.map(({ name }) => name);
    expect(names).toContain('scored-positions');
    expect(result.coverage).toEqual(plain.coverage);
    expect(Math.abs(result.score.val_loss! - plain.score.val_loss!)).toBeLessThan(1e-6);
  });

  test('logits that are no distribution: the place in the stream, also by scored positions', async () => {
    const w = await scoreFixture({ model: languageModel({ broken: 4 + 'z'.charCodeAt(0) }) });
    // The stream: BOS, then bytes; rows of 16 with a stride of 5 score their last 5 targets.
    const text = `${'a'.repeat(40)}z${'a'.repeat(40)}`;
    writeFileSync(w.docs, `${JSON.stringify({ text })}\n`);
    const sliding = { ...common, window: 'sliding', stride: 5 } as const;
    for (const optimize of [false, true]) {
      const given = { ...sliding, artifact: w.model, docs: w.docs, optimize };
      const error = await refusalOf(() => score(given));
      expect(error).toMatchObject({ code: 'BPB_NAN_LOGITS', exitCode: 3 });
      expect(error.message).toContain('(row 6 of the plan, stream position 41, document 0)');
    }
  });

  test('in fp16 that says what fp16 ends at, and the way out', async () => {
    const w = await scoreFixture({ model: languageModel({ broken: 4 + 'a'.charCodeAt(0) }) });
    const given = { ...common, artifact: w.model, docs: w.docs, optimize: true };
    const hint = async (precision: 'fp16' | 'fp32') =>
      (await refusalOf(() => score({ ...given, precision }))).hint;
    expect(await hint('fp16')).toMatch(/fp16, which ends at 65504.*--precision fp32/);
    expect(await hint('fp32')).toBe('Look for an overflow in the exported graph.');
  });

  test('a failed proof: totals, but no headline and exit 1', async () => {
    const w = await scoreFixture({ model: languageModel() });
    const flags = [
      '--tokenizer',
      'byte260',
      '--docs',
      w.docs,
      '--window',
      'chunk',
      '--seq-len',
      '16',
    ];
    const strict = ['--optimize', '--precision', 'fp16', '--optimize-tolerance', '1e-9'];
    const place = ['--device', 'cpu', '--quiet'];
    const json = await bpb('score', w.model, ...flags, ...strict, ...place, '--json');
    expect(json.code).toBe(1);
    const result = JSON.parse(json.stdout);
    expect(result.optimization).toMatchObject({ verdict: 'fail', tolerance_nats: 1e-9 });
    expect(result.verification.verdict).toBe('pass');
    expect(result.score).toMatchObject({ val_bpb: null, bpb_original: null, ci95_bpb: null });
    expect(result.score.val_loss).toBeGreaterThan(0);
    const text = await bpb('score', w.model, ...flags, ...strict, ...place);
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(/no score .*\n {2}fail {2}the optimized model is not proved/);
    const { hint } = result.findings.find(({ id }: { id: string }) => id === 'optimization-failed');
    expect(hint).toBe('give --precision fp32 with --optimize, or score without it');
    expect(text.stdout).toMatch(/optimized +fail: mean difference [+-]\d\.\de-\d nats over/);
  });
});

describe('how many rows prove it', () => {
  test.each([
    ['enough targets in whole rows', 'fp32', 1000, 512_000, 4],
    ['fp16 wants more of them', 'fp16', 1000, 512_000, 32],
    ['all rows of a small run', 'fp16', 3, 48, 3],
    ['no more than a bound where a row scores little', 'fp16', 100_000, 1_600_000, PROOF_ROWS_MAX],
    ['none of nothing', 'fp32', 0, 0, 0],
  ] as const)('%s', (_, precision, rows, targets, count) => {
    expect(proofRows(precision, rows, targets)).toBe(count);
  });

  test('stride 64 in fp16 stays within the bound', () => {
    expect(proofRows('fp16', 10_000, 640_000) * 64).toBe(PROOF_TARGETS.fp16);
  });
});

describe.skipIf(noFakeGpu !== '')(`on stand-ins${noFakeGpu && ` (${noFakeGpu})`}`, () => {
  const gpuOptions = async (ortLib: string, more: Partial<ScoreOptions> = {}) =>
    options({ ...more, ortLib, device: undefined, optimize: true, batchTokens: 64 });

  test('a GPU takes fp16 by default', () =>
    withFakeGpu({}, async (gpu) => {
      const result = await score(await gpuOptions(gpu.runtime));
      expect(result.engine).toMatchObject({ name: 'onnx-cuda', precision: 'fp16', batch: [4, 16] });
      expect(result.optimization).toMatchObject({ verdict: 'pass', precision: 'fp16' });
      expect(result.verification.verdict).toBe('pass');
      const fp32 = await score(await gpuOptions(gpu.runtime, { precision: 'fp32' }));
      expect(fp32.engine.precision).toBe('fp32');
      expect(fp32.optimization).toMatchObject({ verdict: 'pass', precision: 'fp32' });
      const tf32 = await score(await gpuOptions(gpu.runtime, { precision: 'tf32' }));
      expect(tf32.engine.precision).toBe('tf32');
      expect(tf32.optimization!.precision).toBe('fp32');
    }));

  test.each(['sliding', 'document'] as const)(
    '%s windows of a stride, by scored positions',
    (window) =>
      withFakeGpu({}, async (gpu) => {
        const more = { window, stride: 3, precision: 'fp32' } as const;
        const plain = await score(await options({ window, stride: 3 }));
        const result = await score(await gpuOptions(gpu.runtime, more));
        const names = result.optimization!.rewrites.map(({ name }) => name);
        expect(names).toContain('scored-positions');
        expect(result.optimization!.verdict).toBe('pass');
        expect(result.verification.verdict).toBe('pass');
        expect(result.coverage).toEqual(plain.coverage);
        expect(Math.abs(result.score.val_loss! - plain.score.val_loss!)).toBeLessThan(1e-5);
      }),
  );

  test('logits that fp16 has lost name fp16', () =>
    withFakeGpu({}, async (gpu) => {
      const w = await scoreFixture({ model: languageModel({ broken: 4 + 'a'.charCodeAt(0) }) });
      const given = await gpuOptions(gpu.runtime);
      const refusal = await refusalOf(() => score({ ...given, artifact: w.model, docs: w.docs }));
      expect(refusal).toMatchObject({ code: 'BPB_NAN_LOGITS', exitCode: 3 });
      expect(refusal.hint).toMatch(/fp16, which ends at 65504.*--precision fp32/);
    }));

  test('memory that runs out halves the rows of a rewritten model too', () =>
    withFakeGpu({ FAKE_GPU_ROWS_MAX: '3' }, async (gpu) => {
      const result = await score(await gpuOptions(gpu.runtime));
      expect(result.engine.batch).toEqual([2, 16]);
      expect(result.optimization!.verdict).toBe('pass');
    }));

  test('a GPU that auto passes over: the CPU gets fp32, and the note stays', () =>
    withFakeGpu({ FAKE_GPU_CPU_NODES: '1' }, async (gpu) => {
      const result = await score(await gpuOptions(gpu.runtime));
      expect(result.engine).toMatchObject({ name: 'onnx-cpu', precision: 'fp32' });
      expect(result.optimization).toMatchObject({ verdict: 'pass', precision: 'fp32' });
      expect(result.notes).toEqual([
        expect.stringMatching(/^onnx-cuda is not available: on the CPU/),
      ]);
      const asked = await score(await gpuOptions(gpu.runtime, { precision: 'fp16' }));
      expect(asked.engine).toMatchObject({ name: 'onnx-cpu', precision: 'fp16' });
    }));
});
