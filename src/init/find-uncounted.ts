/**
 * What lies beside a model and counts as nothing: the reader decides whether it belongs to it.
 */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { uncountedFiles } from '../artifact/uncounted.js';
import type { Unknown } from './types.js';

/** Names that the line shows. */
const SHOWN = 3;

/** @param known names in the directory that the manifest counts or names, and paths that the caller names */
export function findUncounted(directory: string, known: readonly string[]): Unknown[] {
  const paths = known
    .flatMap((name) => [join(directory, name), name])
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path));
  const files = uncountedFiles(directory, paths)
    .map(({ name }) => name)
    .filter((name) => !/^(artifact\.json|fineweb_val_(bytes_)?\d+\.bin)$/.test(name));
  if (files.length === 0) return [];
  const more = files.length > SHOWN ? ` and ${files.length - SHOWN} more` : '';
  return [
    {
      what: 'counted',
      message: `not counted: ${files.slice(0, SHOWN).join(', ')}${more}`,
      hint: 'what belongs to the artifact goes into `counted` of artifact.json, the rest out of the folder',
    },
  ];
}
