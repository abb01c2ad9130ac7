/**
 * Engine tfjs: TensorFlow.js, where the user has installed it.
 *
 * It cannot score ONNX artifacts yet and refuses them with an error. `auto` never chooses it.
 */
import { createRequire } from 'node:module';
import { type BpbError, environmentError } from '../errors.js';
import type { EngineOptions } from './types.js';

/** Optional peer dependencies, the fastest first. */
const PACKAGES = [
  '@tensorflow/tfjs-node-gpu',
  '@tensorflow/tfjs-node',
  '@tensorflow/tfjs',
] as const;

const ANOTHER =
  'Score with --engine onnx-cuda, onnx-cpu or onnx-js; auto takes the first that works.';

/** A package that is installed: its version, or why it does not load. */
type Installed = { readonly version: string } | { readonly reason: string };

/**
 * @throws BPB_TFJS_MISSING (environment) where no package of TensorFlow.js is installed,
 * BPB_TFJS_LOAD (environment) where none of those that are does load, BPB_TFJS_ARTIFACT
 * (environment) otherwise: an ONNX artifact is not scored
 */
export async function openTfjs({ graph }: EngineOptions): Promise<never> {
  const failures: string[] = [];
  for (const name of PACKAGES) {
    const installed = load(name);
    if (installed === null) continue;
    if ('version' in installed) throw artifactError(graph.path, `${name} ${installed.version}`);
    failures.push(`${name}: ${installed.reason}`);
  }
  throw failures.length === 0 ? missingError() : loadError(failures);
}

/** Null where the package is not installed. */
function load(name: string): Installed | null {
  const require = createRequire(import.meta.url);
  let path: string;
  try {
    path = require.resolve(name);
  } catch {
    return null;
  }
  try {
    const { version } = require(path) as { version?: { tfjs?: string; 'tfjs-core'?: string } };
    return { version: version?.tfjs ?? version?.['tfjs-core'] ?? 'of an unknown version' };
  } catch (error) {
    return { reason: (error as Error).message.split('\n')[0]! };
  }
}

function missingError(): BpbError {
  return environmentError('BPB_TFJS_MISSING', {
    message: 'The tfjs engine is not available.',
    path: '--engine',
    expected: `one of ${PACKAGES.join(', ')}`,
    actual: 'none is installed',
    hint: `Run npm install ${PACKAGES[1]} (${PACKAGES[0]} for an NVIDIA GPU, ${PACKAGES[2]} without native code). ${ANOTHER}`,
  });
}

function loadError(failures: readonly string[]): BpbError {
  return environmentError('BPB_TFJS_LOAD', {
    message: 'TensorFlow.js is installed and does not load.',
    path: '--engine',
    expected: `one of ${PACKAGES.join(', ')} that loads`,
    actual: failures.join('; '),
    hint: `Install it again for this version of Node.js. ${ANOTHER}`,
  });
}

function artifactError(path: string, found: string): BpbError {
  return environmentError('BPB_TFJS_ARTIFACT', {
    message: 'The tfjs engine does not score ONNX artifacts yet.',
    path,
    expected: 'an engine that runs ONNX models',
    actual: `${found}, which runs TensorFlow.js graph models`,
    hint: ANOTHER,
  });
}
