/**
 * Check of the hash chain, which distinguishes moved lines from changed ones.
 */
import { CHAIN_START, chainHash } from './format.js';
import type { Violations } from './violations.js';

/** How many lines away the line is searched that a moved line followed. */
const REACH = 64;

/** Broken lines that are examined at once: more are reported as changed. */
const SUSPECTS_MAX = 16;

interface Suspect {
  readonly line: number;
  readonly body: string;
  readonly hash: string;
}

export class Chain {
  /** Hash of the line before; null after a line without one. */
  private previous: string | null = CHAIN_START;
  private readonly recent: { line: number; hash: string }[] = [];
  private suspects: Suspect[] = [];

  constructor(private readonly violations: Violations) {}

  /** Hash of the last line. */
  get head(): string | null {
    return this.previous;
  }

  /** Enters the next line; one that does not end in a hash has been reported as such. */
  line(line: number, body: string | null, hash: string | null): void {
    if (body !== null && hash !== null) {
      if (this.previous !== null && chainHash(this.previous, body) !== hash) {
        this.suspect({ line, body, hash });
      }
      this.follow(line, hash);
      this.recent.push({ line, hash });
      if (this.recent.length > REACH) this.recent.shift();
    }
    this.previous = hash;
  }

  /** Reports what no line has explained. */
  finish(): void {
    for (const suspect of this.suspects) this.changed(suspect.line);
    this.suspects = [];
  }

  private suspect(suspect: Suspect): void {
    if (this.suspects.length >= SUSPECTS_MAX) {
      this.changed(suspect.line);
      return;
    }
    const earlier = this.recent.find(({ hash }) => chainHash(hash, suspect.body) === suspect.hash);
    if (earlier === undefined) this.suspects.push(suspect);
    else this.moved(suspect.line, earlier.line);
  }

  /** Reports suspects that were written after this line, although they precede it in the file. */
  private follow(line: number, hash: string): void {
    if (this.suspects.length === 0) return;
    this.suspects = this.suspects.filter((suspect) => {
      if (suspect.line !== line && chainHash(hash, suspect.body) === suspect.hash) {
        this.moved(suspect.line, line);
        return false;
      }
      if (line - suspect.line < REACH) return true;
      this.changed(suspect.line);
      return false;
    });
  }

  private moved(line: number, after: number): void {
    this.violations.add(
      'BPB_LEDGER_MOVED',
      line,
      `the chain breaks: by its hash this line follows line ${after}, not line ${line - 1}`,
    );
  }

  private changed(line: number): void {
    const before = line === 1 ? 'the 64 zeros' : `line ${line - 1}`;
    this.violations.add(
      'BPB_LEDGER_CHAIN',
      line,
      `the chain breaks: the hash is not that of ${before} and this line's text; one of the two was changed, or lines between them were dropped or added`,
    );
  }
}
