/**
 * The verdict of a verification, computed from the checks that its report lists and from nothing else.
 */
import type { RowsAgain, VerifyCheck, VerifyReport } from './types.js';

/** Without one of these the result is claimed, whatever else holds. */
const CONFIRMING = ['stream', 'bytes', 'rows'] as const;

/** What the words of a verdict are about; the verdict itself is that of the checks. */
interface Subject {
  /** Whether the result is of a part of the data only. */
  readonly partial: boolean;
  readonly evidence: 'computed' | 'claimed';
  readonly rows: RowsAgain | null;
}

export function verdictOf(
  checks: readonly VerifyCheck[],
  { partial, evidence, rows }: Subject,
): Pick<VerifyReport, 'verdict' | 'why'> {
  const wrong = checks.filter(({ verdict }) => verdict === 'fail');
  if (wrong.length > 0) {
    const names = wrong.map(({ name }) => name).join(', ');
    return {
      verdict: 'failed',
      why: `${wrong.length === 1 ? 'a check fails' : 'checks fail'}: ${names}`,
    };
  }
  if (evidence === 'claimed') {
    const why =
      'the nats were made elsewhere and cannot be scored again here; nothing contradicts them';
    return { verdict: 'claimed', why };
  }
  const open = CONFIRMING.filter(
    (name) => !checks.some((check) => check.name === name && check.verdict === 'pass'),
  );
  if (open.length > 0) {
    const [first] = checks.filter(({ name }) => name === open[0]);
    const reason = first?.note ?? 'no --artifact was given';
    return {
      verdict: 'claimed',
      why: `the result is consistent; nothing was scored again (${reason})`,
    };
  }
  const what = partial ? 'the part of the data that it is of' : 'all its data';
  const again = `${rows!.drawn} of ${rows!.of} ${rows!.unit} scored again`;
  const left = checks.filter(({ verdict }) => verdict === 'not_checked').map(({ name }) => name);
  const which =
    left.length === 0 ? 'every check holds' : `every check holds but ${andText(left)}, not checked`;
  return { verdict: 'confirmed', why: `${which}; ${again} agree, on ${what}` };
}

function andText(names: readonly string[]): string {
  const last = names.at(-1)!;
  return names.length === 1 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
