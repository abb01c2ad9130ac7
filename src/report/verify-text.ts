/**
 * Terminal report of a verification: the verdict with the number, then each check, then the rows.
 */
import type { RowsAgain, VerifyCheck, VerifyReport } from '../verify/types.js';
import { colors, count, exact, type Paint, printable, seconds, shortHash } from './format.js';
import type { Medium } from './reporter.js';
import { pageOf, type Row, tableLines } from './table.js';
import { HANG } from './wrap.js';

const VERDICTS = { confirmed: 'green', claimed: 'yellow', failed: 'red' } as const;
const CHECKS = {
  pass: ['green', 'pass'],
  fail: ['red', 'FAIL'],
  not_checked: ['dim', 'n/a '],
} as const;

export function verifyText(report: VerifyReport, medium: Medium): string {
  const paint = colors(medium);
  const word = paint[VERDICTS[report.verdict]](paint.bold(report.verdict.toUpperCase()));
  const width = Math.max(...report.checks.map(({ name }) => name.length));
  return pageOf([
    [`  ${word}  ${verifyFigure(report)}`, `  ${HANG}${printable(report.why)}`],
    report.checks.flatMap((check) => checkLines(check, width, paint)),
    tableLines(verifyRows(report), paint),
  ]);
}

/** `1.22450000 bits per byte, partial, unverified by its run`, or why there is none. */
export function verifyFigure({ result }: VerifyReport): string {
  const { val_bpb, status, partial, part, verification } = result;
  if (val_bpb === null) return `no headline (${status})${extent(part, partial)}`;
  const unverified = verification === 'skipped' || verification === 'not_possible';
  const mark = unverified ? ', unverified by its run' : '';
  return `${exact(val_bpb)} bits per byte${extent(part, partial)}${mark}`;
}

function extent(part: VerifyReport['result']['part'], partial: boolean): string {
  if (part !== null) return `, part ${part[0]} of ${part[1]}`;
  return partial ? ', partial' : '';
}

function checkLines(check: VerifyCheck, width: number, paint: Paint): string[] {
  const { name, what, verdict } = check;
  const [colour, word] = CHECKS[verdict];
  const label = `  ${paint[colour](word)}  ${name.padEnd(width)}  ${HANG}`;
  const reason = printable(check.note ?? '');
  if (verdict === 'not_checked') return [`${label}${paint.dim(`not checked: ${reason}`)}`];
  if (verdict === 'pass') return [`${label}${what}${reason && paint.dim(` (${reason})`)}`];
  const indent = ' '.repeat(width + 10);
  return [
    `${label}${what}`,
    ...failureFacts(check).map((text) => `${indent}${HANG}${printable(text)}`),
  ];
}

/** What was expected and found, and the note, each on a line. */
export function failureFacts({ expected, found, note }: VerifyCheck): string[] {
  return [`expected ${expected}`, `found ${found}`, ...(note === null ? [] : [note])];
}

export function verifyRows({ result, rows, time }: VerifyReport): Row[] {
  const { artifact } = result;
  return [
    ['result', `${printable(result.file)}   sha256 ${shortHash(result.sha256)}`],
    ...(artifact === null
      ? []
      : [
          ['artifact', `${printable(artifact.name)}   sha256 ${shortHash(artifact.sha256)}`] as Row,
        ]),
    ...(rows === null ? [] : rowsAgain(rows)),
    ['time', seconds(time.total_s)],
  ];
}

function rowsAgain(rows: RowsAgain): Row[] {
  const { unit, drawn, of, targets, seed, mean_abs_nats, tolerance_nats } = rows;
  const difference =
    mean_abs_nats === null
      ? 'nothing was compared'
      : `mean difference ${mean_abs_nats.toExponential(1)} nats a target (at most ${tolerance_nats})`;
  const again = `${count(drawn)} of ${count(of)} ${unit} again, ${count(targets)} targets, seed ${seed}`;
  return [['scored', `${again}   ${difference}`], ...boundRow(rows)];
}

/** What the sample says of the units that were not drawn. */
function boundRow({
  differ_at_most: share,
  unit,
  unit_tolerance_nats: nats,
  drawn,
  of,
}: RowsAgain): Row[] {
  if (share === null || drawn === of) return [];
  // Rounded up: a bound must not be made tighter.
  const percent = (Math.ceil(share * 1000) / 10).toFixed(1);
  const what = `at most ${percent} % of all ${unit} differ by more than ${nats} nats a target`;
  return [['bound', `with 99 % confidence ${what}`]];
}
