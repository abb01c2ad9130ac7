/** Ledgers as another evaluator would write them: the documented format, written here once more. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkLedger } from '#bpb/ledger/check';
import type { ViolationCode } from '#bpb/ledger/violations';
import { temporaryFolder } from './folder.js';

export type Fields = Record<string, unknown>;

/** Lines with their hashes, the chain holding. */
export function chained(lines: readonly Fields[]): string[] {
  return chainedTexts(lines.map((fields) => JSON.stringify(fields)));
}

/** The same of texts that need not be what a writer would write. */
export function chainedTexts(bodies: readonly string[]): string[] {
  let hash = '0'.repeat(64);
  return bodies.map((body) => {
    hash = createHash('sha256')
      .update(hash + body)
      .digest('hex');
    return `${body.slice(0, -1)},"hash":"${hash}"}`;
  });
}

export function ledgerFile(lines: readonly string[]): string {
  const path = join(temporaryFolder(), 'ledger.jsonl');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

export function header(changes: Fields = {}): Fields {
  return {
    ledger: 'bpb-ledger/1',
    evaluator: 'another 1.0',
    tokens: 23,
    documents: 3,
    stream_sha256: null,
    artifact: null,
    reset: 'document',
    ...changes,
  };
}

export const scored = (first: number, count: number, document: number, nats: number): Fields => ({
  score: [first, count],
  document,
  nats_q30: String(nats),
});

export const adapted = (
  ranges: readonly (readonly number[])[],
  document: number | null,
): Fields => ({
  adapt: ranges,
  document,
});

/** The end that adds up the lines. */
export function ending(lines: readonly Fields[], tokens: number, changes: Fields = {}): Fields {
  const scores = lines.filter((line) => 'score' in line);
  const count = scores.reduce((sum, line) => sum + (line['score'] as number[])[1]!, 0);
  const nats = scores.reduce((sum, line) => sum + BigInt(line['nats_q30'] as string), 0n);
  return {
    end: true,
    scored: count,
    skipped: Math.max(0, tokens - 1 - count),
    nats_q30: String(nats),
    ...changes,
  };
}

/** A ledger of these events, complete and chained. */
export function ledgerOf(events: readonly Fields[], changes: Fields = {}): string[] {
  const first = header(changes);
  return chained([first, ...events, ending(events, first['tokens'] as number)]);
}

/** Codes that a ledger breaks, with the lines. */
export async function broken(
  lines: readonly string[],
): Promise<[code: ViolationCode, line: number | null][]> {
  const { violations } = await checkLedger(ledgerFile(lines));
  return violations.list().map(({ code, line }) => [code, line]);
}

/** What a run entered, line by line: not its name, nor the hashes and the result that follow from that. */
export function eventsOf(path: string): string[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .filter((line) => !line.startsWith('{"result"'))
    .map((line) => line.replace(/,"hash":"[0-9a-f]{64}"/, ''));
}
