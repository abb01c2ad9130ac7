/**
 * The probes for people: the verdict, then a line a probe.
 */
import type { ProbeReport } from '../probes/probe.js';
import type { ProbeVerdict } from '../probes/types.js';
import { colors, count, printable, seconds, shortHash } from './format.js';

type Paint = ReturnType<typeof colors>;

const PAINTED = { pass: 'green', fail: 'red', not_applicable: 'dim' } as const;
const SHOWN = { pass: 'pass', fail: 'FAIL', not_applicable: 'n/a' } as const;

export function probeText(
  report: ProbeReport,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const paint = colors(stream);
  const { verdicts: probes, engine, data, window } = report;
  const failed = probes.filter(({ verdict }) => verdict === 'fail');
  const name = printable(report.artifact.name);
  const head =
    failed.length === 0
      ? `  ${paint.green('pass')}  ${name}: no probe found anything wrong`
      : `  ${paint.red('FAIL')}  ${name}: ${failed.map((each) => each.name).join(', ')}`;
  const noise = report.noise_nats === null ? 'without bound' : figure(report.noise_nats);
  const rows: [string, string][] = [
    ['artifact', `sha256 ${shortHash(report.artifact.sha256)}`],
    [
      'tokens',
      data === null
        ? 'random'
        : `from the data: ${count(data.tokens)} tokens in ${count(data.documents)} documents`,
    ],
    ['window', `${window.mode}, rows of ${window.seqLen}`],
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
  const facts = rows.map(([key, text]) => `  ${paint.dim(key.padEnd(8))}  ${text}`);
  const notes = report.notes.map((note) => `  ${paint.yellow('note')}  ${printable(note)}`);
  const blocks = [[head], probeLines(probes, paint), facts, notes];
  return `\n${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** A line a probe: verdict, name, effect against tolerance; below it what was done, or found. */
export function probeLines(probes: readonly ProbeVerdict[], paint: Paint): string[] {
  const width = Math.max(...probes.map(({ name }) => name.length));
  return probes.flatMap((each) => {
    const { name, verdict, note } = each;
    const shown = paint[PAINTED[verdict]](SHOWN[verdict].padEnd(4));
    const line = `  ${shown}  ${name.padEnd(width)}  ${measured(each)}`;
    return note === null
      ? [line.trimEnd()]
      : [line.trimEnd(), `${' '.repeat(width + 10)}${printable(note)}`];
  });
}

function measured({ effect, unit, tolerance, verdict }: ProbeVerdict): string {
  if (unit === null) return '';
  const limit = tolerance === null ? '' : ` (at most ${figure(tolerance)})`;
  const size = effect === null ? (verdict === 'fail' ? 'without bound' : '') : figure(effect);
  return `${size} ${unit}${limit}`;
}

function figure(value: number): string {
  return Number.isInteger(value) ? count(value) : value.toExponential(1);
}
