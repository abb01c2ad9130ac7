/**
 * Terminal report of the probes: the verdict, then one line for each probe.
 */
import { withholds } from '../finding.js';
import type { ProbeReport } from '../probes/probe.js';
import { namesWith, type ProbeVerdict } from '../verdict.js';
import { colors, count, type Paint, printable, seconds, shortHash } from './format.js';
import type { Medium } from './reporter.js';
import { decidedLine, everyRowLine, rulesLine } from './score-rows.js';
import { findingLines, noteLines, pageOf, type Row, tableLines } from './table.js';
import { HANG } from './wrap.js';

const PAINTED = { pass: 'green', warn: 'yellow', fail: 'red', not_applicable: 'dim' } as const;
const SHOWN = { pass: 'pass', warn: 'warn', fail: 'FAIL', not_applicable: 'n/a' } as const;

export function probeText(report: ProbeReport, medium: Medium): string {
  const paint = colors(medium);
  const failed = report.verdict === 'fail';
  const word = failed ? paint.red('FAIL') : paint.green('pass');
  const name = printable(report.artifact.name);
  return pageOf([
    [`  ${word}  ${name}: ${probeSummary(report)}`, ...findingLines(report.findings, paint)],
    probeLines(report.verdicts, paint),
    tableLines(probeRows(report), paint),
    noteLines(report.notes.map(printable), paint),
  ]);
}

/** The names of the probes that failed or warn, and the cause where graph or data alone say it. */
export function probeSummary({ verdicts, findings }: ProbeReport): string {
  const failed = namesWith('fail', verdicts).join(', ');
  if (failed !== '') return withholds(findings) ? `no number can be had of it (${failed})` : failed;
  const warned = namesWith('warn', verdicts).join(', ');
  const alone =
    warned === ''
      ? 'no probe found anything wrong'
      : `no probe failed; an effect that noise does not explain: ${warned}`;
  return withholds(findings) ? `${alone}, but a score of it has no headline` : alone;
}

export function probeRows(report: ProbeReport): Row[] {
  const { engine, data, window } = report;
  const noise = report.noise_nats === null ? 'without bound' : figure(report.noise_nats);
  return [
    ['artifact', `sha256 ${shortHash(report.artifact.sha256)}`],
    [
      'tokens',
      data === null
        ? 'random'
        : `from the data: ${count(data.tokens)} tokens in ${count(data.documents)} document${data.documents === 1 ? '' : 's'}`,
    ],
    ['window', `${window.mode}, rows of ${window.seqLen}`],
    ...decidedLine(report),
    ...rulesLine(report),
    ...everyRowLine(report.every_row),
    [
      'engine',
      engine === null
        ? 'none'
        : `${engine.name}, ${engine.precision}   noise from run to run ${noise} nats`,
    ],
    [
      'time',
      `${seconds(report.seconds)}${report.thorough ? ', thorough' : ''}, seed ${report.seed}`,
    ],
  ];
}

/** For each probe: verdict, name, effect and tolerance; its note on the next line. */
function probeLines(probes: readonly ProbeVerdict[], paint: Paint): string[] {
  const width = Math.max(...probes.map(({ name }) => name.length));
  return probes.flatMap((each) => {
    const { name, verdict, note } = each;
    const shown = paint[PAINTED[verdict]](SHOWN[verdict].padEnd(4));
    const line = `  ${shown}  ${name.padEnd(width)}  ${HANG}${measured(each)}`;
    return note === null
      ? [line.trimEnd()]
      : [line.trimEnd(), `${' '.repeat(width + 10)}${HANG}${printable(note)}`];
  });
}

/** The largest effect and the tolerance, with their unit; empty where nothing was measured. */
export function measured({ effect, unit, tolerance, verdict }: ProbeVerdict): string {
  if (unit === null) return '';
  const limit = tolerance === null ? '' : ` (at most ${figure(tolerance)})`;
  const size = effect === null ? (verdict === 'fail' ? 'without bound' : '') : figure(effect);
  return `${size} ${unit}${limit}`;
}

function figure(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toExponential(1);
}
