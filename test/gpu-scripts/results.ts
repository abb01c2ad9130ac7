/**
 * Results as scripts/gpu-check.sh leaves them, made up for these tests: no device gave these numbers.
 * Names say so, so that none of it could be taken for a measurement.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../helpers/folder.js';

export const DEVICE = 'NVIDIA H100 80GB (made up)';
export const COMMIT = '0123456789ab';

type Row = Record<string, unknown>;

const STEPS: Record<string, string> = {
  machine: 'A',
  'lab-check': 'A',
  'lab-time': 'A',
  'operators-check': 'A',
  'operators-time': 'A',
  'peers-torch': 'A',
  'peers-triton': 'A',
  'peers-quack': 'A',
  doctor: 'B',
  tests: 'B',
  'sotu-fp32': 'B',
  'sotu-fp16': 'B',
  ci: 'B',
  'e2e-baseline-fp16': 'C',
  'peer-baseline-fp16': 'C',
  'ncu-baseline': 'C',
  'long-chunk': 'D',
  'long-sliding': 'D',
  'batches-baseline': 'D',
  'batches-wide': 'D',
  sessions: 'D',
  adaptive: 'D',
};

export const step = (name: string, status = 'ok', more: Row = {}): Row => ({
  step: name,
  stage: STEPS[name] ?? 'D',
  status,
  answer: '',
  code: 0,
  seconds: 3.2,
  limit: 60,
  began: '2026-01-01T00:00:00Z',
  dry_run: false,
  ...more,
});

const operator = (more: Row = {}): Row => ({
  ...{ kind: 'operator', operator: 'SumNorm', shape: '2 terms', type: 'fp16', version: 'shipped' },
  ...{ bytes: 1, ms: 0.1, ms_low: 0.09, ms_high: 0.11, gbs: 2660, of_copy: 0.9 },
  ...more,
});

const tensor = { type: 'fp32', vocab: 8192, softcap: 0, width: 4 };
export const time = (more: Row = {}): Row => ({
  kind: 'time',
  who: 'bpb',
  version: 'shipped',
  ...tensor,
  rows: 1000,
  ms: 2,
  ms_low: 1.9,
  ms_high: 2.1,
  gbs: 2900,
  of_copy: 0.98,
  of_read: 0.96,
  worst: 1e-6,
  ok: true,
  ...more,
});

export const peer = (who: string, gbs: number, more: Row = {}): Row => ({
  kind: 'time',
  who,
  version: 'made up',
  ...tensor,
  rows: 1000,
  ms: 2,
  ms_low: 1.9,
  ms_high: 2.1,
  gbs,
  error: null,
  ...more,
});

export const run = (more: Row = {}): Row => ({
  who: 'bpb',
  shape: 'baseline-9x512',
  variant: 'optimize fp16',
  window: 'chunk',
  stride: null,
  purpose: 'end-to-end',
  batch_tokens: 65_536,
  sessions: 1,
  targets: 6_000_000,
  input_tokens: 6_000_000,
  seconds: 1.5,
  targets_per_s: 4_000_000,
  val_loss: 9.1234,
  scorer_share: 0.004,
  error: null,
  ...more,
});

/** Files of a whole run that went well, by name; what a test wants otherwise it replaces. */
export function goodResults(): Record<string, string> {
  const json = (value: unknown) => JSON.stringify(value);
  const lines = (...rows: Row[]) => rows.map((row) => `${json(row)}\n`).join('');
  return {
    'run.json': json({
      schema: 'bpb-gpu-results/1',
      commit: COMMIT,
      architecture: '90',
      dry_run: false,
    }),
    ...Object.fromEntries(
      Object.keys(STEPS).map((name) => [`steps/${name}.json`, json(step(name))]),
    ),
    'machine.json': json({
      date: '2026-01-02T03:04:05Z',
      gpu: { name: DEVICE, driver: '580.1' },
      cuda: { nvcc: '13.0', runtime: null },
      python: { version: '3.12', torch: '2.11.0', triton: null, cudnn: null },
    }),
    'kernel-check.jsonl': lines(
      { group: 'a', variant: 'first version', rows: 9, mean: null, worst: null, ok: false },
      { group: 'a', variant: 'shipped', rows: 9, mean: -1e-8, worst: 1e-6, ok: true, failed: 0 },
      { check: 'sums', ok: true, detail: '' },
    ),
    'kernel-lab.jsonl': lines(
      { kind: 'device', name: DEVICE, major: 9, minor: 0 },
      { kind: 'ceilings', bytes: 1, copy_gbs: 2960, read_gbs: 3100, sm_mhz: 1755 },
      time(),
      time({ vocab: 1024, of_copy: 0.83, gbs: 2450 }),
      time({ version: 'shipped, 8 lanes', of_copy: 0.991, gbs: 2930 }),
    ),
    'operators-check.jsonl': lines(
      { check: 'SumNorm, fp16, plain', cases: 90, ok: true, detail: '' },
      { check: 'SwiGlu, fp16, plain', cases: 20, ok: true, detail: '' },
    ),
    'operators-lab.jsonl': lines(
      { kind: 'device', name: DEVICE, major: 9, minor: 0 },
      { kind: 'ceilings', bytes: 1, copy_gbs: 2960, read_gbs: 3100, sm_mhz: 1755 },
      operator({ version: 'an element at a time', gbs: 1000, of_copy: 0.34 }),
      operator(),
      operator({ operator: 'SwiGlu', shape: '1024, halves', gbs: 2400, of_copy: 0.81 }),
    ),
    'peers.jsonl': lines(
      peer('PyTorch eager', 900),
      peer('PyTorch compiled', 1400),
      peer('QuACK', 2950),
    ),
    'tests.jsonl': lines(
      { test: 'one', ok: true, seconds: 1, error: null },
      { done: true, passed: 41, failed: 0 },
    ),
    'sotu.jsonl': lines(
      { run: 'fp32', code: 0, seconds: 3, device_to_host_bytes: 1000, bytes_limit: 1200 },
      {
        run: 'fp16',
        code: 0,
        seconds: 3,
        device_to_host_bytes: 9000,
        bytes_limit: 1200,
        optimization: { verdict: 'pass', mean_nats_difference: 1.2e-5 },
      },
      {
        compare: 'fp32',
        targets: 16693,
        mean_abs: 2e-6,
        mean_signed: 1e-8,
        max_abs: 1e-5,
        ok: true,
      },
      {
        compare: 'fp16',
        targets: 16693,
        mean_abs: 1e-3,
        mean_signed: -2e-4,
        max_abs: 1e-2,
        ok: false,
      },
      { repeat: 'fp32', equal: true },
      { repeat: 'fp16', equal: false },
      { ci: true, command: 'bpb score', code: 0, seconds: 9 },
    ),
    'end-to-end.jsonl': lines(
      run(),
      run({
        who: 'PyTorch',
        variant: 'fp16 compiled',
        batch_tokens: null,
        targets_per_s: 5_000_000,
        val_loss: 9.1239,
      }),
      run({ purpose: 'batch', batch_tokens: 131072, targets_per_s: 4_010_000 }),
      run({ purpose: 'batch', batch_tokens: 16384, targets_per_s: 2_000_000 }),
      run({ purpose: 'long', targets_per_s: 5_000_000, seconds: 12.4, targets: 62_000_000 }),
      run({ purpose: 'sessions', sessions: 2, targets_per_s: 4_100_000 }),
    ),
    'adaptive.jsonl': lines({
      artifact: 'sotu-bias',
      code: 0,
      seconds: 4,
      targets: 5000,
      targets_per_s: 9000,
      val_loss: 3.5,
      reference_loss: 3.500002,
      error: null,
    }),
  };
}

export function writeResults(files: Record<string, string>, folder = temporaryFolder()): string {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, 'results', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return folder;
}

/** OUT as gpu-check.sh leaves it: an archive and nothing else. */
export function archived(files: Record<string, string>): string {
  const folder = writeResults(files);
  const out = temporaryFolder();
  const tar = spawnSync('tar', ['-czf', join(out, 'results.tar.gz'), '-C', folder, 'results']);
  if (tar.status !== 0) throw new Error(String(tar.stderr));
  return out;
}

const block = (name: string) => `<!-- figures:${name} -->\n\nold\n\n<!-- /figures -->\n`;

/** Documents with every marker, each with a line of prose around it. */
export function documents(): { folder: string; read: (name: string) => string } {
  const folder = temporaryFolder();
  const markers: Record<string, string[]> = {
    'gpu.md': ['machine', 'end-to-end', 'sotu', 'batches', 'long', 'steps'],
    'cuda-kernel.md': ['kernel', 'lanes'],
    'cuda-operators.md': ['operators'],
    'optimize.md': [],
    'performance.md': ['machine'],
    'roofline.md': ['roofline'],
  };
  for (const [name, names] of Object.entries(markers)) {
    writeFileSync(
      join(folder, name),
      `# ${name}\n\n${names.map(block).join('\nprose\n\n')}\nend\n`,
    );
  }
  return { folder, read: (name) => readFileSync(join(folder, name), 'utf8') };
}

/** Results without some files, and with one more line in one. */
export const without = (files: Record<string, string>, ...names: string[]) =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));
export function appended(name: string, row: unknown): Record<string, string> {
  const files = goodResults();
  return { ...files, [name]: `${files[name] ?? ''}${JSON.stringify(row)}\n` };
}

const scripts = new URL('../../scripts/', import.meta.url);

/** The command, and the parts it is made of. */
export const figures = (...args: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL('gpu-figures.mjs', scripts)), ...args], {
    encoding: 'utf8',
  });
export const part = (name: string) => import(new URL(`gpu-figures/${name}.mjs`, scripts).href);
