/** Vocabularies whose text is one id alone. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import { probe } from '#bpb/probes/probe';
import { temporaryFolder } from '../helpers/folder.js';
import { normals, tableModel } from '../helpers/models.js';
import { type ModelPiece, modelFile, PIECE_TYPE } from '../helpers/sentencepiece.js';

const UNKNOWN: ModelPiece = ['<unk>', PIECE_TYPE.unknown];
const START: ModelPiece = ['<s>', PIECE_TYPE.control];
const A: ModelPiece = ['a'];

test.each([
  ['2', [UNKNOWN, A], { window: 'chunk', documentStart: 'none' }],
  ['3', [UNKNOWN, START, A], { window: 'document' }],
] as const)(
  '%s ids are probed: another one that no text has replaces it',
  async (_, pieces, over) => {
    const folder = temporaryFolder();
    const last = pieces.length - 1;
    const starts = over.window === 'document';
    const ids = Array.from({ length: 100 }, (__, k) => (starts && k % 20 === 0 ? 1 : last));
    await writeShard(join(folder, 'fineweb_val_000000.bin'), ids);
    const artifact = join(folder, 'm.onnx');
    writeFileSync(artifact, tableModel(normals(pieces.length ** 2, 1), pieces.length));
    const tokenizer = modelFile({ pieces });
    const options = { ...over, artifact, tokenizer, data: [folder], seqLen: 16, everyRow: true };
    const { verdicts } = await probe({ ...options, workers: 1, seed: 1 });
    for (const name of ['causality', 'prefix', 'every-row']) {
      expect(verdicts.find((each) => each.name === name)).toMatchObject({ verdict: 'pass' });
    }
  },
);
