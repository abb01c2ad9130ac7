/**
 * Check of a ledger file: one pass over its lines, with all violations.
 */
import type { TokenStream } from '../data/types.js';
import { type BpbError, inputError } from '../errors.js';
import type { CoverageMap } from '../windows/coverage.js';
import { Chain } from './chain.js';
import type { ScoreEvent } from './events.js';
import type { LedgerFields, LedgerHeader, LedgerResult } from './format.js';
import { type LedgerLine, readLedger } from './read.js';
import { LedgerRules } from './rules.js';
import { streamSha256 } from './stream-hash.js';
import { Violations } from './violations.js';

interface CheckOptions {
  /** The scored stream: the header and the document of every line are compared with it. */
  readonly stream?: TokenStream | undefined;
  /** Called with the header before any event; may throw. */
  readonly onHeader?: ((header: LedgerHeader) => void) | undefined;
  /** Called with every score event, in order. */
  readonly onScore?: ((event: ScoreEvent, line: number) => void) | undefined;
  /** Violations that the caller finds are added here too. */
  readonly violations?: Violations | undefined;
}

export interface CheckedLedger {
  readonly header: LedgerHeader;
  readonly violations: Violations;
  /** One bit a target. */
  readonly scores: CoverageMap;
  readonly lines: number;
  readonly scored: number;
  readonly updates: number;
  readonly q30: bigint;
  readonly infinite: number;
  /** Hash of the end; of the last line where there is no end, null where that has none. */
  readonly hash: string | null;
  /** What follows the end: null where nothing does. */
  readonly result: LedgerResult | null;
}

/**
 * @throws BPB_LEDGER_NOT_ONE where the first line is no header of a ledger; BPB_LEDGER_UNREADABLE
 */
export async function checkLedger(
  path: string,
  options: CheckOptions = {},
): Promise<CheckedLedger> {
  const violations = options.violations ?? new Violations();
  const chain = new Chain(violations);
  let header: LedgerHeader | null = null;
  let rules: LedgerRules | null = null;
  let end: { readonly hash: string | null } | null = null;
  let result: LedgerResult | null = null;
  let lines = 0;
  for await (const line of readLedger(path)) {
    const { number, body, hash, fields, problem } = line;
    lines = number;
    if (rules === null) {
      header = headerOf(line, path);
      rules = begin(header, options, violations);
    } else if (fields === null) violations.add('BPB_LEDGER_FORMAT', number, problem!);
    else if ('ledger' in fields) violations.add('BPB_LEDGER_FORMAT', number, 'a second header');
    else if ('result' in fields) {
      const problem = misplaced(header!, end !== null);
      if (problem !== null) violations.add('BPB_LEDGER_RESULT', number, problem);
      if (result !== null) violations.add('BPB_LEDGER_AFTER_END', number, 'a second result');
      result ??= fields;
    } else {
      if (end !== null)
        violations.add('BPB_LEDGER_AFTER_END', number, 'the ledger has ended before');
      enter(fields, number, rules, options);
      if ('end' in fields) end ??= { hash };
    }
    chain.line(number, body, hash);
  }
  if (header === null || rules === null) throw notOne(path, 'an empty file');
  if (end === null) {
    violations.add('BPB_LEDGER_CUT', lines, 'the file stops here, and the ledger has not ended');
  }
  rules.finish();
  chain.finish();
  const { scores, scored, updates, q30, infinite } = rules;
  const hash = end === null ? chain.head : end.hash;
  return { header, violations, scores, lines, scored, updates, q30, infinite, hash, result };
}

/** Why a result may not stand where it does; null where it may. */
function misplaced(header: LedgerHeader, ended: boolean): string | null {
  if (!ended) return 'a result before the end';
  return header.run === undefined ? 'a result, and the header names no run' : null;
}

function begin(
  header: LedgerHeader,
  { stream, onHeader }: CheckOptions,
  violations: Violations,
): LedgerRules {
  onHeader?.(header);
  if (stream !== undefined) checkStream(header, stream, violations);
  return new LedgerRules(header, violations, stream ?? null);
}

function enter(
  fields: Exclude<LedgerFields, LedgerHeader | LedgerResult>,
  line: number,
  rules: LedgerRules,
  { onScore }: CheckOptions,
): void {
  if ('score' in fields) {
    const [first, count] = fields.score;
    const { document, nats_q30, infinite = 0 } = fields;
    const event = {
      kind: 'score',
      first,
      count,
      document,
      q30: BigInt(nats_q30),
      infinite,
    } as const;
    rules.score(line, event);
    onScore?.(event, line);
  } else if ('adapt' in fields) {
    rules.adapt(line, { kind: 'adapt', ranges: fields.adapt, document: fields.document });
  } else rules.end(line, fields);
}

function headerOf({ fields, problem }: LedgerLine, path: string): LedgerHeader {
  if (fields !== null && 'ledger' in fields) return fields;
  throw notOne(path, problem ?? 'another line of a ledger first');
}

function notOne(path: string, actual: string): BpbError {
  return inputError('BPB_LEDGER_NOT_ONE', {
    message: 'the file is not a ledger',
    path,
    expected: 'a first line {"ledger":"bpb-ledger/1",…,"hash":"…"}',
    actual,
    hint: 'docs/ledger.md describes the file',
  });
}

function checkStream(header: LedgerHeader, stream: TokenStream, violations: Violations): void {
  const { ids, documentStarts } = stream;
  const differs = (what: string, stated: unknown, found: unknown) =>
    violations.add('BPB_LEDGER_STREAM', 1, `${what}: ${stated}; the data has ${found}`);
  if (header.tokens !== ids.length) differs('tokens', header.tokens, ids.length);
  if (header.documents !== null && header.documents !== documentStarts.length) {
    differs('documents', header.documents, documentStarts.length);
  }
  if (header.stream_sha256 === null) return;
  const found = streamSha256(ids);
  if (header.stream_sha256 !== found) differs('stream_sha256', header.stream_sha256, found);
}
