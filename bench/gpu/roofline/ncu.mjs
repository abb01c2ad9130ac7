/**
 * Reads kernel times that `ncu --csv` wrote (metric gpu__time_duration.sum), and lays them beside the
 * launches of a batch.
 */
import { cutBatches } from './log.mjs';

const METRIC = 'gpu__time_duration.sum';

const MICROSECONDS = {
  ns: 1e-3,
  nsecond: 1e-3,
  us: 1,
  usecond: 1,
  ms: 1e3,
  msecond: 1e3,
  s: 1e6,
  second: 1e6,
};

/** Cells of one line: quoted or bare, a quote inside written twice. */
function cells(line) {
  const found = line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g);
  return [...found].map(([, cell]) =>
    cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
  );
}

/** `void ns::_SplitKernel<short>(…)` and `_SplitKernel` are both `_SplitKernel`. */
export function plainName(name) {
  const head = name.replace(/\(anonymous namespace\)::|<unnamed>::/g, '').split(/[<(]/)[0];
  return head.trim().split(/::|\s/).at(-1);
}

/**
 * `[{name, microseconds}]` in the order of launches. Takes both forms: a column of the metric (with
 * a line of units under the header), and a row a metric with its value.
 *
 * @throws Error naming the file, where there is no such column, or a time is no positive number.
 */
export function parseNcu(text, path = 'ncu.csv') {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('=='));
  const at = lines.findIndex((line) => cells(line).includes('Kernel Name'));
  if (at < 0) throw new Error(`${path}: expected a header with "Kernel Name", found none`);
  const header = cells(lines[at]);
  const column = (name) => header.indexOf(name);
  const raw = column(METRIC) >= 0;
  const value = raw ? column(METRIC) : column('Metric Value');
  if (value < 0)
    throw new Error(`${path}: expected a column ${METRIC}, found ${header.join(', ')}`);
  let unit = raw ? undefined : null;
  const kernels = [];
  for (const [i, line] of lines.slice(at + 1).entries()) {
    const row = cells(line);
    if (raw && i === 0 && row[column('Kernel Name')] === '') {
      unit = row[value];
      continue;
    }
    if (!raw && row[column('Metric Name')] !== METRIC) continue;
    const scale = MICROSECONDS[raw ? (unit ?? 'ns') : row[column('Metric Unit')]];
    const microseconds = Number((row[value] ?? '').replaceAll(',', '')) * (scale ?? Number.NaN);
    if (!(microseconds > 0 && microseconds < 1e9)) {
      throw new Error(`${path}:${at + i + 2}: expected a time of a kernel, found "${row[value]}"`);
    }
    kernels.push({ name: plainName(row[column('Kernel Name')]), microseconds });
  }
  return kernels;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * The batches of a profile, like ones as one: each kernel's time the median over them. The longest
 * first, since a run also profiles small ones, of its proof. What comes before the first end of a batch
 * is cut off, since counting may begin anywhere.
 */
export function measuredBatches(kernels) {
  const alike = new Map();
  for (const batch of cutBatches(kernels, ({ name }) => name === 'score_kernel').slice(1)) {
    const names = batch.map(({ name }) => name).join('\n');
    alike.set(names, [...(alike.get(names) ?? []), batch]);
  }
  const total = (batch) => batch.reduce((sum, { microseconds }) => sum + microseconds, 0);
  return [...alike.values()]
    .map((batches) =>
      batches[0].map(({ name }, i) => ({
        name,
        microseconds: median(batches.map((batch) => batch[i].microseconds)),
      })),
    )
    .toSorted((a, b) => total(b) - total(a));
}

/** Kernels from `at` on that no kernel of the log can be: cuBLAS's own, up to the next known name. */
function ofCublas(kernels, at, until) {
  let end = at;
  while (end < kernels.length && kernels[end].name !== until) end++;
  return kernels.slice(at, end);
}

/** Times of `count` products in a row; a kernel that only adds up a split belongs to the one before. */
function shareOut(kernels, count) {
  const times = [];
  for (const { name, microseconds } of kernels) {
    if (/splitK.*reduce|reduce.*splitK/i.test(name) && times.length > 0) {
      times[times.length - 1] += microseconds;
    } else {
      times.push(microseconds);
    }
  }
  return times.length === count ? times : null;
}

/**
 * `{times, together}`: microseconds of each entry of a batch's work, null for copies and fills, which
 * a profiler of kernels does not list. Products whose kernels could not be told apart have null and
 * their sum is in `together`.
 *
 * @throws Error naming both kernels where the profile is of another model or version.
 */
export function align(work, kernels, path = 'ncu.csv') {
  const asked = work.flatMap(({ kind, launch }, i) =>
    launch.kind === 'kernel' || kind === 'product' || kind === 'head' ? [{ launch, i }] : [],
  );
  const times = work.map(() => null);
  let together = 0;
  let at = 0;
  for (let k = 0; k < asked.length; ) {
    const { launch, i } = asked[k];
    if (launch.kind === 'kernel') {
      if (kernels[at]?.name !== launch.name) {
        const found = kernels[at]?.name ?? 'the end';
        throw new Error(
          `${path}: kernel ${at} of the batch: expected ${launch.name}, found ${found}`,
        );
      }
      times[i] = kernels[at++].microseconds;
      k++;
      continue;
    }
    let next = k;
    while (asked[next]?.launch.kind === 'product') next++;
    const own = ofCublas(kernels, at, asked[next]?.launch.name);
    at += own.length;
    const each = shareOut(own, next - k);
    for (let j = k; each !== null && j < next; j++) times[asked[j].i] = each[j - k];
    if (each === null) together += own.reduce((sum, { microseconds }) => sum + microseconds, 0);
    k = next;
  }
  if (at !== kernels.length) {
    throw new Error(`${path}: ${kernels.length - at} kernels are left after the last of the batch`);
  }
  return { times, together };
}
