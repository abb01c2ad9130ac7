/**
 * Search for libbpb_cuda, the fused scorer: built with the addon where nvcc is found.
 */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BpbError, environmentError } from '../../errors.js';
import { BUILD_NATIVE } from '../../package-scripts.js';

const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Where the library is, or should be: `BPB_CUDA_LIBRARY` names another one. */
export function scorerLibraryPath(): string {
  const named = process.env['BPB_CUDA_LIBRARY'];
  if (named !== undefined && named !== '') return named;
  return join(packageRoot, 'native', 'build', 'Release', 'libbpb_cuda.so');
}

/** @throws BpbError (environment) where it is not built. */
export function findScorerLibrary(): string {
  const path = scorerLibraryPath();
  if (existsSync(path)) return path;
  throw environmentError('BPB_CUDA_SCORER', {
    message: 'The CUDA scorer is not built.',
    path,
    expected: 'libbpb_cuda.so',
    actual: 'the CUDA scorer is not built',
    hint: `Install the CUDA toolkit (nvcc) and run ${BUILD_NATIVE}`,
  });
}

/** It is there and does not load, or belongs to another build of the addon. */
export function scorerError(path: string, reason: string): BpbError {
  return environmentError('BPB_CUDA_SCORER', {
    message: 'The CUDA scorer cannot be used.',
    path,
    actual: reason,
    hint: 'Build it again: node native/build.mjs --force.',
  });
}
