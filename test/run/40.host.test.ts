/** The benchmark of the harness itself runs, over every target, and to the same figures again. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import { planWindows } from '#bpb/windows/plan';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, tableModel } from '../helpers/models.js';
import { blankStream } from '../helpers/stream.js';

const TOKENS = 30_000;

test.each([
  ['chunk', null],
  ['sliding', 64],
] as const)('%s windows', async (mode, stride) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'table.onnx'), tableModel(normals(16, 1), 4));
  const ids = Uint16Array.from({ length: TOKENS }, (_, i) => (i % 700 === 0 ? 1 : 260 + (i % 500)));
  await writeShard(join(folder, 'fineweb_val_000000.bin'), ids);
  const run = () =>
    JSON.parse(
      execFileSync(process.execPath, ['bench/lib/host-run.mjs', mode, folder], {
        encoding: 'utf8',
      }),
    );
  const first = run();
  const window = { mode, seqLen: 1024, stride, tail: 'drop', compat: null } as const;
  expect(first.targets).toBe(planWindows(blankStream(TOKENS), window).scored);
  expect(first.documents).toBe(Math.ceil(first.targets / 700));
  expect(run().sha256).toBe(first.sha256);
});
