import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseManifest } from '#bpb/artifact/manifest';
import { score } from '#bpb/score/score';

interface Total {
  readonly val_loss: number;
  readonly val_bpb: number;
  readonly targets: number;
  readonly nats: number;
  readonly bytes_lut: number;
}

interface Reference {
  readonly tokens: number;
  readonly context: number;
  readonly chunk: number;
  readonly score: Total;
  /** The same windows, nothing learned. */
  readonly unadapted?: Total;
  /** The same chunks, nothing carried from one to the next. */
  readonly nothing_carried?: Total;
  readonly documents: readonly {
    readonly targets: number;
    readonly nats: number;
    readonly nats_last_target: number;
    readonly nats_unadapted?: number;
    readonly nats_nothing_carried?: number;
  }[];
  readonly onnxruntime: { readonly difference_of_the_mean: number };
}

const models = fileURLToPath(new URL('../../models', import.meta.url));
const read = (name: string) => readFileSync(join(models, name, 'artifact.json'), 'utf8');
const stateful = readdirSync(models).filter(
  (name) => existsSync(join(models, name, 'artifact.json')) && 'state' in JSON.parse(read(name)),
);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

test('there are artifacts with state', () => {
  expect(stateful.length).toBeGreaterThan(0);
});

describe.each(stateful)('%s', (name) => {
  const artifact = join(models, name);
  const manifest = parseManifest(read(name), join(artifact, 'artifact.json'));
  const reference = JSON.parse(readFileSync(join(artifact, 'reference.json'), 'utf8')) as Reference;

  test('the manifest counts what the score depends on, and is what the reference scored', () => {
    const files = readdirSync(artifact);
    const free = ['artifact.json', 'reference.json', 'tokenizer.model'];
    expect([...manifest.counted, ...free].sort()).toEqual(files.sort());
    expect(sum(manifest.counted.map((file) => statSync(join(artifact, file)).size))).toBeLessThan(
      16_000_000,
    );
    const shared = join(models, 'sotu-8x256/tokenizer.model');
    expect(readFileSync(join(artifact, 'tokenizer.model')).equals(readFileSync(shared))).toBe(true);
    expect(reference).toMatchObject({
      chunk: manifest.state!.chunk,
      context: manifest.state!.context,
    });
  });

  test('what it carries helps, in all and on every long document', () => {
    const { documents, score: own, unadapted, nothing_carried: none } = reference;
    expect(own.targets).toBe(reference.tokens - 1);
    expect(sum(documents.map(({ targets }) => targets))).toBe(own.targets);
    expect(Math.abs(sum(documents.map(({ nats }) => nats)) / own.nats - 1)).toBeLessThan(1e-12);
    const without = manifest.adapt === undefined ? none! : unadapted!;
    expect(own.val_loss).toBeLessThan(without.val_loss);
    expect(own.val_bpb).toBeLessThan(without.val_bpb);
    for (const { targets, nats, nats_unadapted, nats_nothing_carried } of documents) {
      if (targets >= 4096) expect(nats).toBeLessThan(nats_unadapted ?? nats_nothing_carried!);
    }
    expect(reference.onnxruntime.difference_of_the_mean).toBeLessThan(1e-5);
  });

  test('the first two documents as PyTorch scores them', async () => {
    const result = await score({ artifact, limitDocs: 2 });
    const [first, second] = reference.documents;
    // Where the text ends with the second document, no BOS follows it.
    const targets = first!.targets + second!.targets - 1;
    const nats = first!.nats + second!.nats - second!.nats_last_target;
    expect(result.totals.targets).toBe(targets);
    expect(Math.abs(result.totals.nats - nats) / targets).toBeLessThan(1e-5);
    expect(result.verification.verdict).toBe('pass');
    expect(result.artifact.within_limit).toBe(true);
  });
});
