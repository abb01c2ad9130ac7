/**
 * Rules of a ledger (docs/ledger.md), checked line by line: which targets are scored, in which order,
 * and which of them each update used.
 */
import { targetsOfDocument } from '../data/document-starts.js';
import type { TokenStream } from '../data/types.js';
import { CoverageMap } from '../windows/coverage.js';
import type { AdaptEvent, ScoreEvent, TargetRange } from './events.js';
import type { LedgerEnd, LedgerHeader } from './format.js';
import { DocumentSpans } from './spans.js';
import type { Violations } from './violations.js';

export class LedgerRules {
  readonly scores: CoverageMap;
  scored = 0;
  updates = 0;
  q30 = 0n;
  infinite = 0;
  private readonly spans = new DocumentSpans();
  /** Targets that earlier updates used, `[from, to)`: an update with all so far is cheap to check. */
  private used: readonly [number, number] = [1, 1];
  /** The target after the last that was scored. */
  private reached = 1;

  constructor(
    private readonly header: LedgerHeader,
    private readonly violations: Violations,
    private readonly stream: Pick<TokenStream, 'ids' | 'documentStarts' | 'startId'> | null,
  ) {
    this.scores = new CoverageMap(header.tokens, true);
  }

  score(line: number, event: ScoreEvent): void {
    const { first, count, document } = event;
    this.scored += count;
    this.q30 += event.q30;
    this.infinite += event.infinite;
    const targets = [first, count] as const;
    if (event.infinite > count) {
      const message = `${event.infinite} of ${count} targets cannot be infinite`;
      this.violations.add('BPB_LEDGER_FORMAT', line, message, { targets, document });
    }
    if (!this.exists(line, targets, document)) return;
    this.checkDocument(line, targets, document);
    const again = this.scores.find(first, count, true);
    if (again === null) this.checkOrder(line, targets, document);
    else {
      const message = `target ${again} was scored before`;
      this.violations.add('BPB_LEDGER_TWICE', line, message, { targets, document });
    }
    // Broken for good by then: lines that score a huge stream over and over need not cost more.
    if (this.scored <= 2 * this.header.tokens) this.scores.mark(first, count);
    this.spans.add(document, first, count);
    this.reached = Math.max(this.reached, first + count);
  }

  adapt(line: number, { ranges, document }: AdaptEvent): void {
    this.updates++;
    const { reset, documents } = this.header;
    if (reset === 'none' || (reset === 'document' && document === null)) {
      const what = document === null ? 'state that all documents share' : 'state';
      const message = `an update of ${what}, and the header says \`reset\`: ${reset}`;
      this.violations.add('BPB_LEDGER_UPDATE', line, message, { document });
    }
    if (document !== null && documents !== null && document >= documents) {
      const message = `document ${document} of ${documents}`;
      this.violations.add('BPB_LEDGER_DOCUMENT', line, message, { document });
    }
    for (const targets of ranges) {
      if (this.exists(line, targets, document)) this.checkUse(line, targets, document);
    }
  }

  end(line: number, end: LedgerEnd): void {
    const { violations } = this;
    const all = this.header.tokens - 1;
    if (this.scored !== end.scored) {
      const code = this.scored < end.scored ? 'BPB_LEDGER_MISSING' : 'BPB_LEDGER_SUM';
      violations.add(code, line, `${end.scored} targets scored; the lines score ${this.scored}`);
    }
    if (end.scored + end.skipped !== all) {
      const first = this.scores.find(1, all, false);
      const message = `${end.scored} scored and ${end.skipped} skipped are not the ${all} targets${first === null ? '' : `; the first that no line scores is ${first}`}`;
      violations.add('BPB_LEDGER_MISSING', line, message, {
        ...(first === null ? {} : { targets: [first, 1] as const }),
      });
    }
    if (end.nats_q30 !== String(this.q30)) {
      const message = `nats_q30 ${end.nats_q30}; the lines add up to ${this.q30}`;
      violations.add('BPB_LEDGER_SUM', line, message);
    }
    if ((end.infinite ?? 0) !== this.infinite) {
      const message = `${end.infinite ?? 0} infinite targets; the lines have ${this.infinite}`;
      violations.add('BPB_LEDGER_SUM', line, message);
    }
  }

  /** What only the whole file shows. */
  finish(): void {
    for (const [earlier, later] of this.spans.overlapping()) {
      const [first, end] = this.spans.of(later)!;
      this.violations.add(
        'BPB_LEDGER_DOCUMENT',
        null,
        `the targets of document ${later} lie before the end of document ${earlier}`,
        { targets: [first, end - first], document: later },
      );
    }
  }

  private exists(line: number, targets: TargetRange, document: number | null): boolean {
    const [first, count] = targets;
    const last = this.header.tokens - 1;
    if (first + count - 1 <= last) return true;
    const message = `targets ${first} to ${first + count - 1} of a stream whose last is ${last}`;
    this.violations.add('BPB_LEDGER_RANGE', line, message, { targets, document });
    return false;
  }

  private checkDocument(line: number, targets: TargetRange, document: number): void {
    const [first, count] = targets;
    const { documents, tokens } = this.header;
    let message: string | null = null;
    if (documents !== null && document >= documents)
      message = `document ${document} of ${documents}`;
    else if (this.stream !== null) {
      const [from, to] = targetsOfDocument(this.stream, document, tokens);
      if (first < from || first + count > to) {
        message =
          from >= to ? 'the data has no such document' : `its targets are ${from} to ${to - 1}`;
      }
    }
    if (message !== null) {
      this.violations.add('BPB_LEDGER_DOCUMENT', line, message, { targets, document });
    }
  }

  private checkOrder(line: number, targets: TargetRange, document: number): void {
    const [first] = targets;
    const whole = this.header.reset === 'never';
    const next = whole ? this.reached : (this.spans.of(document)?.[1] ?? 1);
    if (first >= next) return;
    const message = `target ${first} is scored after target ${next - 1} of the same ${whole ? 'stream' : 'document'}`;
    this.violations.add('BPB_LEDGER_ORDER', line, message, { targets, document });
  }

  private checkUse(line: number, targets: TargetRange, document: number | null): void {
    const [first, count] = targets;
    const unscored = this.firstUnscored(first, first + count);
    if (unscored !== null) {
      const message = `the update uses target ${unscored}, which no earlier line scores`;
      this.violations.add('BPB_LEDGER_EARLY', line, message, { targets, document });
      return;
    }
    if (this.header.reset !== 'document' || document === null) return;
    const span = this.spans.of(document);
    if (span !== null && first >= span[0] && first + count <= span[1]) return;
    const own = span === null ? 'none' : `${span[0]} to ${span[1] - 1}`;
    const message = `the update uses targets ${first} to ${first + count - 1}; its document's are ${own}`;
    this.violations.add('BPB_LEDGER_FOREIGN', line, message, { targets, document });
  }

  private firstUnscored(first: number, end: number): number | null {
    const [from, to] = this.used;
    const follows = from <= first && first <= to;
    const start = follows ? Math.min(to, end) : first;
    const unscored = this.scores.find(start, end - start, false);
    if (unscored === null) this.used = follows ? [from, Math.max(to, end)] : [first, end];
    return unscored;
  }
}
