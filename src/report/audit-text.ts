/**
 * An audit for people, on one screen: the verdict first, then findings by weight, then totals.
 */
import type { AuditReport, Effect, Finding, Severity } from '../audit/types.js';
import { colors, count, printable, seconds, shortHash } from './format.js';

type Paint = ReturnType<typeof colors>;

/** Findings told in full; the others by name, so that the verdict stays on the screen. */
const TOLD = 5;
const INDENT = ' '.repeat(8);
const NARROWEST = 60;
const WIDEST = 110;

export function auditText(
  report: AuditReport,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const paint = colors(stream);
  const width = Math.min(WIDEST, Math.max(NARROWEST, stream.columns ?? WIDEST));
  const weighty = report.findings.filter(({ severity }) => severity !== 'info');
  const facts = report.findings.filter(({ severity }) => severity === 'info');
  const told = weighty.slice(0, TOLD).flatMap((finding) => findingLines(finding, paint, width));
  const rest = weighty.slice(TOLD).map(({ check }) => check);
  if (rest.length > 0) told.push(`${INDENT}and ${rest.join(', ')} (all in --json)`);
  const rows = totalRows(report);
  const names = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, text]) => `  ${paint.dim(name.padEnd(names))}  ${text}`);
  const notes = facts.map(
    ({ check, detail }) => `  ${paint.dim('info')}  ${check}: ${printable(detail)}`,
  );
  const blocks = [[headline(report, paint)], told, notes, table];
  return `\n${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function colourOf(severity: Severity | 'pass', paint: Paint): (text: string) => string {
  if (severity === 'fail') return paint.red;
  return severity === 'warn' ? paint.yellow : paint.green;
}

function headline({ verdict, findings, tokenizer, source }: AuditReport, paint: Paint): string {
  const of = (severity: Severity) => findings.filter((f) => f.severity === severity).length;
  const wrong = of('fail');
  const known = of('warn');
  const parts = [
    ...(wrong > 0 ? [`${wrong} wrong`] : ['the accounting is right']),
    ...(known > 0 ? [`${known} to know of`] : []),
  ];
  const name = printable(tokenizer?.path ?? tokenizer?.kind ?? source?.path ?? '');
  const word = colourOf(verdict, paint)(paint.bold(verdict.toUpperCase()));
  return `  ${word}  ${name}: ${parts.join(', ')}`;
}

/** `bytes × 1.1670, bpb 14.3 % too low` */
function effectText({ bytes, bpb }: Effect): string {
  const percent = 100 * Math.abs(bpb - 1);
  const digits = percent >= 1 ? 1 : percent >= 0.01 ? 2 : 4;
  return `bytes × ${bytes.toFixed(digits === 4 ? 6 : 4)}, bpb ${percent.toFixed(digits)} % too ${bpb < 1 ? 'low' : 'high'}`;
}

function findingLines(finding: Finding, paint: Paint, width: number): string[] {
  const { severity, check, detail, explanation, remedy, effect } = finding;
  const lines = [
    `  ${colourOf(severity, paint)(severity)}  ${paint.bold(check)}${effect === null ? '' : `  ${effectText(effect)}`}`,
    ...wrap(printable(detail), width),
  ];
  // What is only to be known of needs no lesson on this screen; --json has it.
  if (severity === 'fail') lines.push(...wrap(explanation, width).map((line) => paint.dim(line)));
  lines.push(...wrap(`→ ${remedy}`, width));
  return lines;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = INDENT;
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width && line.trim() !== '') {
      lines.push(line);
      line = INDENT;
    }
    line += `${line.trim() === '' ? '' : ' '}${word}`;
  }
  return [...lines, line];
}

function totalRows(report: AuditReport): [string, string][] {
  const rows: [string, string][] = [
    ['tokenizer', tokenizerLine(report)],
    ['table', tableLine(report)],
  ];
  const { documents, shards, sidecar, training, totals, source, time } = report;
  if (documents !== null) {
    const source = documents.source ?? 'decoded from the shards';
    const unknown =
      documents.unknown_tokens > 0 ? `, ${count(documents.unknown_tokens)} unknown` : '';
    rows.push([
      'documents',
      `${count(documents.documents)} (${printable(source)}), ${count(documents.tokens)} tokens${unknown}, ${lossyText(report)}`,
    ]);
  }
  if (shards !== null) {
    const known = shards.known_as === null ? 'no known set' : shards.known_as.name;
    const { equal, different } = shards.retokenized;
    rows.push([
      'shards',
      `${count(shards.shards.length)} with ${count(shards.tokens)} tokens, ${count(shards.bos)} BOS, ${known}   retokenized: ${count(equal)} equal, ${count(different)} not`,
    ]);
  }
  if (sidecar !== null) {
    const sum = sidecar.sum === null ? 'not comparable' : `${count(sidecar.sum)} bytes`;
    rows.push(['sidecar', `${sum}, ${sidecar.confirmed ? 'confirmed' : 'not confirmed'}`]);
  }
  if (training !== null) {
    rows.push([
      'training',
      `${count(training.documents)} documents in ${count(training.shards.length)} shards, ${count(training.shared)} of the validation set among them`,
    ]);
  }
  if (totals !== null)
    rows.push(['bytes', bytesLine(totals)], ['to original', effectsLine(totals)]);
  if (source !== null) {
    const packed = source.layers > 0 ? `, ${source.layers} packed inside` : '';
    const unjudged = source.could_not_judge.map((what) => `   ${printable(what)}`).join('');
    rows.push(['source', `${printable(source.path)}${packed}${unjudged}`]);
  }
  rows.push(['time', timeLine(time)]);
  return rows.filter(([, text]) => text !== '');
}

function lossyText({ documents }: AuditReport): string {
  if (documents?.source == null) return 'originals not known';
  const { documents: lossy } = documents.lossy;
  return lossy === 0 ? 'all lossless' : `${count(lossy)} lossy`;
}

function tokenizerLine({ tokenizer }: AuditReport): string {
  if (tokenizer === null) return '';
  const { kind, vocabulary, byte_pieces, space_piece, normalizer, case_operators } = tokenizer;
  const parts = [`${kind}, vocabulary ${count(vocabulary)}`, `${byte_pieces.present} byte pieces`];
  if (normalizer !== null) {
    parts.push(space_piece === null ? 'no ▁' : `▁ is id ${space_piece}`);
    parts.push(
      normalizer.name === '' ? 'no normalizer' : `normalizer ${printable(normalizer.name)}`,
    );
  }
  if (case_operators) parts.push('case operators');
  return `${parts.join(', ')}   sha256 ${shortHash(tokenizer.sha256)}`;
}

function tableLine({ tokenizer, measured }: AuditReport): string {
  if (tokenizer === null) return '';
  if (measured === null) return 'not measured';
  const { mismatches, unmeasurable } = measured;
  const result =
    mismatches.length === 0 ? 'as the rule has them' : `${mismatches.length} or more differ`;
  const none = unmeasurable > 0 ? `; ${unmeasurable} byte pieces occur in no text` : '';
  return `${count(measured.measured)} ids measured in context: ${result}${none}`;
}

type Totals = NonNullable<AuditReport['totals']>;

const ACCOUNTINGS = ['original', 'normalized', 'decoded', 'lut', 'sidecar', 'claimed'] as const;

function bytesLine({ bytes, headline }: Totals): string {
  return ACCOUNTINGS.filter((name) => bytes[name] !== null)
    .map((name) => `${name}${name === headline ? '*' : ''} ${count(bytes[name] as number)}`)
    .join('   ');
}

function effectsLine({ effects, bytes_per_token }: Totals): string {
  const parts = ACCOUNTINGS.filter((name) => effects[name] !== undefined).map(
    (name) => `${name} ${effects[name]!.bytes.toFixed(6)}`,
  );
  if (bytes_per_token !== null) parts.push(`${bytes_per_token.toFixed(6)} bytes a token`);
  return parts.join('   ');
}

function timeLine({ total_s, bytes_per_s }: AuditReport['time']): string {
  const rate = bytes_per_s === null ? '' : ` (${(bytes_per_s / 1e6).toFixed(1)} MB/s)`;
  return `${seconds(total_s)}${rate}`;
}
