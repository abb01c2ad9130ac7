/** The roofline of a batch: rows by kernel, sums by kind, and what a fused compiler would need. */
import { readContext } from './context.mjs';
import { align, measuredBatches } from './ncu.mjs';
import { floorOf } from './rates.mjs';
import { workOf } from './work.mjs';

/** Order and words of the kinds; the sum of a batch is over all of them. */
export const KINDS = {
  passes: 'passes over activations',
  product: 'matrix products',
  attention: 'attention',
  head: 'head',
  logits: 'copies of the logits',
  scorer: 'scorer',
  bus: 'copies over the bus',
};

const sum = (values) => values.reduce((a, b) => a + b, 0);

/** Null where any is missing: part of a measurement is not one. */
const sumOfAll = (values) => (values.some((value) => value === null) ? null : sum(values));

function collect(entries) {
  const [{ kind, label }] = entries;
  const counted = entries.filter(({ unknown }) => unknown === undefined);
  return {
    kind,
    label,
    count: entries.length,
    bytes: sum(counted.map(({ bytes }) => bytes)),
    operations: sum(counted.map(({ operations }) => operations)),
    floor_us: sum(counted.map(({ floor }) => floor.microseconds)),
    bound: counted[0]?.floor.bound ?? null,
    least: entries.some(({ least }) => least === true),
    unknown: entries.find(({ unknown }) => unknown !== undefined)?.unknown ?? null,
    unknown_count: entries.length - counted.length,
    measured_us: sumOfAll(entries.map(({ measured }) => measured)),
  };
}

function grouped(entries, key) {
  const groups = new Map();
  for (const entry of entries) {
    const group = groups.get(key(entry)) ?? [];
    groups.set(key(entry), group);
    group.push(entry);
  }
  return [...groups.values()];
}

/**
 * torch.compile's passes, as a model: q, k, v, norm, rotation, gains and residuals fused into 14
 * passes over an activation [tokens, dim] a layer with an MLP of twice the width, 2 more for each
 * further width; products, attention and head as here; logits read twice by cross_entropy.
 */
export function fusedModel(entries, sizes, rates) {
  const { tokens, dim, element, logit, layers, vocab, scored } = sizes;
  const hidden = entries
    .filter(({ kind }) => kind === 'product')
    .map(({ launch }) => launch.m ?? 0);
  if ([tokens, dim, element, logit, layers, vocab, scored].includes(null) || hidden.length === 0)
    return null;
  const widths = Math.max(...hidden) / dim;
  const passes = 14 + 2 * Math.max(0, widths - 2);
  const bytes = layers * passes * tokens * dim * element + 2 * scored * vocab * logit;
  const same = entries.filter(({ kind }) => ['product', 'attention', 'head'].includes(kind));
  if (same.some(({ unknown }) => unknown !== undefined)) return null;
  const floor_us = (bytes / rates.memory) * 1e6 + sum(same.map(({ floor }) => floor.microseconds));
  return { passes, floor_us, tokens_per_s: (tokens / floor_us) * 1e6 };
}

/**
 * @param batch launches, of `chooseBatch`.
 * @param rates of `ratesOf`.
 * @param measured kernels of `measuredBatch`, or null.
 * @param given sizes that override those read from the batch.
 * @returns `{sizes, rows, kinds, total, passes_a_layer, fused}`; times in microseconds, `passes` in
 * units of one activation [tokens, dim].
 */
export function roofline(batch, { rates, measured = null, given = {}, path = 'ncu.csv' }) {
  const sizes = readContext(batch, given);
  const work = workOf(batch, sizes);
  const laid = measured === null ? null : align(work, measured, path);
  const entries = work.map((entry, i) => ({
    ...entry,
    floor: entry.unknown === undefined ? floorOf(entry, rates) : null,
    measured: laid?.times[i] ?? null,
  }));
  const rows = grouped(entries, ({ kind, label }) => `${kind} ${label}`).map(collect);
  const kinds = grouped(entries, ({ kind }) => kind).map((of) => {
    const timed = of.filter(({ launch }) => launch.kind !== 'copy' && launch.kind !== 'set');
    const { count, bytes, operations, floor_us, least, unknown_count, kind } = collect(of);
    // Copies and fills have no time in a profile of kernels; the floor beside it leaves them out too.
    const floor_timed_us = sum(timed.flatMap(({ floor }) => floor?.microseconds ?? []));
    const measured_us = timed.length === 0 ? null : sumOfAll(timed.map(({ measured }) => measured));
    return {
      kind,
      count,
      bytes,
      operations,
      floor_us,
      least,
      unknown_count,
      timed: timed.length,
      floor_timed_us,
      measured_us,
    };
  });
  const order = Object.keys(KINDS);
  kinds.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const { tokens, dim, element, layers } = sizes;
  const activation = [tokens, dim, element].includes(null) ? null : tokens * dim * element;
  const floor_us = sum(kinds.map((kind) => kind.floor_us));
  const passes = kinds.find(({ kind }) => kind === 'passes');
  return {
    sizes,
    rows,
    kinds,
    total: {
      launches: batch.length,
      kernels: batch.filter(({ kind }) => kind === 'kernel').length,
      products: batch.filter(({ kind }) => kind === 'product').length,
      floor_us,
      floor_timed_us: sum(kinds.map((kind) => kind.floor_timed_us)),
      least: kinds.some(({ least, unknown_count }) => least || unknown_count > 0),
      unknown: sum(kinds.map(({ unknown_count }) => unknown_count)),
      measured_us: laid === null ? null : sum(laid.times.map((time) => time ?? 0)) + laid.together,
      together_us: laid?.together ?? 0,
      tokens_per_s: tokens === null ? null : (tokens / floor_us) * 1e6,
    },
    passes_a_layer:
      activation === null || layers === null || passes === undefined
        ? null
        : passes.bytes / activation / layers,
    fused: fusedModel(entries, sizes, rates),
  };
}

/**
 * The same with the times of a profile (`parseNcu`): of its longest batches that launch the same.
 *
 * @throws Error where none of its batches is of these launches, for the longest of them.
 */
export function rooflineBeside(batch, kernels, options) {
  const failures = [];
  for (const measured of measuredBatches(kernels)) {
    try {
      return roofline(batch, { ...options, measured });
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0] ?? new Error(`${options.path}: no whole batch: fewer than two score_kernel`);
}
