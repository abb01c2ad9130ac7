/**
 * Interface of a named check: the facts that it needs, its condition, its finding.
 */
import type { BpbError } from '../../errors.js';
import type { Finding as DataFinding } from '../../finding.js';
import type { AlteringRules } from '../../tokenizer/altering-rules.js';
import type { Tokenizer } from '../../tokenizer/types.js';
import type { ClaimedTable } from '../claimed-table.js';
import type { TextFacts } from '../collect.js';
import type { OverlapFacts } from '../overlap.js';
import type { ShardFacts } from '../shard-facts.js';
import type { SidecarFacts } from '../sidecar-facts.js';
import type { TableDifferences } from '../table-differences.js';
import type {
  Effect,
  Finding,
  MeasuredReport,
  MistakeReport,
  Severity,
  VocabularyReport,
} from '../types.js';

/** Everything an audit has found out; null where the run had no input for it. */
export interface AuditFacts {
  readonly tokenizer: Tokenizer;
  readonly vocabulary: VocabularyReport;
  /** Problems of the pieces, by the codes of the refusals that a score would give. */
  readonly problems: readonly BpbError[];
  /** SentencePiece's own refusal of the model. */
  readonly unloadable: BpbError | null;
  readonly measured: MeasuredReport | null;
  /** Rules of the normalizer that alter text; null where it has no character map. */
  readonly rules: AlteringRules | null;
  /** Ids of pieces that no text encodes to; null where the model does not load. */
  readonly unreachable: readonly number[] | null;
  readonly table: { readonly claimed: ClaimedTable; readonly wrong: TableDifferences } | null;
  readonly text: TextFacts | null;
  /** Tokens by id over all documents, then the leading spaces that the rule counts. */
  readonly histogram: Int32Array | null;
  readonly documents: { readonly source: string; readonly byteOrderMark: boolean } | null;
  readonly shards: ShardFacts | null;
  /** What a score finds of the table's total; null where the table is no accounting. */
  readonly ceiling: readonly DataFinding[] | null;
  readonly sidecar: SidecarFacts | null;
  /** What a score of the shards would find in them. */
  readonly data: readonly DataFinding[] | null;
  readonly overlap: OverlapFacts | null;
  readonly mistakes: readonly MistakeReport[];
  /** Bytes of the headline accounting over the published ones; null where either is not known. */
  readonly headlineEffect: Effect | null;
  readonly claim: ClaimFacts | null;
}

/** A claimed quotient of bytes and tokens, and the right one over the plausible windows. */
export interface ClaimFacts {
  readonly bytesPerToken: number;
  readonly right: { readonly low: number; readonly high: number };
  /** Targets of the whole stream. */
  readonly targets: number;
}

interface Evidence {
  readonly detail: string;
  readonly effect?: Effect | null;
  /** In place of the check's own. */
  readonly severity?: Severity;
  readonly examples?: readonly string[];
}

export interface Check {
  readonly name: string;
  /** What a finding means, unless the evidence says otherwise. */
  readonly severity: Severity;
  readonly explanation: string;
  readonly remedy: string;
  readonly needs: readonly (keyof AuditFacts)[];
  /** Called only where everything that it needs is there. */
  readonly run: (facts: AuditFacts) => Evidence | null;
}

type Present<K extends keyof AuditFacts> = AuditFacts & {
  readonly [P in K]: NonNullable<AuditFacts[P]>;
};

/** Declares a check whose `run` sees what it needs as present. */
export function check<const K extends keyof AuditFacts>(
  declared: Omit<Check, 'needs' | 'run'> & {
    readonly needs: readonly K[];
    readonly run: (facts: Present<K>) => Evidence | null;
  },
): Check {
  return declared as unknown as Check;
}

/** `document 3, 17, 20 and 40 more`; documents count from 0, as in every table and message. */
export function which(tally: { count: number; first: readonly number[] }, noun: string): string {
  const more = tally.count - tally.first.length;
  const names = tally.first.map((k) => k.toLocaleString('en-US')).join(', ');
  return `${noun} ${names}${more > 0 ? ` and ${more.toLocaleString('en-US')} more` : ''}`;
}

const RANK: Record<Severity, number> = { fail: 0, warn: 1, info: 2 };

/** Runs every check, in order. */
export function runChecks(checks: readonly Check[], facts: AuditFacts) {
  const findings: Finding[] = [];
  const outcomes: { name: string; outcome: 'found' | 'clear' | 'not applicable' }[] = [];
  for (const { name, severity, explanation, remedy, needs, run } of checks) {
    if (needs.some((need) => (facts[need] ?? null) === null)) {
      outcomes.push({ name, outcome: 'not applicable' });
      continue;
    }
    const evidence = run(facts);
    outcomes.push({ name, outcome: evidence === null ? 'clear' : 'found' });
    if (evidence === null) continue;
    const { detail, effect = null, examples = [] } = evidence;
    const weight = evidence.severity ?? severity;
    findings.push({ check: name, severity: weight, detail, explanation, remedy, effect, examples });
  }
  return { findings, outcomes };
}

/** Sorted by severity and by what it does to the bytes; of equal weight in the order given. */
export function byWeight(findings: readonly Finding[]): Finding[] {
  const size = ({ effect }: Finding) => (effect === null ? 0 : Math.abs(Math.log(effect.bytes)));
  return findings.toSorted((a, b) => RANK[a.severity] - RANK[b.severity] || size(b) - size(a));
}
