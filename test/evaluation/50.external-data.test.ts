/** Weights that are the very files that a model is scored on: refused. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEvaluation } from '#bpb/evaluation/open';
import { apart, at, DATA, folderOf, refersTo } from '../artifact/apart.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';

const asked = { tokenizer: 'byte260', window: 'chunk', seqLen: 16, device: 'cpu' } as const;
const SHARD = 'fineweb_val_000000.bin';

/** A model that reads the beginning of a file beside it, of this name and content. */
function reading(name: string, source: string): string {
  return join(folderOf(refersTo(at(name)), { [name]: readFileSync(source) }), 'model.onnx');
}

test('a shard, in its place or as a copy of another name', async () => {
  const { shards } = await scoreFixture();
  const shard = join(shards, SHARD);
  for (const name of [SHARD, DATA]) {
    const options = { ...asked, artifact: reading(name, shard), data: [shards] };
    const refusal = await refusalOf(() => openEvaluation(options, 'plan'));
    expect(refusal).toMatchObject({ code: 'BPB_MODEL_EXTERNAL_DATA', exitCode: 3 });
    expect(refusal.actual).toContain(name);
  }
});

test('the file of documents', async () => {
  const { docs } = await scoreFixture();
  const options = { ...asked, artifact: reading('docs.jsonl', docs), docs };
  const refusal = await refusalOf(() => openEvaluation(options, 'plan'));
  expect(refusal).toMatchObject({ code: 'BPB_MODEL_EXTERNAL_DATA', exitCode: 3 });
});

test('weights beside the shards are opened', async () => {
  const { shards } = await scoreFixture();
  const folder = folderOf(apart.model, { [DATA]: apart.data });
  copyFileSync(join(shards, SHARD), join(folder, SHARD));
  const options = { ...asked, artifact: join(folder, 'model.onnx'), data: [join(folder, SHARD)] };
  const { artifact } = await openEvaluation(options, 'plan');
  expect(artifact.external).toHaveLength(1);
});
