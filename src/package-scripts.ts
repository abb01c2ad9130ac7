/**
 * Command lines that repair an installation, in a clone and where the package is installed alike.
 *
 * Hints are made of them: whoever installed the package has none of its npm scripts in his folder.
 */
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root, from `dist/`. */
const PACKAGE_ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A script of the package as a command line, by the shorter of its paths. */
function nodeCommand(...script: readonly string[]): string {
  const absolute = join(PACKAGE_ROOT, ...script);
  const near = relative(process.cwd(), absolute);
  const path = near.length < absolute.length ? near : absolute;
  return `node ${/^[\w./\\:@+-]+$/.test(path) ? path : JSON.stringify(path)}`;
}

/** Builds the native addon, and the CUDA scorer where there is an nvcc. */
export const BUILD_NATIVE = nodeCommand('native', 'build.mjs');

/** Installs ONNX Runtime's CUDA provider. */
export const SETUP_CUDA = nodeCommand('scripts', 'setup-cuda.mjs');

/** Installs the npm packages that are missing, without what onnxruntime-node downloads. */
export const INSTALL_PACKAGES = 'ONNXRUNTIME_NODE_INSTALL=skip npm install';
