/**
 * A folder with small real inputs under the names that examples in doc comments use.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { score, tokenize } from '#bpb/index';
import { normals, tableModel } from '../helpers/models.js';
import { RIGHT } from '../submission/scripts.js';

/** Pieces of the bundled tokenizer. */
const VOCABULARY = 1024;
const TOKENIZER = fileURLToPath(
  new URL('../../models/sotu-8x256/tokenizer.model', import.meta.url),
);
const TEXTS = [
  'To the Congress of the United States: we meet — ½ of us — in good health. '.repeat(30),
  'No words.',
  'The National Academy of Sciences reports 5 °C more. '.repeat(20),
];

export interface Inputs {
  readonly folder: string;
  /** Path of a file or directory in it. */
  readonly at: (...names: string[]) => string;
  readonly remove: () => void;
}

/**
 * Writes an artifact (`models/sotu-8x256`: a table model behind the bundled tokenizer), the same without a
 * manifest (`exported`), documents, shards, a training log, a script, and a ledger with its targets from a score of the artifact.
 */
export async function exampleInputs(): Promise<Inputs> {
  const folder = mkdtempSync(join(tmpdir(), 'bpb-test-'));
  const at = (...names: string[]) => join(folder, ...names);
  const artifact = at('models', 'sotu-8x256');
  mkdirSync(artifact, { recursive: true });
  copyFileSync(TOKENIZER, join(artifact, 'tokenizer.model'));
  copyFileSync(TOKENIZER, at('tokenizer.model'));
  const table = normals(VOCABULARY * VOCABULARY, 3);
  writeFileSync(join(artifact, 'model.onnx'), tableModel(table, VOCABULARY));
  const manifest = {
    format: 'bpb-artifact/1',
    name: 'table',
    model: { path: 'model.onnx', tokens: 'input_ids', logits: 'logits', softcap: null },
    tokenizer: { kind: 'sentencepiece', path: 'tokenizer.model' },
    evaluation: { window: 'chunk', seqLen: 64, stride: null, tail: 'score', data: 'shards' },
    counted: ['model.onnx'],
  };
  writeFileSync(join(artifact, 'artifact.json'), JSON.stringify(manifest));
  mkdirSync(at('exported'));
  copyFileSync(TOKENIZER, at('exported', 'tokenizer.model'));
  copyFileSync(join(artifact, 'model.onnx'), at('exported', 'model.onnx'));
  writeFileSync(at('docs.jsonl'), TEXTS.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  writeFileSync(at('train_gpt.py'), RIGHT);
  writeFileSync(at('train_seed42.log'), 'final_exact val_loss:2.07234577 val_bpb:1.22735990\n');
  const docs = at('docs.jsonl');
  await tokenize({ docs, tokenizer: TOKENIZER, out: at('shards'), workers: 1 });
  await score({
    artifact,
    data: [at('shards')],
    out: at('results'),
    saveTargets: true,
    ledger: at('run.jsonl'),
    workers: 1,
    threads: 1,
  });
  copyFileSync(at('results', 'targets.f32'), at('targets.f32'));
  return { folder, at, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
