/** Whole runs against PyTorch, batch sizes, sessions, and the challenge's 62 million targets. */
import { passedOver, percent, plain, table, UNMEASURED, verdict, whole } from './common.mjs';

export const SHAPES = {
  'baseline-9x512': '9 × 512, V 1,024',
  'wide-11x512': '11 × 512, V 8,192',
};

/** Ours against theirs, and how many times theirs ours must be: now, and with fused operators. */
const PAIRS = [
  { ours: 'optimize fp16', theirs: 'bf16 compiled', now: 0.7, later: 1 },
  { ours: 'optimize fp32', theirs: 'fp32 compiled', now: 0.7, later: 1 },
  { ours: 'exported fp32', theirs: 'fp32 compiled', now: null, later: null },
];

const short = (shape) => shape.split('-')[0];
const precisionOf = (variant) => /fp32|fp16|tf32|bf16/.exec(variant)?.[0] ?? variant;

/** The step that makes a row. */
function stepOf({ who, shape, variant, purpose }) {
  if (purpose === 'batch') return 'batches';
  if (purpose === 'sessions') return 'sessions';
  return `${who === 'bpb' ? 'e2e' : 'peer'}-${short(shape)}-${precisionOf(variant)}`;
}

function find(results, wanted) {
  const other = passedOver(results, stepOf(wanted));
  if (other !== null) return { other };
  const row = results.endToEnd.find((found) =>
    Object.entries(wanted).every(([field, value]) => found[field] === value),
  );
  if (row === undefined) return { other: UNMEASURED };
  return row.error == null ? { row } : { other: `*failed*: ${plain(row.error)}` };
}

function goal({ now, later }, ratio) {
  if (now === null) return '–';
  if (ratio >= later) return `≥ ${later.toFixed(1)} ×: met`;
  return `≥ ${now} ×: ${verdict(ratio >= now)}; ≥ ${later.toFixed(1)} ×: not met`;
}

function pairRow(results, shape, window, pair) {
  const at = { shape, window, purpose: 'end-to-end' };
  const ours = find(results, { who: 'bpb', variant: pair.ours, ...at });
  const theirs = find(results, { who: 'PyTorch', variant: pair.theirs, ...at });
  const ratio = ours.row && theirs.row ? ours.row.targets_per_s / theirs.row.targets_per_s : null;
  const losses = [ours, theirs].map(({ row }) => (row ? row.val_loss.toFixed(4) : '–'));
  const unjudged = pair.now === null ? '–' : `≥ ${pair.now} ×: ${UNMEASURED}`;
  return [
    `${SHAPES[shape]}, ${window}`,
    pair.ours,
    ours.row ? whole(ours.row.targets_per_s) : ours.other,
    pair.theirs,
    theirs.row ? whole(theirs.row.targets_per_s) : theirs.other,
    ratio === null ? '' : `${ratio.toFixed(2)} ×`,
    ratio === null ? unjudged : goal(pair, ratio),
    losses.every((loss) => loss === '–') ? '' : losses.join(' / '),
    ours.row?.scorer_share == null ? '' : percent(ours.row.scorer_share),
  ];
}

/** Targets a second of both, the ratio beside its goal, both losses, and the scorer's part of ours. */
export function endToEnd(results) {
  const rows = Object.keys(SHAPES).flatMap((shape) =>
    ['chunk', 'sliding'].flatMap((window) =>
      PAIRS.map((pair) => pairRow(results, shape, window, pair)),
    ),
  );
  return table(
    [
      'shape, window',
      'bpb',
      'targets/s',
      'PyTorch',
      'targets/s',
      'ratio',
      'goal',
      'val_loss',
      'scorer',
    ],
    rows,
    'llrlrrllr',
  );
}

/** Runs of one purpose that count, or what stands in their place. */
function runsOf(results, purpose, step) {
  const other = passedOver(results, step);
  if (other !== null) return { other };
  const rows = results.endToEnd.filter((row) => row.purpose === purpose && row.who === 'bpb');
  return rows.length === 0 ? { other: UNMEASURED } : { rows };
}

const rateCell = (row) => (row.error == null ? whole(row.targets_per_s) : plain(row.error));

export function batches(results) {
  const sizes = runsOf(results, 'batch', 'batches');
  const sessions = runsOf(results, 'sessions', 'sessions');
  const rows = [
    ...(sizes.rows ?? []).map((row) => [
      row.shape,
      row.window,
      row.variant,
      `${whole(row.batch_tokens ?? 0)} tokens a batch`,
      rateCell(row),
    ]),
    ...(sessions.rows ?? []).map((row) => [
      row.shape,
      row.window,
      row.variant,
      `${row.sessions ?? 1} sessions`,
      rateCell(row),
    ]),
  ];
  const notes = [
    sizes.rows ? null : `Batch sizes: ${sizes.other}; 65,536 tokens is a guess.`,
    sessions.rows ? null : `Two sessions on one GPU: ${sessions.other}.`,
  ].filter((note) => note !== null);
  const cells = rows.map((row) => [...row.slice(0, 3).map(plain), ...row.slice(3)]);
  const measured =
    rows.length === 0
      ? []
      : [table(['shape', 'window', 'variant', 'what', 'targets/s'], cells, 'llllr')];
  return [...measured, ...notes].join('\n\n');
}

/** Seconds that one H100 may take for all of the validation set. */
const LONG_GOALS = { chunk: 10.3, sliding: 160 };

export function long(results) {
  const other = passedOver(results, 'long');
  const rows = Object.entries(LONG_GOALS).map(([window, most]) => {
    const row = results?.long.find(
      (found) => found.window === window && found.shape === 'baseline-9x512',
    );
    if (other !== null || row === undefined)
      return [window, other ?? UNMEASURED, '', `≤ ${most} s`, ''];
    return [
      `${window}, ${plain(row.precision)}`,
      `${whole(row.targets)} in ${row.seconds.toFixed(2)} s`,
      `${row.seconds_for_62m.toFixed(1)} s`,
      `≤ ${most} s on one H100, in the end`,
      verdict(row.seconds_for_62m <= most),
    ];
  });
  return table(
    ['9 × 512, V 1,024', 'measured', '62 million targets, extrapolated', 'goal', ''],
    rows,
    'lrrll',
  );
}

/** How far below the fastest a smaller batch may be and still be taken: it needs less memory. */
const CLOSE = 0.01;

/**
 * The row for TABLE of src/engine/cuda/batch-shapes.ts: the smallest batch that is within 1 % of the
 * fastest on every shape, as text; a sentence where the runs do not say.
 */
export function batchRow(results) {
  const { rows, other } = runsOf(results, 'batch', 'batches');
  const good = (rows ?? []).filter(
    (row) => row.error == null && row.batch_tokens != null && row.window === 'chunk',
  );
  if (good.length === 0 || results.machine === null) {
    return `no row for src/engine/cuda/batch-shapes.ts: batch sizes are ${other ?? UNMEASURED}`;
  }
  const shapes = [...new Set(good.map(({ shape }) => shape))];
  const shares = (tokens) =>
    shapes.map((shape) => {
      const of = good.filter((row) => row.shape === shape);
      const best = Math.max(...of.map((row) => row.targets_per_s));
      return (of.find((row) => row.batch_tokens === tokens)?.targets_per_s ?? 0) / best;
    });
  const sizes = [...new Set(good.map((row) => row.batch_tokens))].sort((a, b) => a - b);
  const least = (tokens) => Math.min(...shares(tokens));
  const chosen =
    sizes.find((tokens) => least(tokens) >= 1 - CLOSE) ??
    sizes.reduce((a, b) => (least(b) > least(a) ? b : a));
  const { gpu, date } = results.machine;
  const pattern = gpu.name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  const measured = `${date.slice(0, 10)}, commit ${results.run.commit.slice(0, 7)}, ${shapes.join(' and ')}`;
  const digits = String(chosen).replace(/\B(?=(\d{3})+$)/g, '_');
  return `{ device: /^${pattern}$/, tokens: ${digits}, measured: '${measured.replace(/['\\]/g, '')}' },`;
}
