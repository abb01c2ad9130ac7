import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { bpb, bpbIn, signalAt } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/folder.js';
import { scoreFixture, seededTexts } from '../helpers/score-fixture.js';
import { modelFile, SMALL } from '../helpers/sentencepiece.js';

function documents(texts: readonly string[]): { docs: string; out: string } {
  const folder = temporaryFolder();
  const docs = join(folder, 'docs.jsonl');
  writeFileSync(docs, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  return { docs, out: join(folder, 'shards') };
}

const flags = ({ docs, out }: { docs: string; out: string }, tokenizer = 'byte260') => [
  'tokenize',
  ...['--docs', docs, '--tokenizer', tokenizer, '--out', out, '--workers', '1'],
];

describe('wrong usage exits 2 and names the flag', () => {
  const named = ['--docs', 'd', '--tokenizer', 't', '--out', 'o'];
  test.each([
    [named.slice(2), /--docs/],
    [[...named.slice(0, 2), ...named.slice(4)], /--tokenizer/],
    [named.slice(0, 4), /--out/],
    [[...named, '--split', 'test'], /--split/],
    [[...named, '--limit-docs', '0'], /--limit-docs/],
    [[...named, '--workers', '0'], /--workers/],
    [[...named, '--wibble'], /--wibble/],
    [[...named, 'surplus'], /argument/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await bpb('tokenize', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});

describe('refused', () => {
  test('shards that are there already: exit 2, and they stay', async () => {
    const made = documents(['x']);
    mkdirSync(made.out);
    writeFileSync(join(made.out, 'fineweb_val_000000.bin'), 'kept');
    const { code, stderr } = await bpb(...flags(made));
    expect(code).toBe(2);
    expect(stderr).toMatch(/already holds val shards/);
    expect(readFileSync(join(made.out, 'fineweb_val_000000.bin'), 'utf8')).toBe('kept');
  });

  test('a document that is not Unicode: exit 3, the line named, as JSON', async () => {
    const made = documents(['x']);
    writeFileSync(made.docs, '{"text":"ok"}\n{"text":"\\ud800"}\n');
    const { code, stdout } = await bpb(...flags(made), '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'bpb-error/1',
      error: { code: 'BPB_LONE_SURROGATE', exit: 3, message: /Line 2/ },
    });
    expect(readdirSync(made.out)).toEqual(['error.json']);
  });

  test('a directory that cannot be made: exit 4', async () => {
    const made = documents(['x']);
    const { code, stderr } = await bpb(...flags({ ...made, out: join(made.docs, 'shards') }));
    expect(code).toBe(4);
    expect(stderr).toMatch(/cannot be written/);
  });

  /** Runs a shell script where it may mount; `$0` is the first argument. */
  const unshared = (script: string, ...args: string[]) =>
    spawnSync('unshare', ['-rm', 'sh', '-ec', script, ...args], { encoding: 'utf8' });
  const disk = 'mount -t tmpfs -o size=64k none "$0"';
  const canMount = unshared(disk, tmpdir()).status === 0;
  test.skipIf(!canMount)(
    'a full disk (needs unshare and mount): exit 4, only the error left',
    () => {
      const made = documents(seededTexts(4000));
      mkdirSync(made.out);
      const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
      const script = `${disk}; "$@" || code=$?; ls "$0"; exit "$code"`;
      const run = unshared(script, made.out, process.execPath, main, ...flags(made));
      expect(run.stderr).toMatch(/ENOSPC/);
      expect(run.status).toBe(4);
      expect(run.stdout.trim()).toBe('error.json');
    },
  );
});

describe('shards', () => {
  test('as text: the count first, the files, what was lost', async () => {
    const made = documents(['a b', ' a  b ', '']);
    const pieces = [
      ...SMALL,
      ...['\ue001', '\ue002', '\ue003', '\ue004'].map((text) => [text, 4] as const),
    ];
    const model = modelFile({ pieces, removeExtraWhitespaces: true });
    const { code, stdout } = await bpb(...flags(made, model));
    expect(code).toBe(0);
    expect(stdout.trim()).toMatch(/^\d+ tokens of 3 documents/);
    expect(stdout).toMatch(/fineweb_val_000000\.bin/);
    expect(stdout).toMatch(/sidecar +fineweb_val_bytes_000000\.bin/);
    expect(stdout).toMatch(/1 documents do not survive/);
    expect(stdout).toMatch(/2 bytes less than the texts have, in 1 documents/);
    expect(stdout).not.toContain('\u001b');
  });

  test('as JSON: one document, the same as beside the shards', async () => {
    const made = documents(['a', 'b']);
    const { code, stdout } = await bpb(...flags(made), '--json', '--split', 'train');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'bpb-tokenize/1', split: 'train' });
    expect(JSON.parse(readFileSync(join(made.out, 'tokenize-train.json'), 'utf8'))).toEqual(
      JSON.parse(stdout),
    );
  });

  test('score as the documents do', async () => {
    const { model, docs, folder } = await scoreFixture();
    const out = join(folder, 'made');
    expect((await bpb(...flags({ docs, out }))).code).toBe(0);
    const score = ['score', model, '--tokenizer', 'byte260', '--window', 'chunk'];
    const shared = [...score, '--seq-len', '32', '--json'];
    const [fromDocs, fromShards] = await Promise.all([
      bpb(...shared, '--docs', docs),
      bpb(...shared, '--data', out),
    ]);
    const [a, b] = [fromDocs, fromShards].map(
      ({ stdout }) => JSON.parse(stdout) as { totals: { nats_q30: string } },
    );
    expect(b!.totals.nats_q30).toBe(a!.totals.nats_q30);
  });

  test('--help has examples', async () => {
    expect((await bpb('tokenize', '--help')).stdout).toMatch(/\$ bpb tokenize --docs/);
  });
});

test('an interrupt stops cleanly: exit 130, and no shard of the run is left', async () => {
  const made = documents(seededTexts(60_000));
  const begun = signalAt('SIGINT', join(made.out, 'fineweb_val_000000.bin.partial'));
  const { code, stderr, stdout } = await bpbIn(begun, flags(made));
  expect(code).toBe(130);
  expect(stderr).toMatch(/interrupted/);
  expect(stdout).toBe('');
  expect(readdirSync(made.out)).toEqual(['error.json']);
});
