/** The folder that golden cases run in: small inputs, all seeded, and one claim made by a score. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeShard } from '#bpb/data/shards';
import { attention, byteModel, changedTable, lookAhead } from '../helpers/byte-models.js';
import { uniform } from '../helpers/models.js';
import { byteStream, seededTexts, VOCABULARY } from '../helpers/score-fixture.js';
import { LUT } from '../submission/scripts.js';

const MODELS = fileURLToPath(new URL('../../models', import.meta.url));
/** A byte of the documents (`a`) that one model never gives a probability. */
const NEVER = 97 + 4;

const lines = (texts: readonly string[]) =>
  texts.map((text) => `${JSON.stringify({ text })}\n`).join('');

/** Everything but the claim, which `finishFolder` adds. */
export async function goldenFolder(): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bpb-golden-')));
  const write = (name: string, data: string | Uint8Array) =>
    writeFileSync(join(folder, name), data);
  symlinkSync(MODELS, join(folder, 'models'));
  for (const name of ['shards', 'manifest']) mkdirSync(join(folder, name));

  // Attention, so that what a window lets a row see shows in the loss.
  write('model.onnx', byteModel(attention));
  write('ahead.onnx', byteModel(lookAhead(1, 4)));
  const never = changedTable((table) => {
    for (let id = 0; id < VOCABULARY; id++) table[id * VOCABULARY + NEVER] = -Infinity;
  });
  write('never.onnx', byteModel(never));
  const next = uniform(3);
  write(
    'noise.onnx',
    Uint8Array.from({ length: 4096 }, () => Math.floor(next() * 256)),
  );

  const texts = seededTexts(40);
  const ids = byteStream(texts);
  const seam = Math.floor(ids.length / 2) + 3;
  write('docs.jsonl', lines(texts));
  write('other.jsonl', lines(texts).replace(/a/g, 'b'));
  write('half.jsonl', '{"text":"fine"}\n{"text":"\\ud800"}\n');
  await writeShard(join(folder, 'shards/fineweb_val_000000.bin'), ids.slice(0, seam));
  await writeShard(join(folder, 'shards/fineweb_val_000001.bin'), ids.slice(seam));

  write('manifest/artifact.json', '{"format":"bpb-artifact/1","name":7,"colour":"red"}');
  write('script.py', `${LUT}\nval_bpb = val_loss / (math.log(2) * 3.5)\n`);
  const log = [
    'val_loader:shards pattern=./data/fineweb10B_sp1024/fineweb_val_*.bin tokens:63779840',
    'final_int8_zlib_roundtrip_exact val_loss:2.07269931 val_bpb:1.22436570',
  ];
  write('train.log', `${log.join('\n')}\n`);
  return folder;
}

/** The score that makes the claim of `made/`. */
export const MAKE_CLAIM =
  'score model.onnx --tokenizer byte260 --docs docs.jsonl --window document --seq-len 64 ' +
  '--engine onnx-cpu --workers 1 --threads 1 --seed 1 --quiet ' +
  '--out made --save-targets --ledger made/ledger.jsonl';

/** Damaged copies of the claim that `MAKE_CLAIM` left. */
export function finishFolder(folder: string): void {
  const targets = readFileSync(join(folder, 'made/targets.f32'));
  writeFileSync(join(folder, 'short.f32'), targets.subarray(4));
  const ledger = readFileSync(join(folder, 'made/ledger.jsonl'), 'utf8').split('\n');
  // One line too few: the chain breaks there, and its targets are never scored.
  writeFileSync(join(folder, 'broken.jsonl'), ledger.toSpliced(3, 1).join('\n'));
}
