/** Scores whose bytes a participant's tokenizer, or a sidecar, makes too many: what stands in the result. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { render } from '#bpb/report/reporter';
import { REPORTERS } from '#bpb/report/reporters';
import { scoreClaimed } from '#bpb/score/claimed';
import type { ScoreResult } from '#bpb/score/result';
import { score } from '#bpb/score/score';
import { tokenize } from '#bpb/tokenize/tokenize';
import { fileFolder, temporaryFolder } from '../helpers/folder.js';
import { normals, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import {
  type ModelOptions,
  type ModelPiece,
  SMALL,
  sentencePieceModel,
} from '../helpers/sentencepiece.js';
import { sharedCase } from '../helpers/shared-data.js';
import { operatorPieces } from '../tokenize/texts.js';

/** Without the piece of two spaces, whose bytes no table has right. */
const PLAIN = SMALL.filter(([text]) => text !== '▁▁');
const TEXTS = Array.from(
  { length: 12 },
  (_, k) => `The thing in a bin ${'and the ant '.repeat(k)}`,
);
const common = { window: 'chunk', seqLen: 16, tail: 'score', workers: 1, verifyRows: 0 } as const;

interface Prepared {
  readonly model: string;
  readonly docs: string;
  readonly tokenizer: string;
  readonly shards: string;
}

/** A model, a tokenizer, and shards that it makes of the texts. */
async function prepared(folder: string, options: ModelOptions): Promise<Prepared> {
  const [model, docs, tokenizer] = ['m.onnx', 'docs.jsonl', 't.model'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const width = options.pieces!.length;
  writeFileSync(model, tableModel(normals(width * width, 3, 1), width));
  writeFileSync(docs, TEXTS.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  writeFileSync(tokenizer, sentencePieceModel(options));
  const shards = join(folder, 'shards');
  await tokenize({ docs, tokenizer, out: shards, workers: 0 });
  return { model, docs, tokenizer, shards };
}

const reporter = (name: string) => REPORTERS.find((each) => each.name === name)!;

const headline = (result: ScoreResult, name: 'text' | 'markdown') =>
  render(reporter(name), { kind: 'score', document: result }, { plain: true, columns: 200 })
    .split('\n')
    .slice(0, 4)
    .join(' ');

describe('the organizer’s shards, read by the tokenizer of an artifact', () => {
  const folder = fileFolder();
  let given: Prepared;
  beforeAll(async () => {
    given = await prepared(folder, { pieces: PLAIN });
  });

  /** An artifact with a tokenizer of its own, whose pieces have longer texts. */
  function artifactOf(longer: (text: string) => string): string {
    const own = temporaryFolder();
    const pieces = PLAIN.map(
      ([text, type, rank]): ModelPiece => [
        type === undefined && text !== '▁' ? longer(text) : text,
        type,
        rank ?? 0,
      ],
    );
    copyFileSync(given.model, join(own, 'm.onnx'));
    writeFileSync(join(own, 't.model'), sentencePieceModel({ pieces }));
    const manifest = {
      format: 'bpb-artifact/1',
      name: 'longer',
      model: { path: 'm.onnx' },
      tokenizer: { kind: 'sentencepiece', path: 't.model' },
      counted: ['m.onnx'],
    };
    writeFileSync(join(own, 'artifact.json'), JSON.stringify(manifest));
    return own;
  }
  const scored = (options: Pick<ScoreOptions, 'artifact'> & Partial<ScoreOptions>) =>
    score({ ...common, data: [given.shards], ...options });

  it.each([
    ['each eight times as long', (text: string) => text + 'x'.repeat(7 * text.length)],
    ['the long ones longer', (text: string) => (text.length > 2 ? text + 'y'.repeat(40) : text)],
    ['of other letters of three bytes', (text: string) => text.replace(/[a-z]/g, '中$&')],
  ])('%s: unconfirmed without documents, refused with them', async (_, longer) => {
    const artifact = artifactOf(longer);
    const result = await scored({ artifact });
    expect(result.totals.denominator.confirmed_by).toBe('nobody');
    expect(result.totals.denominator.note).toContain('--docs FILE');
    for (const name of ['text', 'markdown'] as const) {
      expect(headline(result, name)).toMatch(/bits per byte.*unconfirmed.*--docs FILE/);
    }
    const refusal = await refusalOf(() => scored({ artifact, docs: given.docs }));
    expect(refusal.code).toBe('BPB_OTHER_DOCUMENT');
  });

  it('a tokenizer that the caller names is said to be the caller’s', async () => {
    const result = await scored({ artifact: given.model, tokenizer: given.tokenizer });
    expect(result.status).toBe('scored');
    expect(result.totals.denominator.confirmed_by).toBe('caller');
    for (const name of ['text', 'markdown'] as const) {
      expect(headline(result, name)).toContain('named by the caller');
    }
  });

  it('documents confirm it, also of a part; nothing is said of that in the headline', async () => {
    const { model: artifact, tokenizer, docs } = given;
    for (const part of [undefined, [2, 2]] as const) {
      const result = await scored({ artifact, tokenizer, docs, part, batchTokens: 64 });
      expect(result.totals.denominator).toEqual({ confirmed_by: 'documents', note: null });
      expect(headline(result, 'text')).not.toMatch(/confirmed|named/);
    }
  });
});

describe('a byte sidecar', () => {
  const folder = fileFolder();
  let given: Prepared;
  beforeAll(async () => {
    const pieces = [...PLAIN, ...operatorPieces];
    given = await prepared(folder, { pieces, removeExtraWhitespaces: true });
  });

  /** A directory with the sidecar changed entry by entry. */
  function changed(change: (entry: number) => number): string {
    const own = temporaryFolder();
    const name = 'fineweb_val_bytes_000000.bin';
    const bytes = readFileSync(join(given.shards, name));
    for (let at = 1024; at < bytes.length; at += 2) {
      bytes.writeUInt16LE(change(bytes.readUInt16LE(at)), at);
    }
    writeFileSync(join(own, name), bytes);
    return own;
  }

  it.each([
    ['doubled', (entry: number) => 2 * entry],
    ['with half as much again and one', (entry: number) => (entry ? entry + (entry >> 1) + 1 : 0)],
  ])('%s has no headline, and is refused beside the documents', async (_, change) => {
    const { model: artifact, tokenizer, docs, shards } = given;
    const options = { ...common, artifact, tokenizer, data: [shards], sidecar: changed(change) };
    const result = await score(options);
    expect(result.status).toBe('withheld');
    expect(result.score.val_bpb).toBeNull();
    expect(result.findings.map(({ id }) => id)).toContain('denominator-exceeds');
    const refusal = await refusalOf(() => score({ ...options, docs }));
    expect(refusal.code).toBe('BPB_SIDECAR_EXCEEDS');
  });

  it('that is right is unconfirmed until documents confirm it, in claims too', async () => {
    const { model: artifact, tokenizer, docs, shards } = given;
    const ledger = join(folder, 'ledger.jsonl');
    const out = join(folder, 'out');
    const options = { ...common, artifact, tokenizer, data: [shards] };
    const result = await score({ ...options, ledger, out, saveTargets: true });
    expect(result.status).toBe('scored');
    expect(headline(result, 'text')).toContain('unconfirmed');
    const claim = { ledger, targets: join(out, 'targets.f32'), tokenizer, data: [shards] };
    const claimed = await scoreClaimed(claim);
    expect(claimed.totals).toEqual(result.totals);
    const text = render(
      reporter('text'),
      { kind: 'claimed-score', document: claimed },
      { plain: true },
    );
    expect(text).toContain('unconfirmed');
    const confirmed = await scoreClaimed({ ...claim, docs });
    expect(confirmed.totals.denominator.confirmed_by).toBe('documents');
    const doubled = await scoreClaimed({ ...claim, sidecar: changed((entry) => 2 * entry) });
    expect(doubled.status).toBe('withheld');
  });
});

const inner = sharedCase('inner-space-headline');
it.skipIf(inner === null)('inner ▁: the table of a real tokenizer is not its text', async () => {
  const options = {
    ...{ artifact: join(inner!, 'ws2.onnx'), tokenizer: join(inner!, 'ws2.model') },
    ...{ data: [join(inner!, 'fineweb_val_000000.bin')], ...common },
  };
  for (const docs of [undefined, join(inner!, 'ws2.jsonl')]) {
    const result = await score({ ...options, docs });
    expect(result.totals.bytes).toMatchObject({ lut: 967, decoded: 946 });
    expect(result.findings[0]).toMatchObject({ id: 'denominator-exceeds', severity: 'fail' });
    expect(result.score.val_bpb).toBe(null);
    // Of another evaluator, from the same nats in fp32.
    const original = docs === undefined ? null : expect.closeTo(5.9411984579, 7);
    expect(result.score.bpb_original).toEqual(original);
  }
});
