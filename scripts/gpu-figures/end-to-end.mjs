/** Whole runs against PyTorch, batch sizes, sessions, and the challenge's 62 million targets. */
import { absent, percent, plain, ran, table, UNMEASURED, verdict, whole } from './common.mjs';

export const SHAPES = {
  'baseline-9x512': '9 × 512, V 1,024',
  'wide-11x512': '11 × 512, V 8,192',
};

/** Ours against theirs, in which windows, and how many times theirs ours must be, and should be. */
const PAIRS = [
  {
    ours: 'optimize fp16',
    theirs: 'fp16 compiled',
    windows: ['chunk', 'sliding'],
    must: 1,
    aim: 1.2,
  },
  { ours: 'optimize fp32', theirs: 'fp32 compiled', windows: ['chunk'], must: 1, aim: 1.2 },
  {
    ours: 'exported fp32',
    theirs: 'fp32 compiled',
    windows: ['chunk'],
    shapes: ['baseline-9x512'],
    must: null,
    aim: null,
  },
];

/**
 * Nats by which two means over the same targets may differ in fp16 or in fp32: far more than
 * rounding does, far less than a model that is wrong. The speed of wrong values is none.
 */
const LOSSES_NATS = 0.02;

const short = (shape) => shape.split('-')[0];

/** What the names of the steps begin with that make a row: `e2e-wide`, `peer-baseline`, `batches`. */
function stepsOf({ who, shape, purpose }) {
  if (purpose === 'batch') return 'batches';
  if (purpose !== 'end-to-end') return purpose;
  return `${who === 'bpb' ? 'e2e' : 'peer'}-${short(shape)}`;
}

/** The step itself, for its answer where it left no row: `e2e-wide-fp16`, `long-chunk`. */
function stepOf({ who, shape, variant, purpose, window }) {
  if (purpose === 'long') return `long-${window}`;
  const [first, second] = variant.split(' ');
  const what = who === 'PyTorch' || first === 'exported' ? first : second;
  return `${stepsOf({ who, shape, purpose })}-${what}`;
}

const accounted = (results) => (row) => ran(results, stepsOf(row));

/** `{row}`, the fastest where there are several, or `{other}`: what stands in its place. */
function find(results, wanted) {
  const rows = (results?.endToEnd ?? []).filter((found) =>
    Object.entries(wanted).every(([field, value]) => found[field] === value),
  );
  const counted = rows.filter(accounted(results));
  const good = counted.filter(({ error }) => error == null);
  if (good.length > 0) {
    return { row: good.reduce((a, b) => (b.targets_per_s > a.targets_per_s ? b : a)) };
  }
  if (counted.length > 0) return { other: `*failed*: ${plain(counted[0].error)}` };
  return { other: absent(results, stepOf(wanted)) };
}

function goal({ must, aim }, ratio) {
  if (must === null) return '–';
  if (ratio >= aim) return `≥ ${aim.toFixed(1)} ×: met`;
  return `≥ ${must.toFixed(1)} ×: ${verdict(ratio >= must)}; aim ${aim.toFixed(1)} ×`;
}

function pairRow(results, shape, window, pair) {
  const at = { shape, window, purpose: 'end-to-end' };
  const ours = find(results, { who: 'bpb', variant: pair.ours, ...at });
  const theirs = find(results, { who: 'PyTorch', variant: pair.theirs, ...at });
  const ratio = ours.row && theirs.row ? ours.row.targets_per_s / theirs.row.targets_per_s : null;
  const losses = [ours, theirs].map(({ row }) => (row ? row.val_loss.toFixed(4) : '–'));
  const same = ratio === null || Math.abs(ours.row.val_loss - theirs.row.val_loss) <= LOSSES_NATS;
  const unjudged = pair.must === null ? '–' : `≥ ${pair.must.toFixed(1)} ×: ${UNMEASURED}`;
  return [
    `${SHAPES[shape]}, ${window}`,
    pair.ours,
    ours.row ? whole(ours.row.targets_per_s) : ours.other,
    pair.theirs,
    theirs.row ? whole(theirs.row.targets_per_s) : theirs.other,
    ratio === null ? '' : `${ratio.toFixed(2)} ×`,
    ratio === null ? unjudged : same ? goal(pair, ratio) : '**not met**: the losses differ',
    losses.every((loss) => loss === '–') ? '' : losses.join(' / '),
    ours.row?.scorer_share == null ? '' : percent(ours.row.scorer_share),
  ];
}

/** Targets a second of both, the ratio beside its goal, both losses, and the scorer's part of ours. */
export function endToEnd(results) {
  const rows = Object.keys(SHAPES).flatMap((shape) =>
    PAIRS.filter(({ shapes = [shape] }) => shapes.includes(shape)).flatMap((pair) =>
      pair.windows.map((window) => pairRow(results, shape, window, pair)),
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

/** Runs of ours for one purpose that a step accounts for. */
const runsOf = (results, purpose) =>
  (results?.endToEnd ?? [])
    .filter((row) => row.purpose === purpose && row.who === 'bpb')
    .filter(accounted(results));

const rateCell = (row) => (row.error == null ? whole(row.targets_per_s) : plain(row.error));

export function batches(results) {
  const sizes = runsOf(results, 'batch');
  const sessions = runsOf(results, 'sessions');
  const cells = (row, what) => [
    plain(row.shape),
    row.window,
    plain(row.variant),
    what,
    rateCell(row),
  ];
  const rows = [
    ...sizes.map((row) => cells(row, `${whole(row.batch_tokens ?? 0)} tokens a batch`)),
    ...sessions.map((row) => cells(row, `${row.sessions ?? 1} sessions`)),
  ];
  const notes = [
    sizes.length > 0
      ? null
      : `Batch sizes: ${absent(results, 'batches')}; 65,536 tokens is a guess.`,
    sessions.length > 0 ? null : `Two sessions on one GPU: ${absent(results, 'sessions')}.`,
  ].filter((note) => note !== null);
  const header = ['shape', 'window', 'variant', 'what', 'targets/s'];
  return [...(rows.length === 0 ? [] : [table(header, rows, 'llllr')]), ...notes].join('\n\n');
}

/** Seconds that one H100 may take for all of the validation set, in the end. */
const LONG_GOALS = { chunk: 10.3, sliding: 160 };

/** Targets of the challenge's validation set, to which a shorter run is extrapolated. */
const ALL_TARGETS = 62e6;

export function long(results) {
  const rows = Object.entries(LONG_GOALS).map(([window, most]) => {
    const wanted = { who: 'bpb', shape: 'baseline-9x512', purpose: 'long', window };
    const { row, other } = find(results, { ...wanted, variant: 'optimize fp16' });
    const goal = `≤ ${most} s on one H100`;
    if (row === undefined) return [`${window}, fp16`, other, '', goal, ''];
    const seconds = ALL_TARGETS / row.targets_per_s;
    const found = `${whole(row.targets)} in ${row.seconds.toFixed(2)} s`;
    return [`${window}, fp16`, found, `${seconds.toFixed(1)} s`, goal, verdict(seconds <= most)];
  });
  const header = ['9 × 512, V 1,024', 'measured', '62 million targets, extrapolated', 'goal', ''];
  return table(header, rows, 'lrrll');
}

/** How far below the fastest a smaller batch may be and still be taken: it needs less memory. */
const CLOSE = 0.01;

/**
 * The row for TABLE of src/engine/cuda/batch-shapes.ts: the smallest batch that is within 1 % of the
 * fastest on every shape, as text; a sentence where the runs do not say.
 */
export function batchRow(results) {
  // The size of the other runs was measured by them, and not again.
  const sizes = [...runsOf(results, 'batch'), ...runsOf(results, 'end-to-end')];
  const good = sizes.filter(
    (row) =>
      row.error == null &&
      row.batch_tokens != null &&
      row.window === 'chunk' &&
      row.variant === 'optimize fp16',
  );
  if (runsOf(results, 'batch').length === 0 || good.length === 0 || results.machine?.gpu == null) {
    const why = absent(results, 'batches');
    return `no row for src/engine/cuda/batch-shapes.ts: batch sizes are ${why}`;
  }
  const shapes = [...new Set(good.map(({ shape }) => shape))];
  const shares = (tokens) =>
    shapes.map((shape) => {
      const of = good.filter((row) => row.shape === shape);
      const best = Math.max(...of.map((row) => row.targets_per_s));
      return (of.find((row) => row.batch_tokens === tokens)?.targets_per_s ?? 0) / best;
    });
  const counts = [...new Set(good.map((row) => row.batch_tokens))].sort((a, b) => a - b);
  const least = (tokens) => Math.min(...shares(tokens));
  const chosen =
    counts.find((tokens) => least(tokens) >= 1 - CLOSE) ??
    counts.reduce((a, b) => (least(b) > least(a) ? b : a));
  const { gpu, date } = results.machine;
  const pattern = gpu.name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  const measured = `${date.slice(0, 10)}, commit ${results.run.commit}, ${shapes.join(' and ')}`;
  const digits = String(chosen).replace(/\B(?=(\d{3})+$)/g, '_');
  return `{ device: /^${pattern}$/, tokens: ${digits}, measured: '${measured.replace(/['\\]/g, '')}' },`;
}
