/**
 * The files of an artifact's folder that nobody counted.
 */
import { type Dirent, opendirSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { identityOf } from './plain-file.js';

export interface UncountedFile {
  /** From the artifact's folder; with a `/` behind it a folder that was not looked through. */
  readonly name: string;
  /** Null where it is no plain file, or could not be looked at. */
  readonly bytes: number | null;
}

/** Entries that are looked at; what is beyond them stands as a folder. */
const ENTRIES_MAX = 10_000;

/** Files that say something of the artifact and are nothing of it, in any folder of it. */
const DOCUMENTATION =
  /^((readme|licen[cs]e|copying|notice|authors|citation|changelog)(\.\w{1,4})?|.*\.(md|rst|log)|submission\.json|reference\.json|\.git(attributes|ignore)|\.DS_Store)$/i;

/** Bytes of all documentation together; more than words and logs need is looked at as any file. */
const DOCUMENTATION_MAX = 2 ** 20;

/**
 * Walks the folder, following no link. A link to a known file, or a second name of one, is that file.
 *
 * @param known paths of the counted files, the manifest, the tokenizer, and what a counted file unpacks to
 * @returns sorted by name
 */
export function uncountedFiles(folder: string, known: readonly string[]): UncountedFile[] {
  const identities = new Set(known.map((path) => identityOf(statSync(path))));
  const files: UncountedFile[] = [];
  const documentation: UncountedFile[] = [];
  const folders = [''];
  let entries = 0;
  for (let at = folders.shift(); at !== undefined; at = folders.shift()) {
    if (entries >= ENTRIES_MAX) {
      files.push({ name: at, bytes: null });
      continue;
    }
    for (const entry of entriesOf(join(folder, at), ENTRIES_MAX - entries)) {
      entries++;
      if (entry === null) {
        files.push({ name: at === '' ? './' : at, bytes: null });
        continue;
      }
      const name = `${at}${entry.name}`;
      if (entry.isDirectory()) {
        folders.push(`${name}/`);
        continue;
      }
      const path = join(folder, name);
      const stat = statOf(path);
      if (stat !== null && identities.has(identityOf(stat))) continue;
      const file = { name, bytes: entry.isFile() ? (stat?.size ?? null) : null };
      const isDocumentation = file.bytes !== null && DOCUMENTATION.test(basename(name));
      (isDocumentation ? documentation : files).push(file);
    }
  }
  const words = documentation.reduce((sum, { bytes }) => sum + bytes!, 0);
  const all = words > DOCUMENTATION_MAX ? [...files, ...documentation] : files;
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Null stands for what could not be read, or was too much. */
function* entriesOf(folder: string, most: number): Generator<Dirent | null> {
  try {
    const directory = opendirSync(folder);
    try {
      for (let k = 0; k <= most; k++) {
        const entry = directory.readSync();
        if (entry === null) return;
        yield k === most ? null : entry;
      }
    } finally {
      directory.closeSync();
    }
  } catch {
    yield null;
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null; // a link that leads nowhere
  }
}
