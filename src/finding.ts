/**
 * Finding: what the reader of a number must know, with the way out, and whether it withholds the number.
 */

export interface Finding {
  /** Stable: programs may ask for it. */
  readonly id: string;
  /** `fail` withholds the headline; `warn` stands beside it. */
  readonly severity: 'fail' | 'warn';
  /** What was found, as a clause that begins in lower case. */
  readonly message: string;
  /** The way out, with the flag or the command line that takes it; null where there is none. */
  readonly hint: string | null;
  /** Whether the caller has accepted it; nothing accepts one yet. */
  readonly accepted: false;
}

export function fail(id: string, message: string, hint: string | null = null): Finding {
  return { id, severity: 'fail', message, hint, accepted: false };
}

/** Whether one of them leaves no headline. */
export function withholds(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'fail');
}
