/**
 * Violations of a ledger: code, line, targets and document of each.
 */
import type { TargetRange } from './events.js';

/** What each kind of violation is called, and what it means. */
const VIOLATION_CODES = {
  BPB_LEDGER_FORMAT: 'a line is not as the format says',
  BPB_LEDGER_CHAIN: 'a line was changed, or one before it dropped or added',
  BPB_LEDGER_MOVED: 'a line stands in another place than it was written in',
  BPB_LEDGER_CUT: 'the file ends before the ledger does',
  BPB_LEDGER_AFTER_END: 'a line follows the end',
  BPB_LEDGER_RESULT: 'a result before the end, or of a run that the header does not name',
  BPB_LEDGER_RANGE: 'targets that the stream does not have',
  BPB_LEDGER_TWICE: 'targets scored more than once',
  BPB_LEDGER_MISSING: 'targets neither scored nor skipped',
  BPB_LEDGER_ORDER: 'targets scored after later ones',
  BPB_LEDGER_EARLY: 'an update used targets before they were scored',
  BPB_LEDGER_FOREIGN: "an update of a document's state used another document's targets",
  BPB_LEDGER_UPDATE: 'an update of state that the header says is not there',
  BPB_LEDGER_SUM: 'the end does not add up',
  BPB_LEDGER_DOCUMENT: 'targets named after a document that is not theirs',
  BPB_LEDGER_STREAM: 'another stream than the data',
  BPB_LEDGER_NATS: 'a sum of nats that is not that of the targets',
} as const;

export type ViolationCode = keyof typeof VIOLATION_CODES;

export interface Violation {
  readonly code: ViolationCode;
  /** 1-based line of the file; null where it is the file as a whole. */
  readonly line: number | null;
  readonly message: string;
  readonly targets: TargetRange | null;
  readonly document: number | null;
}

/** Violations of one code that are kept; all are counted. */
const KEPT = 20;

export class Violations {
  private readonly kept: Violation[] = [];
  private readonly counts = new Map<ViolationCode, number>();

  add(
    code: ViolationCode,
    line: number | null,
    message: string,
    what: { targets?: TargetRange; document?: number | null } = {},
  ): void {
    const before = this.count(code);
    this.counts.set(code, before + 1);
    if (before >= KEPT) return;
    const { targets = null, document = null } = what;
    this.kept.push({ code, line, message, targets, document });
  }

  count(code: ViolationCode): number {
    return this.counts.get(code) ?? 0;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** In the order of the file; what concerns the whole of it comes last. */
  list(): Violation[] {
    const at = ({ line }: Violation) => line ?? Number.POSITIVE_INFINITY;
    return [...this.kept].sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)));
  }
}

/** `line 7: target 12 was scored before (document 0)` */
export function violationText({ line, message, document }: Violation): string {
  const where = line === null ? '' : `line ${line}: `;
  return `${where}${message}${document === null ? '' : ` (document ${document})`}`;
}
