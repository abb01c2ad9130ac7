/**
 * Search for libonnxruntime: the one that onnxruntime-node ships, or that of `--ort-lib`.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { environmentError } from '../errors.js';
import { INSTALL_PACKAGES } from '../package-scripts.js';

const LIBRARY = /^libonnxruntime\.(so(\.\d+)*|(\d+\.)*dylib)$/;

/** Folder of the installed onnxruntime-node, found from its entry point. */
function packageRoot(): string {
  const require = createRequire(import.meta.url);
  return dirname(dirname(require.resolve('onnxruntime-node')));
}

/** Version of the installed onnxruntime-node. */
export function runtimePackageVersion(): string {
  const manifest = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Folders that may hold the library of this platform. */
function folders(): string[] {
  const bin = join(packageRoot(), 'bin');
  return readdirSync(bin).map((api) => join(bin, api, process.platform, process.arch));
}

/**
 * Path of libonnxruntime: in the folder `ortLib` (`--ort-lib`) where it is given, else the npm package's.
 *
 * @throws BpbError (environment) where there is none.
 */
export function findRuntimeLibrary(ortLib?: string): string {
  const searched: string[] = [];
  try {
    // Absolute: the runtime resolves relative paths of its providers against its own folder.
    searched.push(...(ortLib === undefined ? folders() : [resolve(ortLib)]));
  } catch {
    // No package, no bin folder: nothing is searched, and the error below says so.
  }
  for (const folder of searched) {
    try {
      const name = readdirSync(folder).find((file) => LIBRARY.test(file));
      if (name !== undefined) return join(folder, name);
    } catch {
      // This folder is not there; the next may be.
    }
  }
  throw environmentError('BPB_ORT_LIBRARY', {
    message: 'There is no libonnxruntime.',
    path: ortLib ?? 'node_modules/onnxruntime-node',
    expected: `libonnxruntime for ${process.platform}-${process.arch}`,
    actual: searched.length > 0 ? `none in ${searched.join(', ')}` : 'no onnxruntime-node package',
    hint: `Run ${INSTALL_PACKAGES}, or name the folder of a libonnxruntime with --ort-lib.`,
  });
}
