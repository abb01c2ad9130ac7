/** The commands in error texts: whoever installed the package has none of its npm scripts. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BUILD_NATIVE, SETUP_CUDA } from '#bpb/package-scripts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Text without comments; a `//` in a string, as of an address, is none. */
const code = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[\s;])\/\/.*$/gm, '$1');

function filesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|cts|cc|cu|h|cuh|mjs|txt)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

test.each(['src', 'native/src', 'native/cuda'])(
  '%s names no npm script, and no command of a clone',
  (folder) => {
    const named = filesOf(folder).flatMap((path) =>
      [...code(readFileSync(path, 'utf8')).matchAll(/.*\bnpm (run|ci|test)\b.*/g)]
        // A sentence about `npm ci` itself is no hint to run it.
        .filter(([line]) => !/remove what was put there/.test(line))
        .map(([line]) => `${path.slice(ROOT.length)}: ${line.trim()}`),
    );
    expect(named).toEqual([]);
  },
);

test('the commands in hints name files that are there, from the folder of the reader', () => {
  for (const command of [BUILD_NATIVE, SETUP_CUDA]) {
    const [, path] = /^node (\S+)$/.exec(command)!;
    expect(readdirSync(dirname(path!))).toContain(path!.split('/').at(-1));
  }
});
