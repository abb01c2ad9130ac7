/** Graphs with the inputs and outputs of real exports: scored as float64 scores them, or refused in words. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import { probe, score } from '#bpb/index';
import { fileFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { byteStream, seededTexts } from '../helpers/score-fixture.js';
import { logitsOf, type Signature, signatureGraph, TIME } from './signature-graphs.js';
import { SIGNATURES } from './signatures.js';

/** Of an fp32 sum of 32 terms; the logits themselves are exact. */
const TOLERANCE_BPB = 1e-7;

const folder = fileFolder();
const shard = join(folder, 'fineweb_val_000000.bin');
/** Not a multiple of 2 or 8, so that fixed batches have padding. */
const ROWS = 21;
const ids = byteStream(seededTexts(24)).slice(0, ROWS * TIME + 1);

const scored = SIGNATURES.filter(({ outcome }) => outcome === undefined);

function inputsOf(signature: Signature, name: string) {
  const artifact = join(folder, `${name.replace(/\W+/g, '-')}.onnx`);
  writeFileSync(artifact, signatureGraph(signature));
  const window = { window: 'chunk', seqLen: TIME } as const;
  return { artifact, tokenizer: 'byte260', data: [shard], ...window };
}

/** Bits per byte in float64. */
function expected(signature: Signature): number {
  let nats = 0;
  let bytes = 0;
  for (let row = 0; row < ROWS; row++) {
    const logits = logitsOf(signature, ids.slice(row * TIME, (row + 1) * TIME));
    for (const [t, row_] of logits.entries()) {
      const target = ids[row * TIME + t + 1]!;
      const max = row_.reduce((most, x) => Math.max(most, x));
      nats += Math.log(row_.reduce((sum, x) => sum + Math.exp(x - max), 0)) + max - row_[target]!;
      bytes += target >= 4 ? 1 : 0;
    }
  }
  return nats / Math.LN2 / bytes;
}

beforeAll(async () => {
  await writeShard(shard, ids);
  expect(ids).toHaveLength(ROWS * TIME + 1);
});

test('there are at least 40 signatures', () => {
  expect(new Set(scored.map(({ name }) => name)).size).toBeGreaterThanOrEqual(40);
});

describe.each(SIGNATURES.filter(({ outcome }) => outcome === 'refused'))('$name', (signature) => {
  test('is refused with the way out', async () => {
    const error = await refusalOf(() => score(inputsOf(signature, signature.name)));
    expect(`${error.message} ${error.actual} ${error.hint}`).toMatch(signature.says!);
    expect(error.kind).toBe('input');
    expect(error.hint).not.toBe('');
  });
});

describe.each(SIGNATURES.filter(({ outcome }) => outcome === 'withheld'))('$name', (signature) => {
  test('has no headline, and says why', async () => {
    const result = await score(inputsOf(signature, signature.name));
    expect(result.score.val_bpb).toBeNull();
    const failed = result.findings.filter(({ severity }) => severity === 'fail');
    expect(failed.map(({ message, hint }) => `${message} ${hint}`).join()).toMatch(signature.says!);
  });
});

describe.each(scored)('$name', (signature) => {
  test('is scored as in float64, and verified', async () => {
    const result = await score(inputsOf(signature, signature.name));
    expect(result.score.val_bpb).not.toBeNull();
    expect(Math.abs(result.score.val_bpb! - expected(signature))).toBeLessThan(TOLERANCE_BPB);
    expect(result.verification.verdict).toBe('pass');
  });
});

// Graphs that nothing is bound in are those of test/probes.
describe.each(scored.filter(isRewritten))('$name', (signature) => {
  test('fails no probe', async () => {
    const report = await probe(inputsOf(signature, signature.name));
    expect(report.verdicts.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
  });
});

function isRewritten({ inputs, outputs, form, at = 0 }: Signature): boolean {
  const isRow = inputs[0]!.dims.length === 1;
  return inputs.length > 1 || isRow || form === 'flat' || outputs[at]!.type === 'float64';
}
