import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { score } from '#bpb/score/score';

interface Reference {
  readonly tokens: number;
  readonly documents: number;
  readonly documents_lossy: number;
  readonly utf8_bytes: number;
  readonly xz_bpb: number;
  readonly windows: Record<'chunk' | 'document', Window>;
}

interface Window {
  readonly val_loss: number;
  readonly val_bpb: number;
  readonly targets: number;
  readonly nats: number;
  readonly bytes_lut: number;
}

const models = fileURLToPath(new URL('../../models', import.meta.url));
/** Those without state: 20.adaptive.test.ts has the others. */
const bundled = readdirSync(models).filter(
  (name) =>
    existsSync(join(models, name, 'reference.json')) &&
    !('state' in JSON.parse(readFileSync(join(models, name, 'artifact.json'), 'utf8'))),
);

test('there is a bundled artifact', () => {
  expect(bundled.length).toBeGreaterThan(0);
});

describe.each(bundled)('%s against PyTorch on the same weights', (name) => {
  const artifact = join(models, name);
  const reference = JSON.parse(readFileSync(join(artifact, 'reference.json'), 'utf8')) as Reference;

  // fp32 on both sides, through other kernels: 1e-5 is the project's promise.
  test.each(['chunk', 'document'] as const)('%s windows: val_loss within 1e-5', async (window) => {
    const theirs = reference.windows[window];
    const result = await score({ artifact, window, tail: 'drop' });
    expect(result.totals.targets).toBe(theirs.targets);
    expect(result.totals.bytes.lut).toBe(theirs.bytes_lut);
    expect(Math.abs(result.score.val_loss! / theirs.val_loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs(result.score.val_bpb! / theirs.val_bpb - 1)).toBeLessThan(1e-5);
    expect(result.coverage).toMatchObject({
      tokens: reference.tokens,
      documents: reference.documents,
    });
    expect(result.totals.documents_lossy).toBe(reference.documents_lossy);
    expect(result.verification.verdict).toBe('pass');
    expect(result.artifact.within_limit).toBe(true);
    expect(result.data.known_as?.name).toBe('sotu-val');
    if (window === 'document') {
      // Every document is scored whole, so the originals count: a language model must be far ahead
      // of a general compressor on the same documents.
      expect(result.totals.bytes.original).toBe(reference.utf8_bytes);
      expect(result.score.bpb_original!).toBeLessThan(2);
      expect(result.score.bpb_original!).toBeLessThan(0.8 * reference.xz_bpb);
    }
  });

  test('onnx-js agrees to 1e-6', async () => {
    const options = { artifact, limitDocs: 1, verifyRows: 0 };
    const native = await score({ ...options, engine: 'onnx-cpu' });
    const js = await score({ ...options, engine: 'onnx-js' });
    expect(js.totals.targets).toBe(native.totals.targets);
    expect(Math.abs(js.score.val_bpb! / native.score.val_bpb! - 1)).toBeLessThan(1e-6);
  });
});
