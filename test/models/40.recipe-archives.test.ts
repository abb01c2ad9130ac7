/** What lies in the bundled folders is what the recipe beside them makes and what the table says. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readDecompressed } from '#bpb/artifact/decompress';

const models = fileURLToPath(new URL('../../models', import.meta.url));
const bundled = readdirSync(models).filter((name) =>
  existsSync(join(models, name, 'artifact.json')),
);

/** The files of a tar archive of the ustar format, which has blocks of 512 bytes. */
function unpack(tar: Uint8Array): Map<string, string> {
  const files = new Map<string, string>();
  const text = (from: number, to: number) =>
    Buffer.from(tar.subarray(from, to)).toString('latin1').replace(/\0.*$/s, '');
  for (let at = 0; tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, at + 136), 8);
    files.set(text(at, at + 100), Buffer.from(tar.subarray(at + 512, at + 512 + size)).toString());
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

function sources(folder: string, prefix: string): [string, string][] {
  const wanted = readdirSync(folder).filter((n) => n.endsWith('.py') || n === 'requirements.txt');
  return wanted.map((name) => [prefix + name, readFileSync(join(folder, name), 'utf8')]);
}

test('artifacts are bundled', () => expect(bundled).toContain('sotu-8x256'));

describe.each(bundled)('%s', (name) => {
  const folder = join(models, name);
  const manifest = JSON.parse(readFileSync(join(folder, 'artifact.json'), 'utf8')) as {
    readonly counted: readonly string[];
    readonly state?: unknown;
  };

  test('recipe.tar.xz holds the sources as they are (make.py --keep-weights renews it)', async () => {
    const { content } = await readDecompressed(join(folder, 'recipe.tar.xz'));
    const train = sources(join(models, 'train'), 'train/');
    const adaptive = sources(join(models, 'train/adaptive'), 'train/adaptive/');
    const expected = manifest.state === undefined ? train : [...train, ...adaptive];
    expect(Object.fromEntries(unpack(content))).toEqual(Object.fromEntries(expected));
  });

  test('the table of the bundled artifacts has its counted bytes', () => {
    const counted = manifest.counted.reduce((n, file) => n + statSync(join(folder, file)).size, 0);
    const table = readFileSync(join(models, 'README.md'), 'utf8').split('\n');
    const row = table.find((line) => line.startsWith(`| [${name}](${name}) |`));
    expect(row).toContain(`| ${counted.toLocaleString('en-US')} |`);
  });
});
