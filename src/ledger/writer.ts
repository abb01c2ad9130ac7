/**
 * Writer of a ledger file, which is only appended to.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { type BpbError, usageError } from '../errors.js';
import { asWriteError } from '../write-error.js';
import type { LedgerEvent } from './events.js';
import {
  CHAIN_START,
  chainHash,
  LEDGER_FORMAT,
  type LedgerEnd,
  type LedgerFields,
  type LedgerHeader,
  type LedgerResult,
  LINE_BYTES_MAX,
  withHash,
} from './format.js';

/** Characters gathered before they are written. */
const BLOCK = 1 << 16;

/** No range has more digits than this; a line of them stays below `LINE_BYTES_MAX`. */
const RANGES_MAX = Math.floor(LINE_BYTES_MAX / 32);

export class LedgerWriter {
  private file: number | null;
  private previous = CHAIN_START;
  private pending = '';
  private scored = 0;
  private infinite = 0;
  private q30 = 0n;
  private readonly tokens: number;

  /**
   * Creates the file and enters the header.
   *
   * @throws BPB_LEDGER_EXISTS where there is a file already; BPB_WRITE_FAILED
   */
  constructor(
    readonly path: string,
    header: Omit<LedgerHeader, 'ledger'>,
  ) {
    this.tokens = header.tokens;
    this.file = this.guard(() => openSync(path, 'wx'));
    this.enter({ ledger: LEDGER_FORMAT, ...header });
    this.flush();
  }

  /** Enters events in the order in which they happened. */
  append(events: Iterable<LedgerEvent>): void {
    for (const event of events) {
      if (event.kind === 'score') this.enterScore(event);
      else this.enterAdapt(event);
    }
    if (this.pending.length >= BLOCK) this.flush();
  }

  /** Enters the end. @returns its hash, which covers all lines so far */
  finish(): string {
    const end: LedgerEnd = {
      end: true,
      scored: this.scored,
      skipped: this.tokens - 1 - this.scored,
      nats_q30: String(this.q30),
    };
    this.enter(this.infinite > 0 ? { ...end, infinite: this.infinite } : end);
    // A run that is killed before its result leaves the end behind.
    this.flush();
    return this.previous;
  }

  /** Enters what the run came to, behind the end, and closes the file. */
  conclude(result: LedgerResult): void {
    this.enter(result);
    this.close();
  }

  /**
   * Closes the file. Without `finish` it stays a ledger without an end, which no check accepts; without
   * `conclude` one whose run gave no result.
   */
  close(): void {
    if (this.file === null) return;
    const file = this.file;
    try {
      this.flush();
    } finally {
      this.file = null;
      this.guard(() => closeSync(file));
    }
  }

  private enterScore({ first, count, document, q30, infinite }: LedgerEvent & { kind: 'score' }) {
    this.scored += count;
    this.q30 += q30;
    this.infinite += infinite;
    const line = { score: [first, count] as const, document, nats_q30: String(q30) };
    this.enter(infinite > 0 ? { ...line, infinite } : line);
  }

  private enterAdapt({ ranges, document }: LedgerEvent & { kind: 'adapt' }): void {
    for (let at = 0; at < ranges.length; at += RANGES_MAX) {
      this.enter({ adapt: ranges.slice(at, at + RANGES_MAX), document });
    }
  }

  private enter(fields: LedgerFields): void {
    const body = JSON.stringify(fields);
    this.previous = chainHash(this.previous, body);
    this.pending += `${withHash(body, this.previous)}\n`;
  }

  private flush(): void {
    const text = this.pending;
    this.pending = '';
    if (text.length === 0 || this.file === null) return;
    const file = this.file;
    this.guard(() => {
      const bytes = Buffer.from(text);
      // A full disk may take a part of a block before it takes nothing more.
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    });
  }

  private guard<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw ledgerExists(this.path);
      throw asWriteError(cause, { path: this.path, what: 'the ledger' });
    }
  }
}

export function ledgerExists(path: string): BpbError {
  return usageError('BPB_LEDGER_EXISTS', {
    message: 'the ledger would be written over another file',
    path,
    expected: 'a new file for --ledger',
    actual: 'a file that exists',
    hint: 'choose another name, or delete this file',
  });
}
