/**
 * Tries scripts/gpu-check.sh from packed archives, on a machine without a GPU.
 *
 *   node scripts/gpu-dry-run.mjs ARCHIVES RUNTIME OUT [--stages A,B] [--seconds N] [--patience N]
 *
 * ARCHIVES is what scripts/gpu-pack.mjs wrote. RUNTIME is a folder with a CUDA runtime that does nothing
 * (libcudart.so.13 and what else the provider links), a libcuda.so.1, and a libbpb_cuda.so and bpb_lab that
 * are linked to it; those that are not there are built with nvcc. The steps run in an empty folder, with
 * system tools alone in PATH and nothing of this environment.
 *
 * Values mean nothing there, and PyTorch, QuACK, Triton and ncu are absent: a step passes when it ends
 * with its own answer. Exit code: that of gpu-check.sh.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildNative } from './gpu/pack-native.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    stages: { type: 'string' },
    seconds: { type: 'string', default: '570' },
    patience: { type: 'string', default: '1' },
    sm: { type: 'string', default: '90' },
  },
});
if (positionals.length !== 3) {
  console.error('Usage: node scripts/gpu-dry-run.mjs ARCHIVES RUNTIME OUT [--stages A,B]');
  process.exit(2);
}
const [archives, runtime, out] = positionals.map((path) => resolve(path));

/** What has a CUDA runtime of its own inside, linked to the one that does nothing. */
function complete() {
  const names = { bpb_cuda: 'libbpb_cuda.so', bpb_lab: 'bpb_lab' };
  const missing = Object.keys(names).filter((target) => !existsSync(join(runtime, names[target])));
  if (missing.length === 0) return;
  const built = buildNative(values.sm, missing, join(runtime, 'libcudart.so.13'));
  for (const target of missing)
    copyFileSync(join(built, names[target]), join(runtime, names[target]));
}

complete();
const empty = mkdtempSync(join(tmpdir(), 'bpb-gpu-dry-'));
process.on('exit', () => rmSync(empty, { recursive: true, force: true }));
const stages = values.stages === undefined ? [] : ['--stages', values.stages];
const script = join(archives, 'gpu-check.sh');
const limits = ['--seconds', values.seconds, '--patience', values.patience];
const args = [script, archives, out, '--dry-run', runtime, ...limits, ...stages];
const { status, signal } = spawnSync('/bin/bash', args, {
  cwd: empty,
  env: { PATH: '/usr/bin:/bin', HOME: empty, BPB_GPU_STORE: join(empty, 'store') },
  stdio: 'inherit',
});
if (status === null) console.error(`gpu-check.sh: ${signal}`);
process.exitCode = status ?? 1;
