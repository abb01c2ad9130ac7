/** Real tokenizers and vectors that lie beside the checkout; tests that need them say so by name. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SHARED = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** Path of a file beside the checkout, or null where this machine has none. */
export function sharedFile(name: string): string | null {
  const path = SHARED + name;
  return existsSync(path) ? path : null;
}

export const SP8192 = sharedFile('tokenizers/fineweb_8192_bpe.model');
export const CASEOPS = sharedFile(
  'tokenizers/fineweb_8192_bpe_lossless_caps_caseops_v1_reserved.model',
);
export const CASEOPS_VECTORS = sharedFile('caseops-vectors.jsonl');

/** Folder of a small failing input beside the checkout, or null where this machine has none. */
export function sharedCase(name: string): string | null {
  const path = fileURLToPath(new URL(`../../../shared/cases/${name}`, import.meta.url));
  return existsSync(path) ? path : null;
}
