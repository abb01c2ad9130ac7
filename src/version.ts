/**
 * Version of the harness, and its commit where it runs from a clone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's root, from `dist/`. */
const PACKAGE_ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

export function harnessVersion(): string {
  const manifest = readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** The commit of the clone that this code runs from; null for an installed package. */
export function harnessCommit(): string | null {
  const git = join(PACKAGE_ROOT, '.git');
  const head = readText(join(git, 'HEAD'));
  if (head === null) return null;
  const reference = /^ref: (.+)$/.exec(head)?.[1];
  if (reference === undefined) return head;
  const loose = readText(join(git, reference));
  if (loose !== null) return loose;
  const packed = readText(join(git, 'packed-refs'))?.split('\n');
  return packed?.find((line) => line.endsWith(` ${reference}`))?.split(' ')[0] ?? null;
}

function readText(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}
