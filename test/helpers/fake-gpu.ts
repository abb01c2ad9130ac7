/**
 * Builds the stand-in for a GPU (test/fake-gpu) and lays it out as a machine with one would be.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAddon } from '#bpb/engine/addon';
import { findRuntimeLibrary } from '#bpb/engine/library';
import { requireAddon } from './native.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const SOURCES = at('../fake-gpu');
const NATIVE = at('../../native/src');
/** What of the addon computes in the GPU's place. */
const NATIVE_PARTS = ['nll_portable.cc', 'fixed_point.cc', 'operators/cpu/elementwise_portable.cc'];

export interface FakeGpu {
  /** Folder of the runtime and its provider, for `--ort-lib`. */
  readonly runtime: string;
  /** What a process must have in its environment to take the stand-in for a GPU. */
  readonly env: Readonly<Record<string, string>>;
  /** File that the stand-in writes what it was asked for into. */
  readonly log: string;
}

const compiler = process.env['CXX'] ?? 'c++';

/** Why the stand-in cannot be built here, or the empty string. */
export const noFakeGpu =
  process.platform !== 'linux'
    ? 'not Linux'
    : 'reason' in loadAddon()
      ? 'no native addon'
      : spawnSync(compiler, ['--version']).status === 0
        ? ''
        : 'no C++ compiler';

let built: FakeGpu | undefined;

/** The stand-in, compiled once in a test file; the log is empty. */
export function fakeGpu(): FakeGpu {
  built ??= build();
  writeFileSync(built.log, '');
  return built;
}

function build(): FakeGpu {
  // It outlives a test, and goes with the process.
  const folder = mkdtempSync(join(tmpdir(), 'bpb-fake-gpu-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const library = join(folder, 'libfake.so');
  const sources = readdirSync(SOURCES).filter((name) => name.endsWith('.cc'));
  const { status, stderr } = spawnSync(
    compiler,
    [
      ...['-std=c++17', '-O1', '-shared', '-fPIC', '-Wno-psabi', '-ffp-contract=off'],
      ...['-I', NATIVE, '-I', SOURCES, '-o', library],
      ...sources.map((name) => join(SOURCES, name)),
      ...NATIVE_PARTS.map((name) => join(NATIVE, name)),
      '-ldl',
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  // One file under all its names: the loader sees that it is the same.
  const name = (name: string) => {
    symlinkSync(library, join(folder, name));
    return join(folder, name);
  };
  const runtime = findRuntimeLibrary();
  name('libonnxruntime.so.1');
  const version = requireAddon().runtimeVersion(runtime);
  writeFileSync(join(folder, 'libonnxruntime_providers_cuda.so'), `\0${version}\0`);
  writeFileSync(join(folder, 'libonnxruntime_providers_shared.so'), '');
  const log = join(folder, 'log');
  return {
    runtime: folder,
    log,
    env: {
      BPB_CUDA_DRIVER: name('libcuda.so.1'),
      BPB_CUDA_LIBRARY: name('libbpb_cuda.so'),
      FAKE_GPU_RUNTIME: runtime,
      FAKE_GPU_LOG: log,
    },
  };
}

/** Runs `work` with these in the environment, on top of the stand-in's own. */
export async function withFakeGpu<T>(
  env: Readonly<Record<string, string>>,
  work: (gpu: FakeGpu) => Promise<T>,
): Promise<T> {
  const gpu = fakeGpu();
  const all = { ...gpu.env, ...env };
  const before = Object.keys(all).map((key) => [key, process.env[key]] as const);
  Object.assign(process.env, all);
  try {
    return await work(gpu);
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
}
