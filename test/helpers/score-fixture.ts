/** A folder with a small model, its documents and its shards: what a score needs, known beforehand. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeShard } from '#bpb/data/shards';
import { temporaryFolder } from './folder.js';
import { normals, tableModel, uniform } from './models.js';

/** Ids of the byte vocabulary. */
export const VOCABULARY = 260;
const BOS = 1;

export interface ScoreFixture {
  readonly folder: string;
  readonly model: string;
  readonly docs: string;
  /** Directory of two shards; a row crosses their seam. */
  readonly shards: string;
  readonly texts: readonly string[];
  /** The token stream that both the documents and the shards are. */
  readonly ids: readonly number[];
  /** `[VOCABULARY, VOCABULARY]` logits after each id. */
  readonly table: Float32Array;
}

/** Documents of seeded lengths, some empty, some of one byte, with characters of several bytes. */
export function seededTexts(count: number, seed = 5): string[] {
  const next = uniform(seed);
  const alphabet = ['a', 'b', ' ', 'é', '中', '🙂', 'the ', '\n'];
  return Array.from({ length: count }, (_, k) => {
    const length = k === 1 ? 0 : k === 2 ? 1 : Math.floor(next() * 120);
    return Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]).join('');
  });
}

export function byteStream(texts: readonly string[]): number[] {
  return texts.flatMap((text) => [BOS, ...Array.from(Buffer.from(text), (byte) => byte + 4)]);
}

export async function scoreFixture(
  options: {
    texts?: readonly string[];
    table?: Float32Array;
    model?: Uint8Array;
    folder?: string;
  } = {},
): Promise<ScoreFixture> {
  const folder = options.folder ?? temporaryFolder();
  const texts = options.texts ?? seededTexts(40);
  const table = options.table ?? normals(VOCABULARY * VOCABULARY, 1, 2);
  const ids = byteStream(texts);
  const model = join(folder, 'table.onnx');
  const docs = join(folder, 'docs.jsonl');
  writeFileSync(model, options.model ?? tableModel(table, VOCABULARY));
  writeFileSync(docs, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const seam = Math.floor(ids.length / 2) + 3;
  await writeShard(join(folder, 'fineweb_val_000000.bin'), ids.slice(0, seam));
  await writeShard(join(folder, 'fineweb_val_000001.bin'), ids.slice(seam));
  return { folder, model, docs, shards: folder, texts, ids, table };
}

/** Nats of `target` after `previous`, in float64 from the table itself. */
export function tableNats(table: Float32Array, previous: number, target: number): number {
  const row = table.subarray(previous * VOCABULARY, (previous + 1) * VOCABULARY);
  const max = row.reduce((most, x) => Math.max(most, x), Number.NEGATIVE_INFINITY);
  const sum = row.reduce((total, x) => total + Math.exp(x - max), 0);
  return Math.log(sum) + (max - row[target]!);
}
