/**
 * The rows of a score's table, as the terminal and Markdown reports show them.
 */
import { boundText } from '../probes/every-row.js';
import type { ScoreResult } from '../score/result.js';
import { namesWith, type ProbeVerdict } from '../verdict.js';
import { plural } from '../words.js';
import { count, exact, type Paint, printable, seconds, shortHash } from './format.js';
import type { Row } from './table.js';

/** Skipped rewrites that are listed; the result document has all. */
const SKIPPED_MAX = 3;

export function scoreRows(result: ScoreResult): Row[] {
  return [
    ['loss', lossLine(result)],
    ['bytes', bytesLine(result)],
    ['targets', targetsLine(result)],
    ['window', windowLine(result)],
    ['data', dataLine(result)],
    ['artifact', artifactLine(result)],
    ['engine', engineLine(result)],
    ...inputsLine(result),
    ...optimizedLine(result),
    ...adaptiveLine(result),
    ...decidedLine(result),
    ...rulesLine(result),
    ['verified', verifiedLine(result)],
    ...probesLine(result),
    ...everyRowLine(result.every_row),
    ['time', `${timeLine(result)}   seed ${result.seed}`],
  ];
}

/** `  ± 0.0012 (95 %, by document)`, or nothing. */
export function interval({ ci95_bpb }: Pick<ScoreResult['score'], 'ci95_bpb'>): string {
  if (ci95_bpb === null) return '';
  return `  ± ${((ci95_bpb[1] - ci95_bpb[0]) / 2).toFixed(4)} (95 %, by document)`;
}

/** What the headline's own line says of its bytes where nothing confirms them; nothing where something does. */
export function unconfirmed({ totals }: Pick<ScoreResult, 'totals'>): string {
  const { confirmed_by: by } = totals.denominator;
  if (by === 'caller') return 'tokenizer named by the caller';
  return by === 'nobody' ? 'unconfirmed (--docs FILE confirms the bytes)' : '';
}

/** What the headline's own line says where no row was scored a second time; nothing where some were. */
export function unverified({ verification }: Pick<ScoreResult, 'verification'>): string {
  const { verdict } = verification;
  if (verdict === 'skipped') return 'unverified (--verify-rows 0)';
  return verdict === 'not_possible' ? 'unverified (nothing else runs the model)' : '';
}

/** `unconfirmed` for a terminal: what nobody confirms stands out, what the caller named does not. */
export function unconfirmedMark(result: Pick<ScoreResult, 'totals'>, paint: Paint): string {
  const words = unconfirmed(result);
  if (words === '') return '';
  return result.totals.denominator.confirmed_by === 'nobody'
    ? `  ${paint.yellow(words)}`
    : `  ${paint.dim(words)}`;
}

export function lossLine({ score, totals }: Pick<ScoreResult, 'score' | 'totals'>): string {
  if (score.val_loss === null) return score.infinite_targets === 0 ? 'none' : 'infinite';
  const without = totals.bytes.original === null ? 'not known' : 'withheld';
  const original = score.bpb_original === null ? without : exact(score.bpb_original);
  return `val_loss ${exact(score.val_loss)}   val_bpb by ${totals.headline} bytes   bpb_original ${original}`;
}

export function bytesLine({ totals }: Pick<ScoreResult, 'totals'>): string {
  const { bytes } = totals;
  const known = (['lut', 'sidecar', 'decoded', 'original'] as const)
    .filter((name) => bytes[name] !== null)
    .map((name) => `${name} ${count(bytes[name] as number)}`);
  const { documents_lossy: lossy, documents_altered: altered } = totals;
  if (lossy)
    known.push(`${plural(lossy, 'document')} lossy${altered ? `, ${count(altered)} altered` : ''}`);
  return known.join('   ');
}

export function targetsLine({
  coverage,
  totals,
}: Pick<ScoreResult, 'coverage' | 'totals'>): string {
  const skipped = coverage.skipped.map((skip) => `${count(skip.targets)} skipped (${skip.reason})`);
  const repeated =
    coverage.repeated > 0 ? [`${count(coverage.repeated)} scored again (compat)`] : [];
  const of = `${plural(coverage.tokens, 'token')} in ${plural(coverage.documents, 'document')}`;
  return [`${count(totals.targets)} scored of ${of}`, ...skipped, ...repeated].join('   ');
}

function windowLine({ window }: ScoreResult): string {
  const stride = window.stride === null ? '' : `, stride ${window.stride}`;
  const compat = window.compat === null ? '' : `, compat ${window.compat}`;
  const tail = window.tail === 'score' ? ', tail scored' : '';
  return `${window.mode}, rows of ${window.seqLen}${stride}${tail}${compat}`;
}

export function dataLine({ data, tokenizer }: Pick<ScoreResult, 'data' | 'tokenizer'>): string {
  const source =
    data.shards.length > 0
      ? plural(data.shards.length, 'shard')
      : printable(data.documents?.source ?? 'documents');
  const known = data.known_as === null ? 'no known set' : `known as ${data.known_as.name}`;
  const { document_start: start, bos } = tokenizer;
  // Only where somebody said it: what the tokenizer says needs no words.
  const begins =
    start === null || start === bos
      ? ''
      : `, documents begin ${start === 'none' ? 'without an id' : `at id ${start}`}`;
  return `${source} (${known})   ${tokenizer.kind}, vocabulary ${count(tokenizer.vocab)}${begins}`;
}

function artifactLine({ artifact }: ScoreResult): string {
  const within =
    artifact.within_limit === null
      ? `not judged: ${printable(artifact.size_note ?? '')}`
      : artifact.within_limit
        ? 'within the limit'
        : 'OVER THE LIMIT';
  const size = `${count(artifact.bytes_counted)} of ${count(artifact.bytes_limit)} bytes, ${within}`;
  return `${size}   sha256 ${shortHash(artifact.sha256)}`;
}

function engineLine({ engine }: ScoreResult): string {
  const workers = engine.workers === 1 ? '' : `${engine.workers} workers × `;
  const threads = `${engine.threads} thread${engine.threads === 1 ? '' : 's'}`;
  const parts = [engine.name, engine.precision, `${workers}${threads}`, engine.instruction_set];
  return `${parts.join(', ')}   batches of ${engine.batch[0]} × ${engine.batch[1]}`;
}

/** What somebody decided, by who did; what is left to defaults needs no words. */
export function decidedLine({ decided_by }: Pick<ScoreResult, 'decided_by'>): Row[] {
  const parts = (['rules', 'caller', 'config', 'artifact'] as const).flatMap((who) => {
    const settings = Object.keys(decided_by).filter((name) => decided_by[name] === who);
    return settings.length === 0 ? [] : [`${settings.join(', ')} (${who})`];
  });
  return parts.length === 0 ? [] : [['decided', parts.join('   ')]];
}

/** Which rules, and how many of them hold; a finding names each that does not. */
export function rulesLine({ rules }: { readonly rules: ScoreResult['rules'] }): Row[] {
  if (rules === null) return [];
  const { name, version, sha256, verdicts } = rules;
  const failed = verdicts.filter(({ verdict }) => verdict === 'fail').map(({ rule }) => rule);
  const hold = `${verdicts.length - failed.length} of ${verdicts.length} hold`;
  const broken = failed.length === 0 ? '' : `, broken: ${failed.join(', ')}`;
  return [
    ['rules', `${printable(name)} (${version}, sha256 ${shortHash(sha256)})   ${hold}${broken}`],
  ];
}

/** What the model was given beside token ids, and how its output was read: both change the number. */
function inputsLine({ engine }: ScoreResult): Row[] {
  const by = { name: 'by name', manifest: 'by the manifest', caller: 'by the caller' } as const;
  const bound = Object.entries(engine.inputs);
  const parts = (['name', 'manifest', 'caller'] as const).flatMap((who) => {
    const names = new Map<string, string[]>();
    for (const [name, { kind, by }] of bound) {
      if (by !== who) continue;
      const text = typeof kind === 'string' ? kind : String(kind.constant);
      names.set(text, [...(names.get(text) ?? []), name]);
    }
    const each = [...names].map(([kind, [first = '', ...more]]) => {
      const others = more.length === 0 ? '' : ` and ${count(more.length)} more`;
      return `${printable(first)}${others} ${kind}`;
    });
    return each.length === 0 ? [] : [`${each.join(', ')} (${by[who]})`];
  });
  const are = engine.logits_are === 'logits' ? [] : [`the output taken as ${engine.logits_are}`];
  const all = [...parts, ...are];
  return all.length === 0 ? [] : [['inputs', all.join('   ')]];
}

function optimizedLine({ optimization }: ScoreResult): Row[] {
  if (optimization === null) return [];
  const { verdict, targets, mean_nats_difference: mean, tolerance_nats, note } = optimization;
  const { precision, rewrites, skipped } = optimization;
  const sign = mean !== null && mean >= 0 ? '+' : '';
  const proof =
    mean === null
      ? note
      : `mean difference ${sign}${mean.toExponential(1)} nats over ${plural(targets, 'target')} (at most ${tolerance_nats})`;
  const done = rewrites.reduce((sum, rewrite) => sum + rewrite.count, 0);
  const left = skipped.length === 0 ? '' : `, left: ${skipped.slice(0, SKIPPED_MAX).join('; ')}`;
  const more = skipped.length > SKIPPED_MAX ? `; ${skipped.length - SKIPPED_MAX} more` : '';
  const what = `${precision}, ${count(done)} rewrites${printable(left)}${more}`;
  const why = verdict === 'fail' && mean !== null ? `: ${note}` : '';
  return [
    ['optimized', printable(`${verdict}: ${proof}${why}`)],
    ['', what],
  ];
}

function adaptiveLine({ adaptive }: ScoreResult): Row[] {
  if (adaptive === null) return [];
  const { chunk, context, steps, reset, adaptations, adapt_s } = adaptive;
  const cut = `chunks of ${chunk}${context > 0 ? ` after ${context} of context` : ''}`;
  const begins = reset === 'document' ? 'anew at each document' : 'never anew: one pass';
  const each = steps === 1 ? '' : `, ${steps} a chunk`;
  const updates =
    adaptations === 0
      ? 'nothing adapted'
      : `${count(adaptations)} adaptations${each} in ${seconds(adapt_s)}, each after the score`;
  return [['state', `${cut}, begun ${begins}   ${updates}`]];
}

function verifiedLine({ verification }: ScoreResult): string {
  const { verdict, rows, mean_abs_nats, tolerance_nats, note } = verification;
  if (mean_abs_nats === null)
    return `${verdict.replace('_', ' ')}${note === null ? '' : `: ${note}`}`;
  const difference = `mean difference ${mean_abs_nats.toExponential(1)} nats (at most ${tolerance_nats})`;
  // The reason that may follow is the runtime's text: the result has it.
  const how = note === null ? '' : `, ${printable(note.split(':')[0]!)}`;
  return `${verdict}: ${plural(rows, 'row')} scored again, ${difference}${how}`;
}

function probesLine({ probes }: ScoreResult): Row[] {
  if (probes === null) return [];
  const named = (verdict: ProbeVerdict['verdict'], says: string) =>
    probes
      .filter((each) => each.verdict === verdict)
      .map(({ name, note }): Row => ['', `${name} ${says}: ${printable(note ?? '')}`]);
  const passed = plural(namesWith('pass', probes).length, 'probe');
  return [['probed', `${passed} passed`], ...named('fail', 'failed'), ...named('warn', 'warns')];
}

/** What scoring every row again has shown: the bound, or that there is none. */
export function everyRowLine(checked: ScoreResult['every_row']): Row[] {
  if (checked === null) return [];
  const { cuts, rows, leak_at_most: most, moved_cuts: moved, seed } = checked;
  const done = `${plural(cuts, 'cut')} in ${plural(rows, 'row')}, seed ${seed}`;
  if (most !== null) {
    const faint = moved === 0 ? '' : `moved behind ${plural(moved, 'cut')} within the tolerance; `;
    const bound = boundText(most, '99 %', moved === 0);
    return [['all rows', `${done}: ${faint}${bound}`]];
  }
  const none = cuts === 0 ? 'nothing to replace' : `moved behind ${plural(moved, 'cut')}`;
  return [['all rows', `${done}: ${none}`]];
}

function timeLine({ time }: ScoreResult): string {
  const rate = `${count(Math.round(time.targets_per_s))} targets/s`;
  const parts = [`load ${seconds(time.load_s)}`, `score ${seconds(time.score_s)} (${rate})`];
  return [...parts, `verify ${seconds(time.verify_s)}`, `total ${seconds(time.total_s)}`].join(
    '   ',
  );
}
