/**
 * Findings on the libraries of CUDA, cuDNN and ONNX Runtime's CUDA provider, and on the compiler.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeAddon, ProviderForm } from '../engine/addon.js';
import { missingLibrary, remedyFor } from '../engine/cuda/errors.js';
import { providerFiles, providerVersion } from '../engine/cuda/provider-files.js';
import { scorerLibraryPath } from '../engine/cuda/scorer-library.js';
import { BUILD_NATIVE, SETUP_CUDA } from '../package-scripts.js';
import { cudaMajor, readElf } from './elf.js';
import type { Finding } from './types.js';

const REBUILD = `${BUILD_NATIVE} --force`;
const UPDATE =
  'Update the NVIDIA driver, or build the scorer with an older nvcc (node native/build.mjs --force).';
/** Where the provider does not say what it needs: the runtimes that are common, newest first. */
const COMMON_RUNTIMES = ['libcudart.so.13', 'libcudart.so.12'];
/** What the provider opens while it runs, in its order, and so does not declare. */
const CUDNN = ['libcudnn.so.9', 'libcudnn.so'] as const;
/** What of a graph the provider leaves to cuDNN. */
const CUDNN_FOR = 'ReduceMean and MultiHeadAttention';

/** @param gpus whether the driver works and sees any: else it is the driver's finding that counts */
export function examineScorer(addon: NativeAddon, gpus: boolean): Finding {
  const path = scorerLibraryPath();
  const name = 'scorer library';
  if (!existsSync(path)) {
    const hint = `Install the CUDA toolkit (nvcc), then ${BUILD_NATIVE}`;
    return { name, for: 'gpu', found: false, detail: `not built: ${path}`, hint };
  }
  const scorer = addon.scorer(path);
  if (!('reason' in scorer)) return { name, for: 'gpu', found: true, detail: path, hint: null };
  if (scorer.code === 'BPB_CUDA_LIBRARY') {
    return { name, for: 'gpu', found: false, detail: scorer.reason, hint: REBUILD };
  }
  // Built as it should be, but it cannot take the GPUs that the driver sees.
  const hint = gpus ? (scorer.code === 'BPB_CUDA_DEVICE' ? REBUILD : UPDATE) : null;
  const detail = `${path}; it says: ${scorer.reason}`;
  return { name, for: 'gpu', found: !gpus, detail, hint };
}

/** Where native/cuda/CMakeLists.txt looks, in its order. */
function compilers(): string[] {
  const { BPB_NVCC, CUDA_HOME, CUDA_PATH } = process.env;
  const homes = [CUDA_HOME, CUDA_PATH].filter((home) => home).map((home) => `${home}/bin/nvcc`);
  return [...(BPB_NVCC ? [BPB_NVCC] : []), ...homes, 'nvcc', '/usr/local/cuda/bin/nvcc'];
}

export function examineCompiler(): Finding {
  for (const nvcc of compilers()) {
    const { status, stdout } = spawnSync(nvcc, ['--version'], { encoding: 'utf8' });
    const version = /release ([\d.]+)/.exec(stdout ?? '')?.[1];
    if (status === 0) {
      const detail = `${version ?? 'of an unknown version'} (${nvcc})`;
      return { name: 'nvcc', for: 'build', found: true, detail, hint: null };
    }
  }
  const detail = 'not by BPB_NVCC, CUDA_HOME or PATH, nor in /usr/local/cuda';
  const hint = 'Install the CUDA toolkit; only building the scorer needs it.';
  return { name: 'nvcc', for: 'build', found: false, detail, hint };
}

/** The provider beside `runtime`, what it needs, and whether the runtime can load it. */
export function examineProvider(addon: NativeAddon, runtime: string): Finding[] {
  const { provider, missing } = providerFiles(runtime);
  if (missing.length > 0) {
    const names = missing.map((path) => basename(path)).join(', ');
    const detail = `no ${names} in ${dirname(provider)}`;
    return [
      { name: 'CUDA provider', for: 'gpu', found: false, detail, hint: SETUP_CUDA },
      ...COMMON_RUNTIMES.map((name) => library(addon, name)),
      examineCudnn(addon, []),
    ];
  }
  const version = addon.runtimeVersion(runtime);
  const own = providerVersion(provider, version);
  const needed = neededBy(provider);
  const cuda = needed === null ? null : cudaMajor(needed);
  const file: Finding = {
    name: 'CUDA provider',
    for: 'gpu',
    found: own === version,
    detail: `${own ?? 'of another version'} beside libonnxruntime ${version}${cuda === null ? '' : `, for CUDA ${cuda}`}`,
    hint: own === version ? null : SETUP_CUDA,
  };
  // The driver has a finding of its own; what every Linux has needs none.
  const libraries = (needed ?? COMMON_RUNTIMES).filter((name) => /^lib(cu(?!da\.)|nv)/.test(name));
  const loads = own === version ? probeForms(runtime) : [];
  const cudnn = examineCudnn(addon, libraries);
  const others = libraries.filter((name) => !name.startsWith('libcudnn'));
  return [file, ...others.map((name) => library(addon, name)), cudnn, ...loads];
}

/** @param needed libraries that the provider declares: where cuDNN is one, it does not load without */
function examineCudnn(addon: NativeAddon, needed: readonly string[]): Finding {
  const declared = needed.find((name) => name.startsWith('libcudnn'));
  if (declared !== undefined) return library(addon, declared);
  const [first, second] = CUDNN;
  const found = [first, second].map((name) => library(addon, name)).find((each) => each.found);
  const { detail, hint } = found ?? library(addon, first);
  if (found !== undefined) return { ...found, name: first };
  const needs = `${detail}; needed for ${CUDNN_FOR}`;
  return { name: first, for: 'gpu', found: false, detail: needs, hint, lacks: CUDNN_FOR };
}

function neededBy(provider: string): readonly string[] | null {
  try {
    return readElf(provider).needed;
  } catch {
    return null;
  }
}

function library(addon: NativeAddon, name: string): Finding {
  const loaded = addon.loadLibrary(name);
  if ('path' in loaded) return { name, for: 'gpu', found: true, detail: loaded.path, hint: null };
  const missing = missingLibrary(loaded.reason);
  const detail =
    missing === undefined ? loaded.reason : missing === name ? 'not found' : `lacks ${missing}`;
  return { name, for: 'gpu', found: false, detail, hint: remedyFor(missing ?? name) };
}

/** Both forms, each in a process of its own: a library that crashes must not take the report along. */
function probeForms(runtime: string): Finding[] {
  const forms = (['classic', 'plugin'] as const).map((form) => ({
    form,
    reason: probe(runtime, form),
  }));
  // The classic form is tried first: where it loads, nobody asks for the other.
  const asked = forms[0]!.reason === '' ? forms.filter(({ reason }) => reason === '') : forms;
  return asked.map(({ form, reason }) => {
    const missing = missingLibrary(reason);
    return {
      name: `provider loads, ${form} form`,
      for: 'gpu',
      found: reason === '',
      detail: reason === '' ? 'yes' : missing === undefined ? reason : `lacks ${missing}`,
      hint: reason === '' ? null : missing === undefined ? SETUP_CUDA : remedyFor(missing),
    };
  });
}

const PROBE = fileURLToPath(new URL('./provider-child.js', import.meta.url));

function probe(runtime: string, form: ProviderForm): string {
  const run = spawnSync(process.execPath, [PROBE, runtime, form], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  const answer = /^answer:(.*)$/ms.exec(run.stdout ?? '')?.[1];
  if (run.status === 0 && answer !== undefined) return answer.trim();
  return `it ends the process that loads it (${run.signal ?? run.status})`;
}
