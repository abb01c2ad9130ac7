/**
 * Documents by the name that an option gives: of a built-in set, or of a file.
 */
import { existsSync } from 'node:fs';
import { usageError } from '../errors.js';
import { readDocuments } from './documents.js';
import type { DocumentSource } from './types.js';

/** @throws usage errors where a field is named and no documents are */
export function requireDocuments(docs: string | undefined, textField: string | undefined): void {
  if (textField !== undefined && docs === undefined) {
    throw misuse('--docs FILE beside it', 'no --docs');
  }
}

function misuse(expected: string, actual: string) {
  return usageError('BPB_USAGE_TEXT_FIELD', {
    message: '--text-field names the field of documents that holds their text',
    path: '--text-field',
    expected,
    actual,
  });
}

/**
 * The documents of the file `docs`, or of the built-in set where there is no file of that name.
 *
 * @throws usage errors naming `--text-field`; input errors naming the file
 */
export function openDocuments(
  docs: string,
  textField: string | undefined,
  sets: Readonly<Record<string, () => DocumentSource>>,
): DocumentSource {
  const builtIn = existsSync(docs) ? undefined : sets[docs];
  if (textField === '') throw misuse('the name of a field', 'an empty name');
  if (textField !== undefined && builtIn !== undefined) {
    throw misuse('a file of documents', `the built-in set ${docs}`);
  }
  return builtIn === undefined ? readDocuments(docs, { textField }) : builtIn();
}
