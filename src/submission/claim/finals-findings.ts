/**
 * Findings on the final scores of a log together: which one counts, and which others there are.
 */
import type { FinalClaim, LogFinding } from './log-types.js';

const RUNS_SHOWN = 5;

export function severalFinals(finals: readonly FinalClaim[]): LogFinding[] {
  return [...runs(finals), ...worse(finals), ...alone(finals)];
}

function runs(finals: readonly FinalClaim[]): LogFinding[] {
  const counted = finals.filter((final) => final.counted);
  const count = new Set(finals.map(({ run }) => run)).size;
  if (count < 2) return [];
  if (counted.length < 2) {
    return [
      {
        check: 'several-runs',
        severity: 'info',
        line: finals.find(({ run }) => run > 1)?.line.lineNumber ?? null,
        explanation: 'The file has the same run twice; its score counts once.',
        remedy: null,
      },
    ];
  }
  const list = counted.slice(-RUNS_SHOWN).map((final) => `run ${final.run}: ${figure(final)}`);
  return [
    {
      check: 'several-runs',
      severity: 'warn',
      line: finals.find(({ run }) => run > 1)?.line.lineNumber ?? null,
      explanation: `The file has the scores of ${counted.length} runs (${list.length < counted.length ? 'the last: ' : ''}${list.join('; ')}). The headline is that of the last one.`,
      remedy: 'Give each run a log of its own.',
    },
  ];
}

/** A later evaluation that is worse than the counted one: its run went wrong, or it is not the submission. */
function worse(finals: readonly FinalClaim[]): LogFinding[] {
  const found: LogFinding[] = [];
  for (const counted of finals.filter((final) => final.counted)) {
    const later = finals.filter(
      ({ run, line }) =>
        run === counted.run && line.role === 'final' && line.lineNumber > counted.line.lineNumber,
    );
    const last = later.findLast(({ line }) => line.valLoss !== '');
    if (last === undefined || Number(last.line.valBpb) <= Number(counted.line.valBpb)) continue;
    found.push({
      check: 'later-final-worse',
      severity: 'warn',
      line: last.line.lineNumber,
      explanation: `The last final, ${last.line.label} ${figure(last)}, is another score than ${counted.line.label} ${figure(counted)}, which a mean over seeds would take: an evaluation after it went wrong, or has another meaning.`,
      remedy: 'Print the score that is submitted last, or leave the failed evaluation out.',
    });
  }
  return found;
}

function alone(finals: readonly FinalClaim[]): LogFinding[] {
  return finals
    .filter(({ line }) => line.valLoss === '')
    .map(({ line }): LogFinding => {
      const same = finals.find(
        (other) => other.line.valLoss !== '' && Number(other.line.valBpb) === Number(line.valBpb),
      );
      const found = `val_bpb ${line.valBpb} stands alone`;
      const at = { check: 'bpb-alone', line: line.lineNumber } as const;
      if (same === undefined) {
        return {
          ...at,
          severity: 'warn',
          explanation: `${found}: without its val_loss it says nothing of its denominator, and no other line prints it.`,
          remedy: 'Print val_loss beside it.',
        };
      }
      const explanation = `${found}; line ${same.line.lineNumber} prints it with its val_loss.`;
      return { ...at, severity: 'info', explanation, remedy: null };
    });
}

function figure({ line }: FinalClaim): string {
  return `${line.valLoss} / ${line.valBpb} (line ${line.lineNumber})`;
}
