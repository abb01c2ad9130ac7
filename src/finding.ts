/**
 * Finding: what the reader of a number must know, with the way out, and whether it withholds the number.
 */

export interface Finding {
  /** Stable: programs may ask for it. */
  readonly id: string;
  /** `fail` withholds the headline unless it is accepted; `warn` and `note` stand beside it. */
  readonly severity: 'fail' | 'warn' | 'note';
  /** What was found, as a clause that begins in lower case. */
  readonly message: string;
  /** The way out, with the flag or the command line that takes it; null where there is none. */
  readonly hint: string | null;
  /** Whether the caller has accepted it (`--accept`): it withholds nothing then. */
  readonly accepted: boolean;
}

/** The constructors of findings, by severity. */
export const fail = of('fail');
export const warn = of('warn');
export const note = of('note');

function of(severity: Finding['severity']) {
  return (id: string, message: string, hint: string | null = null): Finding => ({
    id,
    severity,
    message,
    hint,
    accepted: false,
  });
}

const rank = ({ severity, accepted }: Finding) => ORDER[severity] + (accepted ? 0.5 : 0);
const ORDER = { fail: 0, warn: 1, note: 2 } as const;

/** The gravest first, those of a severity in their order; what is accepted after what is not. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

/** Whether one of them leaves no headline. */
export function withholds(findings: readonly Finding[]): boolean {
  return findings.some(({ severity, accepted }) => severity === 'fail' && !accepted);
}
