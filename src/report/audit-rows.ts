/**
 * The rows of an audit's table, as the terminal and Markdown reports show them.
 */
import type { AuditReport, Effect } from '../audit/types.js';
import { count, printable, seconds, shortHash } from './format.js';
import type { Row } from './table.js';

/** What was audited: the tokenizer's path or kind, or the script. */
export function auditSubject({ tokenizer, source }: AuditReport): string {
  return tokenizer?.path ?? tokenizer?.kind ?? source?.path ?? '';
}

/** `2 wrong, 1 to know of` */
export function auditSummary(report: AuditReport): string {
  const { findings } = report;
  const of = (severity: 'fail' | 'warn') =>
    findings.filter((finding) => finding.severity === severity).length;
  const [wrong, known] = [of('fail'), of('warn')];
  return [
    ...(wrong > 0 ? [`${wrong} wrong`] : rightText(report)),
    ...(known > 0 ? [`${known} to know of`] : []),
    ...(report.source === null ? [] : [judgedText(report.source)]),
  ].join(', ');
}

/** Right is said only of what was judged: a tokenizer and its data, and parts of a script. */
function rightText({ tokenizer, source }: AuditReport): string[] {
  const right = (source?.parts ?? []).filter(({ verdict }) => verdict === 'pass');
  const names = right.map(({ part }) => part).join(', ');
  if (tokenizer === null) return names === '' ? [] : [`right: ${names}`];
  return [
    source === null
      ? 'the accounting is right'
      : `right: tokenizer${names === '' ? '' : `, ${names}`}`,
  ];
}

/** `2 of 5 parts judged` */
function judgedText({ judged, parts }: Source): string {
  return `${judged === 0 ? 'none' : judged} of ${parts.length} parts judged`;
}

/** `bytes × 1.1670, bpb 14.3 % too low` */
export function effectText({ bytes, bpb }: Effect): string {
  const percent = 100 * Math.abs(bpb - 1);
  const digits = percent >= 1 ? 1 : percent >= 0.01 ? 2 : 4;
  return `bytes × ${bytes.toFixed(digits === 4 ? 6 : 4)}, bpb ${percent.toFixed(digits)} % too ${bpb < 1 ? 'low' : 'high'}`;
}

export function auditRows(report: AuditReport): Row[] {
  const rows: Row[] = [
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
    const beside = source.files.length > 0 ? `, ${source.files.map(printable).join(', ')}` : '';
    rows.push(['source', `${printable(source.path)}${beside}${packed}`]);
    rows.push(...partRows(source));
  }
  rows.push(['time', timeLine(time)]);
  return rows.filter(([, text]) => text !== '');
}

/** Judged parts a row each; the others together where the reason is the same. */
function partRows({ parts, path }: Source): Row[] {
  const rows: Row[] = [];
  const unjudged = new Map<string, string[]>();
  for (const { part, verdict, reason, line, file } of parts) {
    const place = line === null ? '' : ` (${printable(file ?? path)}:${line})`;
    const text = `${printable(reason)}${place}`;
    if (verdict !== 'not_judged') rows.push([`source/${part}`, `${verdict}: ${text}`]);
    else unjudged.set(text, [...(unjudged.get(text) ?? []), part]);
  }
  for (const [text, names] of unjudged) rows.push(['not judged', `${names.join(', ')}: ${text}`]);
  return rows;
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

type Source = NonNullable<AuditReport['source']>;
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
