/** The packages of package-lock.json, and which of them a user of this package installs. */
import { readFileSync } from 'node:fs';

interface LockedPackage {
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export const LOCKED: Readonly<Record<string, LockedPackage>> = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
).packages;

/** Where `name` is found from the package at `from`: there, or in a folder above. */
function found(from: string, name: string): string {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (path in LOCKED) return path;
    if (at === '') throw new Error(`${name}, of ${from || 'the package'}, is not in the lockfile`);
  }
}

/** Packages that the dependencies `names` bring, with themselves; optional ones of any platform too. */
export function closure(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const waiting = names.map((name) => found('', name));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const { dependencies, optionalDependencies } = LOCKED[path]!;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      waiting.push(found(path, name));
    }
  }
  return seen;
}
