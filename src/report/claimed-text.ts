/**
 * A claimed score for people: that it is claimed comes before the number.
 */
import type { ClaimedResult } from '../score/result.js';
import { colors, count, exact, printable, seconds, shortHash } from './format.js';
import {
  bytesLine,
  dataLine,
  infiniteReason,
  interval,
  lossLine,
  targetsLine,
} from './score-text.js';

export function claimedText(
  result: ClaimedResult,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const paint = colors(stream);
  const { score, claim, ledger, coverage } = result;
  const figure =
    score.val_bpb === null
      ? `${paint.red('no score')}  ${infiniteReason(score)}`
      : paint.bold(`${exact(score.val_bpb)} bits per byte`) + paint.dim(interval(score));
  const partial = coverage.partial ? paint.yellow('  partial') : '';
  const headline = `  ${paint.yellow(paint.bold('CLAIMED'))}  ${figure}${partial}`;
  const by = `by ${printable(claim.evaluator)}, whose nats are believed; nothing was run here`;
  const rows: [string, string][] = [
    ['claimed', by],
    ['loss', lossLine(result)],
    ['bytes', bytesLine(result)],
    ['targets', targetsLine(result)],
    ['data', dataLine(result)],
    [
      'ledger',
      `holds: ${count(claim.updates)} updates, each after the score   reset ${claim.reset}   ends in ${shortHash(ledger.hash)}`,
    ],
    ['nats', `${printable(claim.targets.file)}   sha256 ${shortHash(claim.targets.sha256)}`],
    ['time', `total ${seconds(result.time.total_s)}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, text]) => `  ${paint.dim(name.padEnd(width))}  ${text}`);
  const notes = result.notes.map((note) => `  ${paint.yellow('note')}  ${printable(note)}`);
  return ['', headline, '', ...table, '', ...notes, ''].join('\n');
}
