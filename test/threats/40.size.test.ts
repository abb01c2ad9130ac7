/** An artifact whose size is more than it says. */
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { expectClean, rewrite, said, scoreOf, type World, world } from './world.js';

const LIMIT = 16_000_000;

/** What the size findings of a bent artifact are. */
const FOUND: [string, (bent: World) => void, string, boolean | null][] = [
  [
    'the model is not counted',
    (bent) => rewrite(bent, { counted: ['train.py'] }),
    'note size-unknown',
    null,
  ],
  [
    'a little file stands for the model in the list',
    (bent) => {
      writeFileSync(join(bent.artifact, 'small.onnx'), 'x');
      rewrite(bent, { counted: ['small.onnx', 'train.py'] });
    },
    'note size-unknown',
    null,
  ],
  [
    'the sum is over the cap',
    (bent) => {
      writeFileSync(join(bent.artifact, 'train.py'), Buffer.alloc(LIMIT, '#'));
    },
    'warn over-limit',
    false,
  ],
  [
    'no code is counted',
    (bent) => rewrite(bent, { counted: ['model.onnx'] }),
    'note size-unknown',
    null,
  ],
  [
    'the model again is the code',
    (bent) => {
      copyFileSync(join(bent.artifact, 'model.onnx'), join(bent.artifact, 'train.bin'));
      rewrite(bent, { counted: ['model.onnx', 'train.bin'], code: ['train.bin'] });
    },
    'note size-unknown',
    null,
  ],
  [
    'a file that nobody counted',
    (bent) => writeFileSync(join(bent.artifact, 'weights.bin'), Buffer.alloc(LIMIT)),
    'warn uncounted-files',
    true,
  ],
  [
    'a link to a file elsewhere',
    (bent) => symlinkSync(bent.docs, join(bent.artifact, 'weights.bin')),
    'warn uncounted-files',
    true,
  ],
  [
    'weights that are called documentation',
    (bent) => writeFileSync(join(bent.artifact, 'README.md'), Buffer.alloc(2 ** 20 + 1)),
    'note uncounted-files',
    true,
  ],
];

describe('beside the headline stands', () => {
  test.each(FOUND)('%s', async (_, bend, finding, within) => {
    const bent = await world();
    bend(bent);
    const result = await scoreOf(bent, { verifyRows: 0 });
    expect(said(result)).toContain(finding);
    expect(result.artifact.within_limit).toBe(within);
    expect(result.status).toBe('scored');
  });
});

test('the honest twin: model and script counted, the model stored smaller, words beside', async () => {
  const honest = await world();
  const model = readFileSync(join(honest.artifact, 'model.onnx'));
  writeFileSync(join(honest.artifact, 'model.onnx.gz'), gzipSync(model));
  writeFileSync(join(honest.artifact, 'README.md'), 'How this model was trained.');
  rewrite(honest, { counted: ['model.onnx.gz', 'train.py'] });
  const result = await scoreOf(honest, { verifyRows: 0 });
  expectClean(result);
  expect(result.artifact).toMatchObject({ within_limit: true, uncounted: [] });
});
