/**
 * `bpb probe --ledger`: verdicts on a ledger that another evaluator wrote.
 */
import { checkLedgerData } from '../evaluation/checks/ledger-data.js';
import { openEvaluation } from '../evaluation/open.js';
import type { OpenData } from '../evaluation/open-data.js';
import { TOKEN_CHECKS, type TokenOptions } from '../evaluation/options.js';
import { checkOptionTypes, type OptionChecks, option } from '../option-check.js';
import type { ProbeVerdict } from '../verdict.js';
import { type CheckedLedger, checkLedger } from './check.js';
import type { LedgerHeader } from './format.js';
import { outcomeOf, type RunOutcome, resultVerdict } from './outcome.js';
import { type Violation, type ViolationCode, violationText } from './violations.js';

/** A ledger; the tokens that it is compared with are optional. */
export interface LedgerProbeOptions extends Omit<TokenOptions, 'sidecar'> {
  ledger: string;
}

const { sidecar: _sidecar, ...DATA_CHECKS } = TOKEN_CHECKS;

const LEDGER_PROBE_CHECKS: OptionChecks<LedgerProbeOptions> = {
  ledger: option.required(option.text),
  ...DATA_CHECKS,
};

export interface LedgerReport {
  readonly schema: 'bpb-probe/1';
  readonly ledger: Omit<LedgerHeader, 'ledger' | 'run'> & {
    readonly file: string;
    readonly lines: number;
    readonly scored: number;
    readonly updates: number;
    readonly nats_q30: string;
    /** Of the end; of the last line where there is no end. */
    readonly hash: string | null;
    /** Name of the run that wrote it; null where the header has none. */
    readonly run: string | null;
    /** What that run came to; null where the header names no run. */
    readonly result: RunOutcome | null;
    /** `run.sha256` of its result; null where the ledger does not say. */
    readonly result_sha256: string | null;
  };
  readonly verdicts: readonly ProbeVerdict[];
  /** The first of each kind, in the order of the file. */
  readonly violations: readonly Violation[];
  readonly verdict: 'pass' | 'fail';
}

interface Rule {
  readonly name: string;
  readonly what: string;
  readonly codes: readonly ViolationCode[];
}

/** What is checked, under the names that a report gives it. */
const RULES: readonly Rule[] = [
  {
    name: 'ledger-format',
    what: 'every line is as the format says',
    codes: ['BPB_LEDGER_FORMAT'],
  },
  {
    name: 'ledger-chain',
    what: 'every hash follows from the line before it, up to the end',
    codes: [
      'BPB_LEDGER_CHAIN',
      'BPB_LEDGER_MOVED',
      'BPB_LEDGER_CUT',
      'BPB_LEDGER_AFTER_END',
      'BPB_LEDGER_RESULT',
    ],
  },
  {
    name: 'ledger-once',
    what: 'every target is scored once or counted as skipped',
    codes: ['BPB_LEDGER_TWICE', 'BPB_LEDGER_MISSING', 'BPB_LEDGER_RANGE'],
  },
  {
    name: 'ledger-sums',
    what: 'the end adds up what the lines say',
    codes: ['BPB_LEDGER_SUM'],
  },
  {
    name: 'ledger-order',
    what: 'targets are scored from left to right',
    codes: ['BPB_LEDGER_ORDER'],
  },
  {
    name: 'ledger-updates',
    what: 'every update uses targets that earlier lines scored, and no other document’s',
    codes: ['BPB_LEDGER_EARLY', 'BPB_LEDGER_FOREIGN', 'BPB_LEDGER_UPDATE'],
  },
  {
    name: 'ledger-documents',
    what: 'every target is named after its own document',
    codes: ['BPB_LEDGER_DOCUMENT'],
  },
];

const STREAM: Rule = {
  name: 'ledger-stream',
  what: 'tokens, documents and hash of the stream are those of the data',
  codes: ['BPB_LEDGER_STREAM'],
};

/**
 * Verifies a ledger, also one that another evaluator made, and with data whether it is of that data.
 *
 * @example
 * ```ts
 * import { probeLedger } from 'bpb-harness';
 *
 * const report = await probeLedger({ ledger: 'run.jsonl' });
 * console.log(report.verdict, report.ledger.scored, report.violations);
 * ```
 * @throws input errors (exit 3) where the file is no ledger at all
 */
export async function probeLedger(options: LedgerProbeOptions): Promise<LedgerReport> {
  checkOptionTypes('probeLedger', LEDGER_PROBE_CHECKS, options);
  const opened = await dataOf(options);
  const checked = await checkLedger(options.ledger, { stream: opened?.stream });
  const verdicts = RULES.map((rule) => verdictOf(rule, checked));
  verdicts.push(
    opened === null
      ? {
          ...verdictOf(STREAM, checked),
          effect: null,
          unit: null,
          verdict: 'not_applicable',
          note: 'no --data to hold it against',
        }
      : streamVerdict(checked),
    resultVerdict(checked),
  );
  const { header, lines, scored, updates, q30, hash, result, violations } = checked;
  const { ledger: _, run = null, ...stated } = header;
  return {
    schema: 'bpb-probe/1',
    ledger: {
      file: options.ledger,
      ...stated,
      lines,
      scored,
      updates,
      nats_q30: String(q30),
      hash,
      run,
      result: outcomeOf(checked),
      result_sha256: result?.sha256 ?? null,
    },
    verdicts,
    violations: violations.list(),
    verdict: violations.total === 0 ? 'pass' : 'fail',
  };
}

function verdictOf({ name, what, codes }: Rule, { violations }: CheckedLedger): ProbeVerdict {
  const found = codes.reduce((sum, code) => sum + violations.count(code), 0);
  const first = violations.list().find(({ code }) => codes.includes(code));
  return {
    name,
    what,
    effect: found,
    unit: 'violations',
    tolerance: 0,
    verdict: found === 0 ? 'pass' : 'fail',
    note: first === undefined ? null : violationText(first),
  };
}

function streamVerdict(checked: CheckedLedger): ProbeVerdict {
  const verdict = verdictOf(STREAM, checked);
  if (verdict.verdict === 'fail' || checked.header.stream_sha256 !== null) return verdict;
  return { ...verdict, note: 'the ledger names no stream: only the counts were compared' };
}

async function dataOf(options: LedgerProbeOptions): Promise<OpenData | null> {
  const { data, docs, textField, tokenizer } = options;
  const named = [data, docs, textField, tokenizer];
  if (named.every((each) => each === undefined)) return null;
  checkLedgerData(options);
  return (await openEvaluation(options, 'tokens')).data;
}
