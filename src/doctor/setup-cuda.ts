/**
 * `scripts/setup-cuda.mjs`: installation of the CUDA provider, from a wheel or by onnxruntime-node.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { providerFiles } from '../engine/cuda/provider-files.js';
import { findRuntimeLibrary, runtimePackageVersion } from '../engine/library.js';
import { requireAddon } from '../engine/native-session.js';
import { environmentError, inputError, usageError } from '../errors.js';
import { SETUP_CUDA } from '../package-scripts.js';
import { cudaMajor, readElf } from './elf.js';
import { type Installed, installWheel } from './wheel.js';

export const SETUP_USAGE = `Usage: ${SETUP_CUDA} [--wheel FILE] [--ort-lib DIR]

Puts ONNX Runtime's CUDA provider beside libonnxruntime.
  --wheel FILE   take it out of an onnxruntime-gpu wheel (CUDA 13) of the same version:
                 pip download --no-deps onnxruntime-gpu==${runtimePackageVersion()}
  --ort-lib DIR  beside the libonnxruntime there, instead of onnxruntime-node's
Without --wheel onnxruntime-node's own installer fetches it from api.nuget.org (CUDA 12).
npm ci and npm install remove what was put there: run this again after them.`;

interface SetupFlags {
  wheel?: string | undefined;
  'ort-lib'?: string | undefined;
  help?: boolean | undefined;
}

/** What the command line asks for. @throws BpbError (usage) */
export function parseSetup(args: readonly string[]): SetupFlags {
  try {
    return parseArgs({
      args: [...args],
      options: {
        wheel: { type: 'string' },
        'ort-lib': { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw usageError('BPB_USAGE', {
      message: (error as Error).message,
      hint: `${SETUP_CUDA} --help shows what it takes`,
    });
  }
}

/** Installs, and returns what to print. @throws BpbError */
export async function setupCuda(flags: SetupFlags): Promise<string> {
  const runtime = findRuntimeLibrary(flags['ort-lib']);
  const version =
    flags['ort-lib'] === undefined
      ? runtimePackageVersion()
      : requireAddon('onnx-cuda').runtimeVersion(runtime);
  if (flags.wheel !== undefined) {
    if (statSync(flags.wheel, { throwIfNoEntry: false })?.isFile() !== true) {
      throw inputError('BPB_WHEEL', {
        message: 'There is no such wheel.',
        path: flags.wheel,
        expected: 'an onnxruntime-gpu wheel',
        actual: existsSync(flags.wheel) ? 'something else than a file' : 'nothing',
      });
    }
    return report(await installWheel(flags.wheel, runtime, version));
  }
  if (flags['ort-lib'] !== undefined) {
    throw usageError('BPB_USAGE', {
      message: '--ort-lib needs --wheel: the installer knows only its own package',
      path: '--ort-lib',
    });
  }
  runInstaller(version);
  const { provider, missing } = providerFiles(runtime);
  if (missing.length > 0) throw installerError(`${missing.join(', ')} is not there`, version);
  const { needed } = readElf(provider);
  return report({ folder: dirname(provider), version, cuda: cudaMajor(needed), needed });
}

function runInstaller(version: string): void {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const script = join(dirname(entry), '..', 'script', 'install.js');
  // Its flag for CUDA 12 is misread; "true" takes what the package declares, and that is CUDA 12.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'true' };
  const run = spawnSync(process.execPath, [script], { env, encoding: 'utf8', timeout: 1_200_000 });
  if (run.status === 0) return;
  const last = `${run.stderr ?? ''}`.split('\n').find((line) => /error/i.test(line));
  throw installerError(last?.trim() ?? `it ended with ${run.signal ?? run.status}`, version);
}

function installerError(reason: string, version: string) {
  return environmentError('BPB_SETUP_DOWNLOAD', {
    message: "onnxruntime-node's installer could not get the CUDA provider.",
    expected: 'access to api.nuget.org',
    actual: reason,
    hint: `On a machine with network: pip download --no-deps onnxruntime-gpu==${version}; then ${SETUP_CUDA} --wheel FILE`,
  });
}

function report({ folder, version, cuda, needed }: Installed): string {
  return [
    `The CUDA provider ${version} is in ${folder}`,
    `It wants CUDA ${cuda ?? 'of an unknown version'}: ${needed.filter((name) => /^lib(cu|nv)/.test(name)).join(', ')}`,
    'bpb doctor says which of these are found.',
  ].join('\n');
}
