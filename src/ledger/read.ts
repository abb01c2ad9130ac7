/**
 * Reader of a ledger file, with one line in memory at a time.
 */
import { TextDecoder } from 'node:util';
import { readLines } from '../data/lines.js';
import { BpbError, inputError } from '../errors.js';
import { type LedgerFields, LINE_BYTES_MAX, parseFields, splitHash } from './format.js';

export interface LedgerLine {
  /** 1-based. */
  readonly number: number;
  /** The text that the hash is of; null where the line does not end in a hash. */
  readonly body: string | null;
  readonly hash: string | null;
  /** Null where they are not those of a ledger line. */
  readonly fields: LedgerFields | null;
  /** Why there are none. */
  readonly problem: string | null;
}

/**
 * The lines of a file, whatever they hold.
 *
 * @throws BPB_LEDGER_MISSING_FILE; BPB_LINE_TOO_LONG
 */
export async function* readLedger(path: string): AsyncGenerator<LedgerLine> {
  // A byte order mark would be part of what is hashed: it is kept, and so refused.
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    for await (const { bytes, number } of readLines(path, LINE_BYTES_MAX)) {
      yield { number, ...parseLine(bytes, utf8) };
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (cause instanceof BpbError || code === undefined) throw cause;
    throw inputError('BPB_LEDGER_UNREADABLE', {
      message: 'the ledger cannot be read',
      path,
      expected: 'a ledger file',
      actual: code === 'ENOENT' ? 'nothing there' : message,
      cause,
    });
  }
}

function parseLine(bytes: Uint8Array, utf8: TextDecoder): Omit<LedgerLine, 'number'> {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { body: null, hash: null, fields: null, problem: 'it is not UTF-8' };
  }
  const split = splitHash(text);
  if (split === null) {
    return { body: null, hash: null, fields: null, problem: 'it does not end in ,"hash":"…"}' };
  }
  const parsed = parseFields(split.body);
  if ('problem' in parsed) return { ...split, fields: null, problem: parsed.problem };
  return { ...split, fields: parsed, problem: null };
}
