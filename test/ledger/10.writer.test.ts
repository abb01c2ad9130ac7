import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LedgerEvent } from '#bpb/ledger/events';
import { LedgerSequence } from '#bpb/ledger/sequence';
import { streamSha256 } from '#bpb/ledger/stream-hash';
import { LedgerWriter } from '#bpb/ledger/writer';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { streamOf } from '../helpers/stream.js';

const header = {
  evaluator: 'a test',
  tokens: 8,
  documents: 2,
  stream_sha256: null,
  artifact: null,
  reset: 'document',
} as const;

const scored = (first: number, count: number, document: number, q30: bigint): LedgerEvent => ({
  kind: 'score',
  first,
  count,
  document,
  q30,
  infinite: 0,
});

test('writes the lines of the contract, each hashed after the one before', () => {
  const path = join(temporaryFolder(), 'ledger.jsonl');
  const writer = new LedgerWriter(path, header);
  writer.append([scored(1, 4, 0, 11n), { kind: 'adapt', ranges: [[1, 4]], document: 0 }]);
  writer.append([{ ...scored(5, 2, 1, 2n ** 70n), infinite: 1 } as LedgerEvent]);
  const last = writer.finish();
  const bodies = [
    '{"ledger":"bpb-ledger/1","evaluator":"a test","tokens":8,"documents":2,"stream_sha256":null,"artifact":null,"reset":"document"',
    '{"score":[1,4],"document":0,"nats_q30":"11"',
    '{"adapt":[[1,4]],"document":0',
    '{"score":[5,2],"document":1,"nats_q30":"1180591620717411303424","infinite":1',
    '{"end":true,"scored":6,"skipped":1,"nats_q30":"1180591620717411303435","infinite":1',
  ];
  let hash = '0'.repeat(64);
  const lines = bodies.map((body) => {
    hash = createHash('sha256').update(`${hash}${body}}`).digest('hex');
    return `${body},"hash":"${hash}"}\n`;
  });
  expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
  expect(last).toBe(hash);
});

test('an update of more ranges than a line may hold is several lines', () => {
  const path = join(temporaryFolder(), 'ledger.jsonl');
  const writer = new LedgerWriter(path, { ...header, tokens: 2 ** 32 - 1 });
  const ranges = Array.from({ length: 70_000 }, (_, i) => [4_000_000_000 + i, 1] as const);
  writer.append([{ kind: 'adapt', ranges, document: null }]);
  writer.finish();
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(2 ** 20);
  const written = lines.flatMap(
    (line) => (line === '' ? {} : (JSON.parse(line) as { adapt?: unknown[] })).adapt ?? [],
  );
  expect(written).toEqual(ranges);
});

describe('a file that cannot be written', () => {
  test('is never another file written over', async () => {
    const path = join(temporaryFolder(), 'ledger.jsonl');
    writeFileSync(path, 'mine');
    const refusal = await refusalOf(() => new LedgerWriter(path, header));
    expect(refusal).toMatchObject({ kind: 'usage', code: 'BPB_LEDGER_EXISTS', path });
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });
  test('in a folder that is not there is what the environment lacks', async () => {
    const path = join(temporaryFolder(), 'nowhere', 'ledger.jsonl');
    const refusal = await refusalOf(() => new LedgerWriter(path, header));
    expect(refusal).toMatchObject({ kind: 'environment', code: 'BPB_WRITE_FAILED', path });
    expect(refusal.exitCode).toBe(4);
  });
});

describe('batches that end in any order', () => {
  const events = (batch: number) => [scored(batch + 1, 1, 0, BigInt(batch))];

  test('are entered in the order of the plan, from the first of a part on', () => {
    const entered: LedgerEvent[] = [];
    const sequence = new LedgerSequence({ append: (more) => entered.push(...more) }, 3, 8);
    for (const batch of [5, 4, 7]) sequence.enter(batch, events(batch));
    expect(entered).toEqual([]);
    sequence.enter(3, events(3));
    sequence.enter(6, events(6));
    expect(entered).toEqual([3, 4, 5, 6, 7].flatMap(events));
  });

  test('a batch too far ahead waits for the one that is missing', async () => {
    const sequence = new LedgerSequence({ append: () => {} }, 0, 2);
    await sequence.admit(2);
    const started: number[] = [];
    const waiting = [3, 4].map((batch) => sequence.admit(batch).then(() => started.push(batch)));
    sequence.enter(1, events(1));
    await sequence.admit(2);
    expect(started).toEqual([]);
    sequence.enter(0, events(0));
    await Promise.all(waiting);
    expect(started).toEqual([3, 4]);
  });

  test('nobody waits for a batch that will never come', async () => {
    const sequence = new LedgerSequence({ append: () => {} }, 0, 2);
    const waiting = sequence.admit(100);
    sequence.release();
    await expect(waiting).resolves.toBeUndefined();
  });
});

test('a stream is named by its ids as uint32, little-endian', () => {
  const ids = Array.from({ length: (1 << 20) + 7 }, (_, i) => (i * 7919) % 65536);
  const bytes = Buffer.alloc(ids.length * 4);
  for (const [i, id] of ids.entries()) bytes.writeUInt32LE(id, i * 4);
  const expected = createHash('sha256').update(bytes).digest('hex');
  expect(streamSha256(streamOf(ids).ids)).toBe(expected);
});

test.skipIf(!existsSync('/dev/full'))(
  'a full disk is what the environment lacks (/dev/full)',
  async () => {
    // Opening a device with `wx` fails before its writes could: the writer is given the open file.
    const path = join(temporaryFolder(), 'ledger.jsonl');
    const writer = new LedgerWriter(path, header);
    const { openSync } = await import('node:fs');
    Object.assign(writer, { file: openSync('/dev/full', 'w') });
    const refusal = await refusalOf(() => {
      writer.append([scored(1, 7, 0, 1n)]);
      writer.finish();
    });
    expect(refusal).toMatchObject({ kind: 'environment', code: 'BPB_WRITE_FAILED' });
  },
);
