/** Files of an artifact's folder that nobody counted, and the findings about an artifact's size. */
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { score } from '#bpb/score/score';
import { bpb } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, tableModel } from '../helpers/models.js';
import { VOCABULARY } from '../helpers/score-fixture.js';
import { artifactOf } from './artifact-folder.js';

const model = tableModel(normals(VOCABULARY ** 2, 1), VOCABULARY);
const CODE = 'print("trained")\n';
const EVALUATION = { evaluation: { window: 'chunk', seqLen: 8 } };
const COUNTED = { counted: ['model.onnx', 'train.py'], ...EVALUATION };
const GOOD = { 'model.onnx': model, 'train.py': CODE };

async function uncountedOf(folder: string) {
  return (await loadArtifact(folder)).uncounted.map(({ name }) => name);
}

describe('files that nobody counted', () => {
  test('in the folder and below it, sorted; a folder without files is none', async () => {
    const folder = artifactOf({ ...GOOD, 'z.bin': 'z', 'b/c/w.pt': 'w', '.hidden': 'h' }, COUNTED);
    mkdirSync(join(folder, 'empty'));
    expect(await uncountedOf(folder)).toEqual(['.hidden', 'b/c/w.pt', 'z.bin']);
  });

  test('a link is one, wherever it leads, and is not followed', async () => {
    const folder = artifactOf(GOOD, COUNTED);
    const outside = temporaryFolder();
    writeFileSync(join(outside, 'weights.bin'), 'w');
    symlinkSync(outside, join(folder, 'folder'));
    symlinkSync(join(outside, 'weights.bin'), join(folder, 'file'));
    symlinkSync('/no/such/place', join(folder, 'nowhere'));
    symlinkSync('.', join(folder, 'round'));
    const { uncounted } = await loadArtifact(folder);
    expect(uncounted).toEqual(
      ['file', 'folder', 'nowhere', 'round'].map((name) => ({ name, bytes: null })),
    );
  });

  test('another name of a counted file is that file; a copy is another file', async () => {
    const folder = artifactOf({ ...GOOD, 'copy.onnx': model }, COUNTED);
    symlinkSync('model.onnx', join(folder, 'link.onnx'));
    linkSync(join(folder, 'model.onnx'), join(folder, 'hard.onnx'));
    expect(await uncountedOf(folder)).toEqual(['copy.onnx']);
  });

  test('a scored file that a counted one unpacks to is none; without that it is one', async () => {
    const packed = { ...GOOD, 'model.onnx.br': brotliCompressSync(model) };
    const covered = artifactOf(packed, { counted: ['model.onnx.br', 'train.py'] });
    expect(await uncountedOf(covered)).toEqual([]);
    expect(await uncountedOf(artifactOf(GOOD, { counted: ['train.py'] }))).toEqual(['model.onnx']);
  });

  test('documentation is none, of the size of words', async () => {
    const words = { 'README.md': 'r', LICENSE: 'l', 'how/to.md': 'h', 'train.log': 'step 1' };
    expect(await uncountedOf(artifactOf({ ...GOOD, ...words }, COUNTED))).toEqual([]);
    const heavy = {
      ...words,
      'a/README.md': 'x'.repeat(2 ** 19),
      'b/README.md': 'x'.repeat(2 ** 19),
    };
    expect(await uncountedOf(artifactOf({ ...GOOD, ...heavy }, COUNTED))).toEqual(
      Object.keys(heavy).sort(),
    );
  });

  test('a folder of any number of files is looked at no further than that', async () => {
    const folder = artifactOf(GOOD, COUNTED);
    mkdirSync(join(folder, 'many'));
    for (let k = 0; k < 10_001; k++) writeFileSync(join(folder, 'many', `${k}`), '');
    const names = await uncountedOf(folder);
    expect(names).toContain('many/');
    expect(names.length).toBeLessThanOrEqual(10_001);
  });
});

describe('what a result says of the size', () => {
  const docs = (folder: string): string => {
    const path = join(folder, 'docs.jsonl');
    writeFileSync(path, `${JSON.stringify({ text: 'some words of a text' })}\n`);
    return path;
  };
  const scored = async (folder: string, over: Partial<ScoreOptions> = {}) => {
    const options = { docs: docs(temporaryFolder()), verifyRows: 0, ...over };
    const { artifact, findings, status } = await score({ artifact: folder, ...options });
    const ofSize = findings.filter(({ id }) => /^(over-limit|size-unknown|uncounted)/.test(id));
    return {
      artifact,
      status,
      found: ofSize.map(({ id, severity }) => `${severity} ${id}`),
      ofSize,
    };
  };

  test('nothing, where all is counted', async () => {
    const { artifact, found, status } = await scored(artifactOf(GOOD, COUNTED));
    expect(found).toEqual([]);
    expect(artifact).toMatchObject({ within_limit: true, uncounted: [] });
    expect(artifact.counted).toMatchObject([
      { file: 'model.onnx', bytes: model.length, role: 'model' },
      { file: 'train.py', bytes: CODE.length, role: 'code' },
    ]);
    expect(status).toBe('scored');
  });

  test('what the caller names and what the run writes are none of the artifact', async () => {
    const folder = artifactOf(GOOD, COUNTED);
    const over = { docs: docs(folder), out: folder, ledger: join(folder, 'l.jsonl') };
    expect((await scored(folder, over)).artifact.uncounted).toEqual([]);
    // What lies there of an earlier run is none either.
    const again = { docs: docs(folder), out: folder, force: true };
    expect((await scored(folder, again)).artifact.uncounted).toEqual(['l.jsonl']);
  });

  test('by how much it is over the cap; the headline stays', async () => {
    const files = { ...GOOD, 'pad.bin': Buffer.alloc(16_000_000) };
    const counted = ['model.onnx', 'train.py', 'pad.bin'];
    const { artifact, found, ofSize, status } = await scored(
      artifactOf(files, { counted, ...EVALUATION }),
    );
    expect(found).toEqual(['warn over-limit']);
    const over = (model.length + CODE.length).toLocaleString('en-US');
    expect(ofSize[0]!.message).toContain(`by ${over}`);
    expect([artifact.within_limit, status]).toEqual([false, 'scored']);
  });

  test('that it is not known, and over the cap all the same', async () => {
    const files = { 'model.onnx': model, 'pad.bin': Buffer.alloc(16_000_000) };
    const counted = ['model.onnx', 'pad.bin'];
    const { artifact, found } = await scored(artifactOf(files, { counted, ...EVALUATION }));
    expect(found).toEqual(['warn over-limit', 'note size-unknown']);
    expect(artifact.within_limit).toBeNull();
  });

  test('a warning, where what nobody counted brings it over the cap', async () => {
    const small = { ...GOOD, a: '1', b: '2', c: '3', d: '4' };
    const little = await scored(artifactOf(small, COUNTED));
    expect(little.found).toEqual(['note uncounted-files']);
    expect(little.ofSize[0]!.message).toContain(
      "4 files of the artifact's folder, 4 bytes: a, b, c and 1 more",
    );
    const heavy = { ...GOOD, 'w.bin': Buffer.alloc(16_000_000) };
    const much = await scored(artifactOf(heavy, COUNTED));
    expect(much.found).toEqual(['warn uncounted-files']);
    expect(much.artifact).toMatchObject({ within_limit: true, uncounted: ['w.bin'] });
  });

  test('a name cannot write to the terminal', async () => {
    const folder = artifactOf({ ...GOOD, 'w\u001b[2K\rgood': 'x' }, COUNTED);
    const path = docs(temporaryFolder());
    const run = await bpb('score', folder, '--docs', path, '--verify-rows', '0');
    expect(run.stdout).toMatch(/nobody counted\s+a file/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
    expect(run.stdout).not.toMatch(/\u001b\[2K|\r/);
  });
});
