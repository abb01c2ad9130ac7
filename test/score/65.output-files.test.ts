/** The files of `--out` in the result: each by its hash, which the hash of the result covers. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { score } from '#bpb/score/score';
import { temporaryFolder } from '../helpers/folder.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const options = { tokenizer: 'byte260', window: 'chunk', seqLen: 32, workers: 1 } as const;

test('each table that was written is listed with its hash, and nothing else', async () => {
  const { model, docs } = await scoreFixture();
  for (const saveTargets of [false, true]) {
    const out = join(temporaryFolder(), 'out');
    const result = await score({ ...options, artifact: model, docs, out, saveTargets });
    const tables = readdirSync(out).filter((name) => !/^(result|journal)\./.test(name));
    expect(tables.sort()).toEqual(
      saveTargets ? ['documents.csv', 'targets.f32'] : ['documents.csv'],
    );
    const hashed = tables.map((file) => {
      const content = readFileSync(join(out, file));
      const sha256 = createHash('sha256').update(content).digest('hex');
      return { file, bytes: content.length, sha256 };
    });
    expect(result.files).toEqual(hashed);
    expect(JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'))).toEqual(result);
  }
});

test('without --out there are none; a part says which it is', async () => {
  const { model, docs } = await scoreFixture();
  const whole = await score({ ...options, artifact: model, docs });
  const part = await score({ ...options, artifact: model, docs, part: [2, 3] });
  expect([whole.files, whole.coverage.part]).toEqual([null, null]);
  expect([part.files, part.coverage.part]).toEqual([null, [2, 3]]);
});
