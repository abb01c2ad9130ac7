/**
 * Files of the CUDA provider in the folder of a libonnxruntime, and their version.
 */

import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const PROVIDER_LIBRARY = 'libonnxruntime_providers_cuda.so';
export const SHARED_LIBRARY = 'libonnxruntime_providers_shared.so';
/** Written by setup:cuda into the folder of what it installs. */
export const RECEIPT = 'bpb-provider.json';

export interface Receipt {
  readonly version: string;
  readonly source: string;
  /** Of the provider library. */
  readonly bytes: number;
  readonly sha256: string;
}

interface ProviderFiles {
  readonly provider: string;
  readonly shared: string;
  readonly missing: readonly string[];
}

/** The runtime searches its own folder. */
export function providerFiles(runtime: string): ProviderFiles {
  const folder = dirname(runtime);
  const provider = join(folder, PROVIDER_LIBRARY);
  const shared = join(folder, SHARED_LIBRARY);
  const missing = [provider, shared].filter((path) => !existsSync(path));
  return { provider, shared, missing };
}

/**
 * The provider's version: by its receipt where that is of this very file, else by whether the file
 * holds the runtime's version as a text of its own, as builds with both forms do. Null: not known.
 */
export function providerVersion(provider: string, runtimeVersion: string): string | null {
  const receipt = readReceipt(provider);
  if (receipt !== null) return receipt.version;
  return holdsText(provider, runtimeVersion) ? runtimeVersion : null;
}

function readReceipt(provider: string): Receipt | null {
  try {
    const text = readFileSync(join(dirname(provider), RECEIPT), 'utf8');
    const receipt = JSON.parse(text) as Receipt;
    return receipt.bytes === statSync(provider).size ? receipt : null;
  } catch {
    return null;
  }
}

const CHUNK_BYTES = 8 * 2 ** 20;

/** Whether the file has this text between two zero bytes. */
function holdsText(path: string, text: string): boolean {
  const wanted = Buffer.from(`\0${text}\0`, 'latin1');
  const buffer = Buffer.alloc(CHUNK_BYTES + wanted.length);
  const file = openSync(path, 'r');
  try {
    let kept = 0;
    for (;;) {
      const read = readSync(file, buffer, kept, CHUNK_BYTES, null);
      if (read === 0) return false;
      const filled = buffer.subarray(0, kept + read);
      if (filled.includes(wanted)) return true;
      // The text may span two chunks.
      kept = Math.min(wanted.length - 1, filled.length);
      filled.copy(buffer, 0, filled.length - kept);
    }
  } finally {
    closeSync(file);
  }
}
