/**
 * The reference evaluator of docs/bits-per-byte.md, as the oracle of `score` on a trained model.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadArtifact, score, tokenize } from '#bpb/index';
import { temporaryFolder } from '../helpers/folder.js';

const artifact = fileURLToPath(new URL('../../models/sotu-8x256', import.meta.url));
const tokenizer = join(artifact, 'tokenizer.model');
const evaluator = fileURLToPath(new URL('../../docs/reference-evaluator.mjs', import.meta.url));

interface Reference {
  evaluate(options: {
    model: string;
    tokenizer: string;
    shards: readonly string[];
    seqLen: number;
  }): Promise<{ targets: number; nats: number; bytes: number; val_loss: number; val_bpb: number }>;
}

test('score agrees with the reference evaluator on the bundled model', async () => {
  const folder = temporaryFolder();
  const model = join(folder, 'model.onnx');
  writeFileSync(model, (await loadArtifact(artifact)).model.bytes);
  // A document boundary inside a row, characters of several bytes, spaces at the beginning.
  const texts = [
    'We meet here — naïve or not — at 5 °C. '.repeat(9),
    ' To the Congress: 50 ½ 🙂'.repeat(9),
  ];
  const docs = join(folder, 'docs.jsonl');
  writeFileSync(docs, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const out = join(folder, 'shards');
  const { shards } = await tokenize({ docs, tokenizer, out, workers: 1 });

  const seqLen = 64;
  const common = { artifact, data: [out], window: 'chunk', seqLen, tail: 'drop' } as const;
  const result = await score({ ...common, workers: 1, threads: 1 });
  const { evaluate } = (await import(evaluator)) as Reference;
  const files = shards.map(({ file }) => join(out, file));
  const expected = await evaluate({ model, tokenizer, shards: files, seqLen });

  expect(expected.targets).toBeGreaterThan(4 * seqLen);
  expect(result.totals.targets).toBe(expected.targets);
  expect(result.totals.bytes.lut).toBe(expected.bytes);
  // The logits are fp32 and of two shapes of batch: the verification's tolerance, in nats a target.
  expect(Math.abs(result.score.val_loss! - expected.val_loss)).toBeLessThan(1e-5);
  expect(Math.abs(result.score.val_bpb! / expected.val_bpb - 1)).toBeLessThan(1e-5);
});

test('the reference evaluator stays on one screen and shares no code with src', () => {
  const text = readFileSync(evaluator, 'utf8');
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(80);
  const imports = Array.from(text.matchAll(/from '([^']+)'/g), ([, name]) => name);
  expect(imports).toEqual(['node:fs', 'node:url', 'onnxruntime-node']);
});
