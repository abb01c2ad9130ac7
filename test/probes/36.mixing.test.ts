/**
 * Honest models whose rounding later tokens reach, and leaks as faint: warned of alike, and named. What is
 * stronger fails; what chance hides is not warned of.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ProbeReport, probe } from '#bpb/index';
import { overTime } from '#bpb/probes/graph/over-time';
import { score } from '#bpb/score/score';
import { attention, byteModel, meanOver } from '../helpers/byte-models.js';
import { fileFolder } from '../helpers/folder.js';
import { embedded, fftConvolution, halved, head, noisy, router } from '../helpers/mixing-models.js';
import { pythonWith } from '../helpers/python.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const SEEDS = [1, 2, 3, 4, 5];

async function probed(model: Uint8Array, seed = 1): Promise<ProbeReport> {
  const w = await scoreFixture({ model });
  const asked = { tokenizer: 'byte260', docs: w.docs, window: 'document', seqLen: 128 } as const;
  return probe({ artifact: w.model, ...asked, seed });
}

const named = ({ verdicts }: ProbeReport, name: string) =>
  verdicts.find((each) => each.name === name)!;
const withVerdict = ({ verdicts }: ProbeReport, verdict: string) =>
  verdicts.flatMap((each) => (each.verdict === verdict ? [each.name] : []));

describe('a causal convolution by FFT', () => {
  test.each(SEEDS)(
    'is warned of and not failed, and the transform is named: seed %i',
    async (seed) => {
      const report = await probed(
        byteModel((g) => head(g, fftConvolution(g))),
        seed,
      );
      expect(report.noise_nats).toBe(0);
      expect(withVerdict(report, 'fail')).toEqual([]);
      expect(withVerdict(report, 'warn')).toEqual(['causality']);
      const { effect, note } = named(report, 'causality');
      // 2e-6 as a rule: a few steps of nats in fp32.
      expect(effect).toBeGreaterThan(1e-8);
      expect(effect).toBeLessThan(1e-5);
      expect(note).toMatch(/; runs over time: DFT \(v\d+, axis 2\)/);
    },
  );

  test('of values that were rounded to fp16', async () => {
    const report = await probed(
      byteModel((g) => head(g, fftConvolution(g, halved(g, embedded(g))))),
    );
    expect(report.engine!.precision).toBe('fp16');
    expect(withVerdict(report, 'fail')).toEqual([]);
    expect(withVerdict(report, 'warn')).toEqual(['causality']);
    expect(named(report, 'causality').tolerance).toBe(1e-3);
  });

  test('with noise above its rounding nothing is warned of', async () => {
    const report = await probed(byteModel((g) => noisy(g, head(g, fftConvolution(g)), 1e-5)));
    expect(report.noise_nats).toBeGreaterThan(0);
    expect(withVerdict(report, 'warn')).toEqual([]);
    expect(named(report, 'causality').verdict).toBe('pass');
  });

  test('with a leak beside it fails, and both are named', async () => {
    const report = await probed(
      byteModel((g) => g.op('Add', [head(g, fftConvolution(g)), meanOver(1, 1e-3)(g)])),
    );
    expect(named(report, 'causality').verdict).toBe('fail');
    expect(named(report, 'causality').note).toMatch(/runs over time: DFT .* and ReduceMean/);
  });
});

describe('a router over the mean of all positions', () => {
  test.each(SEEDS)('of experts that hardly differ is warned of: seed %i', async (seed) => {
    const report = await probed(
      byteModel((g) => head(g, router(g, 3e-7))),
      seed,
    );
    expect(report.noise_nats).toBe(0);
    expect(withVerdict(report, 'fail')).toEqual([]);
    expect(withVerdict(report, 'warn')).toEqual(['causality']);
    expect(named(report, 'causality').note).toMatch(
      /; runs over time: ReduceMean \(v\d+, axis 1\)$/,
    );
  });

  test('of experts that differ fails, with the same operator', async () => {
    const report = await probed(byteModel((g) => head(g, router(g, 1e-3))));
    expect(named(report, 'causality').verdict).toBe('fail');
    expect(named(report, 'causality').note).toMatch(/; runs over time: ReduceMean/);
  });

  test('in fp16: warned of below its tolerance, failed above', async () => {
    const half = (apart: number) =>
      byteModel((g) => head(g, router(g, apart, halved(g, embedded(g)))));
    const faint = await probed(half(1e-5));
    expect(faint.engine!.precision).toBe('fp16');
    expect(withVerdict(faint, 'warn')).toEqual(['causality']);
    expect(withVerdict(faint, 'fail')).toEqual([]);
    expect(named(await probed(half(1e-1)), 'causality').verdict).toBe('fail');
  });
});

describe('every row', () => {
  test('a faint effect is warned of, and named, by a probe and by a score', async () => {
    const w = await scoreFixture({ model: byteModel((g) => head(g, router(g, 3e-7))) });
    const own = { tokenizer: 'byte260', docs: w.docs, window: 'document', seqLen: 128 } as const;
    const asked = { artifact: w.model, ...own, seed: 1, everyRow: true };
    const report = await probe(asked);
    const scored = await score({ ...asked, strict: true });
    for (const verdicts of [report.verdicts, scored.probes!]) {
      const found = verdicts.find(({ name }) => name === 'every-row')!;
      expect(found.verdict).toBe('warn');
      expect(found.note).toMatch(/; runs over time: ReduceMean \(v\d+, axis 1\)$/);
    }
    expect(scored.status).toBe('scored');
    const warned = scored.findings.find(({ id }) => id === 'probes-warned')!;
    expect(warned.message).toMatch(/causality \(.* nats\), every-row \(.* nats\)/);
  });
});

describe('what depends on the batch', () => {
  test('a faint mean over it is warned of, and not where chance hides it', async () => {
    const faint = await probed(byteModel(meanOver(0, 5e-7)));
    // Documents stand side by side in it.
    expect(withVerdict(faint, 'warn')).toEqual(['batch', 'documents']);
    expect(withVerdict(faint, 'fail')).toEqual([]);
    // The operators are those that run over time, which this one does not.
    expect(named(faint, 'batch').note).not.toMatch(/over time/);
    const hidden = await probed(byteModel((g) => noisy(g, meanOver(0, 5e-7)(g), 1e-5)));
    expect(withVerdict(hidden, 'warn')).toEqual([]);
    expect(named(hidden, 'batch').verdict).toBe('pass');
  });

  test('an honest model in fp16 has no effect at all in the same shape', async () => {
    const report = await probed(byteModel((g) => halved(g, attention(g))));
    expect(report.engine!.precision).toBe('fp16');
    expect(withVerdict(report, 'fail')).toEqual([]);
    expect(withVerdict(report, 'warn')).toEqual([]);
    expect(named(report, 'causality').effect).toBe(0);
  });
});

const python = pythonWith('torch', 'onnx', 'onnxscript');
const script = fileURLToPath(new URL('time-exports.py', import.meta.url));

/** What of each torch export is named; none where nothing runs over time. */
const EXPORTS: readonly (readonly [string, RegExp])[] = [
  ['fft', /^yes DFT/],
  ['router', /^yes ReduceMean/],
  ['full-attention', /^yes Softmax.*without a mask, yes MatMul/],
  ['causal-attention', /^masked Softmax \S+ \S+, masked MatMul [^,]*$/],
  ['linear-attention', /^yes MatMul/],
  ['global-norm', /^yes InstanceNormalization/],
  ['same-convolution', /^yes Conv axis 2, 1 places ahead$/],
  ['cut-convolution', /^$/],
  // torch fixes the length of a recurrence, so that nothing is sure.
  ['bilstm', /^(yes|unknown) LSTM/],
  ['lstm', /^$/],
];

describe.skipIf(python === undefined)(
  `torch exports${python === undefined ? ' (skipped: no Python with torch, onnx and onnxscript)' : ''}`,
  () => {
    const folder = fileFolder();
    beforeAll(() => {
      const { status, stderr } = spawnSync(python!, [script, folder], { encoding: 'utf8' });
      expect(status, stderr.slice(-2000)).toBe(0);
    }, 600_000);

    test.each(EXPORTS)('%s', (name, wanted) => {
      const path = join(folder, `${name}.onnx`);
      // A torch that cannot export one of them says so on the script's output.
      if (!existsSync(path)) return;
      const ports = { tokens: 'input_ids', logits: 'logits' };
      const uses = overTime(readFileSync(path), path, ports, 128);
      expect(uses.map(({ known, op, how }) => `${known} ${op} ${how}`).join(', ')).toMatch(wanted);
    });

    test.each([
      ['fft', 'DFT'],
      ['router', 'ReduceMean'],
    ])('%s is warned of, with the node that torch named', async (name, op) => {
      const report = await probed(readFileSync(join(folder, `${name}.onnx`)));
      expect(withVerdict(report, 'fail')).toEqual([]);
      expect(withVerdict(report, 'warn')).toEqual(['causality']);
      expect(named(report, 'causality').note).toContain(`runs over time: ${op} (node_`);
    });
  },
);
