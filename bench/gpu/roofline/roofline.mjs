/** The roofline of a batch: rows by kernel, sums by kind, and what a fused compiler would need. */
import { readFileSync } from 'node:fs';
import { readContext } from './context.mjs';
import { align, measuredBatches } from './ncu.mjs';
import { floorOf } from './rates.mjs';
import { workOf } from './work.mjs';

/** What bench/gpu/inductor_passes.py counted. */
export const INDUCTOR = JSON.parse(
  readFileSync(new URL('./inductor.json', import.meta.url), 'utf8'),
);

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
 * Batches of torch.compile, as a model: passes as counted for each way to write the PyTorch model; products,
 * attention and head as here; logits read twice by cross_entropy. The one that moves least comes first; none
 * where no shape was counted of these layers, width, MLP and vocabulary.
 */
function compiledModels(entries, sizes, rates, counted) {
  const { tokens, dim, element, logit, layers, vocab, scored } = sizes;
  const hidden = entries
    .filter(({ kind }) => kind === 'product')
    .map(({ launch }) => launch.m ?? 0);
  if ([tokens, dim, element, logit, layers, vocab, scored].includes(null) || hidden.length === 0)
    return [];
  const mlp = Math.max(...hidden) / dim;
  const shape = counted.find(
    (of) => of.layers === layers && of.dim === dim && of.mlp === mlp && of.vocab === vocab,
  );
  const same = entries.filter(({ kind }) => ['product', 'attention', 'head'].includes(kind));
  if (shape === undefined || same.some(({ unknown }) => unknown !== undefined)) return [];
  const models = Object.entries(shape.ways).map(([way, { passes, weight_casts: casts }]) => {
    const bytes = layers * (passes + casts) * tokens * dim * element + 2 * scored * vocab * logit;
    const moving = (bytes / rates.memory) * 1e6;
    const floor_us = moving + sum(same.map(({ floor }) => floor.microseconds));
    return { way, passes, floor_us, tokens_per_s: (tokens / floor_us) * 1e6 };
  });
  return models.toSorted((a, b) => a.floor_us - b.floor_us);
}

/**
 * @param batch launches, of `chooseBatch`.
 * @param rates of `ratesOf`.
 * @param measured kernels of `measuredBatch`, or null.
 * @param given sizes that override those read from the batch.
 * @param counted shapes of `INDUCTOR`.
 * @returns `{sizes, rows, kinds, total, passes_a_layer, compiled, fused}`; times in microseconds, `passes` in
 * units of one activation [tokens, dim]. `fused` is the compiled PyTorch that moves least, or null.
 */
export function roofline(
  batch,
  { rates, measured = null, given = {}, path = 'ncu.csv', counted = INDUCTOR.shapes },
) {
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
  const compiled = compiledModels(entries, sizes, rates, counted);
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
    compiled,
    fused: compiled[0] ?? null,
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
