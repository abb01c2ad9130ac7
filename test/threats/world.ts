/**
 * An evaluation that tests bend: a tokenizer, texts, shards, and a model that has learned the stream.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import type { ScoreOptions } from '#bpb/evaluation/options';
import type { ScoreResult } from '#bpb/score/result';
import { score } from '#bpb/score/score';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';
import { temporaryFolder } from '../helpers/folder.js';
import { tableModel } from '../helpers/models.js';
import { type ModelOptions, SMALL, sentencePieceModel } from '../helpers/sentencepiece.js';

/** A vocabulary without fault: no piece holds a space mark after its first character. */
export const PIECES = SMALL.filter(([text]) => text !== '▁▁');

const WORDS =
  'the cat and a hen in an inn again then the rest of it hangs in a thin thing that is bare'.split(
    ' ',
  );

/** Texts that a tokenizer of these pieces keeps whole. */
export const TEXTS: readonly string[] = Array.from({ length: 24 }, (_, k) =>
  Array.from(
    { length: 20 + ((k * 7) % 23) },
    (_, j) => WORDS[(k * 5 + j * (3 + (k % 4))) % WORDS.length],
  ).join(' '),
);

export interface World {
  readonly folder: string;
  /** Directory of the artifact: `artifact.json`, `model.onnx`, `tokenizer.model`, `train.py`. */
  readonly artifact: string;
  readonly tokenizer: string;
  /** Published documents. */
  readonly docs: string;
  /** Directory of the organizer's shard, `fineweb_val_000000.bin`. */
  readonly data: string;
  readonly ids: readonly number[];
  readonly vocabulary: number;
}

interface WorldOptions {
  readonly tokenizer?: ModelOptions;
  readonly texts?: readonly string[];
  /** The model; by default a table of the stream's own counts. */
  readonly model?: (ids: readonly number[], vocabulary: number) => Uint8Array;
  /** Fields of the manifest in place of the usual ones. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Where it is made; by default in a folder of the test's own. */
  readonly folder?: string;
  /** Spoils the ids before they are written and learned. */
  readonly change?: (ids: readonly number[]) => readonly number[];
}

/** Log of smoothed counts of each id after each id: `[vocabulary, vocabulary]`. */
export function learned(ids: readonly number[], vocabulary: number): Float32Array {
  const table = new Float32Array(vocabulary ** 2).fill(0.01);
  for (let i = 1; i < ids.length; i++) table[ids[i - 1]! * vocabulary + ids[i]!]! += 1;
  return table.map(Math.log);
}

export async function idsOf(tokenizer: string, texts: readonly string[]): Promise<number[]> {
  async function* documents() {
    for (const [k, text] of texts.entries()) {
      yield { text, bytes: Buffer.byteLength(text), line: k + 1 };
    }
  }
  const { stream } = await tokenizeDocuments(documents(), loadTokenizer(tokenizer));
  return [...stream.ids];
}

export async function world(options: WorldOptions = {}): Promise<World> {
  const { texts = TEXTS, change = (ids) => ids, manifest = {} } = options;
  const folder = options.folder ?? temporaryFolder();
  const [data, artifact] = [join(folder, 'data'), join(folder, 'artifact')];
  mkdirSync(data, { recursive: true });
  mkdirSync(artifact);
  const tokenizer = join(artifact, 'tokenizer.model');
  writeFileSync(tokenizer, sentencePieceModel({ pieces: PIECES, ...options.tokenizer }));
  const docs = join(folder, 'docs.jsonl');
  writeFileSync(docs, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const ids = change(await idsOf(tokenizer, texts));
  await writeShard(join(data, 'fineweb_val_000000.bin'), ids);
  const vocabulary = loadTokenizer(tokenizer).pieces.length;
  const model =
    options.model?.(ids, vocabulary) ?? tableModel(learned(ids, vocabulary), vocabulary);
  writeFileSync(join(artifact, 'model.onnx'), model);
  writeFileSync(join(artifact, 'train.py'), 'print("trained")\n');
  const written = {
    format: 'bpb-artifact/1',
    name: 'participant',
    model: { path: 'model.onnx' },
    tokenizer: { kind: 'sentencepiece', path: 'tokenizer.model' },
    evaluation: { window: 'chunk', seqLen: 32, tail: 'score' },
    counted: ['model.onnx', 'train.py'],
    ...manifest,
  };
  writeFileSync(join(artifact, 'artifact.json'), JSON.stringify(written));
  return { folder, artifact, tokenizer, docs, data, ids, vocabulary };
}

/** Changes fields of the manifest. */
export function rewrite(
  { artifact }: Pick<World, 'artifact'>,
  over: Readonly<Record<string, unknown>>,
): void {
  const path = join(artifact, 'artifact.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...manifest, ...over }));
}

/** The organizer's score: of the organizer's shard, by everything that the artifact asks for. */
export function scoreOf(
  { artifact, data }: Pick<World, 'artifact' | 'data'>,
  over: Partial<ScoreOptions> = {},
): Promise<ScoreResult> {
  const session = { engine: 'onnx-cpu', workers: 1, threads: 1 } as const;
  return score({ artifact, data: [data], ...session, ...over });
}

/** `fail denominator-exceeds`, the gravest first; `accepted` ones are marked. */
export const said = ({ findings }: Pick<ScoreResult, 'findings'>): string[] =>
  findings.map(({ severity, id }) => `${severity} ${id}`);

/** No headline, and that finding is why; the loss stays. */
export function expectWithheld(result: ScoreResult, id: string): void {
  expect(said(result)).toContain(`fail ${id}`);
  expect(result.status).toBe('withheld');
  expect(result.score.val_bpb).toBeNull();
  expect(result.score.bpb_original).toBeNull();
  expect(result.score.val_loss).toBeGreaterThan(0);
}

/** What says nothing of the artifact: its own wishes, and what a test of something else leaves out. */
const ASIDE = new Set(['note artifact-decides', 'warn unverified']);

/** A headline with nothing beside it but what an honest artifact has beside it too. */
export function expectClean(result: ScoreResult): void {
  expect(said(result).filter((each) => !ASIDE.has(each))).toEqual([]);
  expect(result.status).toBe('scored');
  expect(result.score.val_bpb).toBeGreaterThan(0);
}
