/** Floors of one batch by its launches, and beside them the times that a profile of it measured. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseLog } from '../../bench/gpu/roofline/log.mjs';
import { measuredBatches } from '../../bench/gpu/roofline/ncu.mjs';
import { kernelTable, kindTable, summary } from '../../bench/gpu/roofline/print.mjs';
import { DEVICES, deviceKey, modelledRates, ratesOf } from '../../bench/gpu/roofline/rates.mjs';
import { INDUCTOR, roofline, rooflineBeside } from '../../bench/gpu/roofline/roofline.mjs';
import { FAMILIES, OTHER_FORMULAS } from '../../bench/gpu/roofline/work.mjs';
import { absent, plain, ran, table, whole } from './common.mjs';
import { SHAPES } from './end-to-end.mjs';

const LAUNCHES = fileURLToPath(new URL('../../bench/gpu/roofline/launches/', import.meta.url));

/** One kept batch, with the lines of its head. */
function kept(name) {
  const path = `${LAUNCHES}${name}.launches`;
  if (!existsSync(path)) return null;
  const text = readFileSync(path, 'utf8');
  const notes = text.split('\n').filter((line) => line.startsWith('# '));
  return { batch: parseLog(text, path), notes: notes.map((line) => line.slice(2)) };
}

const million = (rate) => `${(rate / 1e6).toFixed(2)} M`;

/** Kept batches of one shape by the ends of their names, and what they are of. */
const STATES = { '-before': ', before', '-runtime': ', operators of the runtime alone', '': '' };

/** Calculated alone: what `--optimize` launched before and launches now, on both devices. */
export function calculated() {
  const rows = Object.keys(SHAPES).flatMap((shape) =>
    Object.entries(STATES).flatMap(([suffix, words]) => {
      const found = kept(`${shape}-fp16${suffix}`);
      if (found === null) return [];
      const of = (device) => roofline(found.batch, { rates: ratesOf(device) });
      const [h100, h200] = [of('h100'), of('h200')];
      const { total, passes_a_layer: passes } = h100;
      const small = h100.kinds.find(({ kind }) => kind === 'logits');
      return [
        [
          `${SHAPES[shape]}${words}`,
          total.kernels,
          total.products,
          passes.toFixed(1),
          small === undefined ? 0 : small.count,
          `${whole(h100.total.floor_us)}, ${million(h100.total.tokens_per_s)}`,
          `${whole(h200.total.floor_us)}, ${million(h200.total.tokens_per_s)}`,
          `${whole(h100.fused.floor_us)}, ${million(h100.fused.tokens_per_s)}`,
        ],
      ];
    }),
  );
  return table(
    [
      'shape, fp16',
      'kernels',
      'products',
      'passes a layer',
      'logits copies',
      'floor H100: µs, tokens/s',
      'floor H200',
      'compiled PyTorch at its best, H100, *model*',
    ],
    rows,
    'lrrrrrrr',
  );
}

/** One batch at rates that kernels are taken to reach, beside a compiled PyTorch at the same rates. */
export function modelled() {
  const rows = Object.keys(SHAPES).flatMap((shape) =>
    Object.entries(STATES).flatMap(([suffix, words]) => {
      const found = kept(`${shape}-fp16${suffix}`);
      const devices = suffix === '' ? Object.keys(DEVICES) : ['h100'];
      return devices.flatMap((device) => {
        if (found === null) return [];
        const { kinds, sizes, total, compiled } = roofline(found.batch, {
          rates: modelledRates(device),
        });
        const ms = (...names) => {
          const of = kinds.filter(({ kind }) => names.includes(kind));
          return (of.reduce((sum, { floor_us }) => sum + floor_us, 0) / 1e3).toFixed(1);
        };
        const rate = (us) => `${(us / 1e3).toFixed(1)}, ${million((sizes.tokens / us) * 1e6)}`;
        return [
          [
            `${SHAPES[shape]}${words}, ${DEVICES[device].name}`,
            ...[ms('passes'), ms('product'), ms('attention'), ms('head', 'logits', 'scorer')],
            rate(total.floor_us),
            ...['peer', 'half', 'time-major'].map((way) => {
              const { floor_us: us } = compiled.find((model) => model.way === way);
              return `${rate(us)}: ${(us / total.floor_us).toFixed(2)} ×`;
            }),
          ],
        ];
      });
    }),
  );
  return table(
    [
      'shape, fp16, all *modelled*',
      ...['passes', 'products', 'attention', 'head + scorer'],
      'a batch: ms, tokens/s',
      'over compiled PyTorch as `peer.py` runs it',
      'in 16 bits',
      'at its best',
    ],
    rows,
    'lrrrrrrrr',
  );
}

/** What Inductor's kernels move, for each way to write the PyTorch model. */
export function inductor() {
  const words = {
    peer: 'as `bench/gpu/peer.py` runs it: fp32 weights and residuals under autocast, rotary tables computed',
    half: 'in 16 bits: weights, residuals, rotary tables that are kept',
    'time-major': 'at its best: the same, heads turned before they are transposed',
  };
  const rows = INDUCTOR.shapes.flatMap(({ shape, ways }) =>
    Object.entries(ways).map(([way, { kernels, passes, weight_casts, logits_bytes }]) => [
      `${SHAPES[shape]}, ${words[way]}`,
      kernels,
      passes.toFixed(1),
      weight_casts.toFixed(2),
      logits_bytes,
    ]),
  );
  const head = ['kernels', 'passes a layer', 'casts of weights, passes a layer', 'bytes a logit'];
  return `torch ${INDUCTOR.torch}, ${INDUCTOR.device} by its properties, ${INDUCTOR.date}.\n\n${table(
    ['PyTorch model, fp16, 64 rows of 1,024', ...head],
    rows,
    'lrrrr',
  )}`;
}

/** How each family of launches is counted, and where that stands. */
export function families() {
  return table(
    ['launches', 'counted', 'by'],
    [...FAMILIES, ...OTHER_FORMULAS].map(({ names, formula, source }) => [
      names.map((name) => `\`${name}\``).join(', '),
      plain(formula),
      source,
    ]),
  );
}

/** The kinds of one batch as launched now, on an H100. */
export function calculatedKinds() {
  return Object.keys(SHAPES)
    .flatMap((shape) => {
      const found = kept(`${shape}-fp16`);
      if (found === null) return [];
      const rates = ratesOf('h100');
      const result = roofline(found.batch, { rates });
      return [`${SHAPES[shape]}, ${found.notes[0]}. ${summary(result, rates)}`, kindTable(result)];
    })
    .join('\n\n');
}

/** Names by their time, where launches of this build are not at hand. */
function namesByTime(kernels) {
  const times = new Map();
  for (const { name, microseconds } of kernels) {
    const [count, sum] = times.get(name) ?? [0, 0];
    times.set(name, [count + 1, sum + microseconds]);
  }
  const rows = [...times].toSorted(([, [, a]], [, [, b]]) => b - a);
  return table(
    ['kernel', 'launches', 'measured, µs'],
    rows.slice(0, 20).map(([name, [count, sum]]) => [`\`${plain(name)}\``, count, whole(sum)]),
    'lrr',
  );
}

/** Floors and times of a profile; its kernels alone where it is not of the launches at hand. */
function measured(results, { shape, precision, kernels, path }) {
  const head = `${SHAPES[shape]}, ${precision}`;
  const device = deviceKey(results.machine?.gpu?.name ?? '');
  const found = kept(`${shape}-${precision}`);
  const counts = ran(results, 'lab-time');
  const ceilings = results.lab.findLast(({ kind }) => counts && kind === 'ceilings') ?? null;
  try {
    if (found === null || device === null) {
      throw new Error(`no ${found === null ? 'launches' : 'rates of this device'} at hand`);
    }
    const rates = ratesOf(device, ceilings);
    const result = rooflineBeside(found.batch, kernels, { rates, path });
    return [`${head}. ${summary(result, rates)}`, kindTable(result), kernelTable(result)];
  } catch (error) {
    const why = plain(error.message.replace(`${path}: `, ''));
    const [longest] = measuredBatches(kernels);
    if (longest === undefined) return [`${head}: *not comparable*, ${why}.`];
    return [`${head}: no floors, ${why}. Kernels of a batch:`, namesByTime(longest)];
  }
}

/** Measured times of one batch of each profile beside its floors. */
export function measuredRoofline(results) {
  const steps = Object.keys(SHAPES).map((shape) => [shape, `ncu-${shape.split('-')[0]}`]);
  const blocks = steps.flatMap(([shape, step]) => {
    const profiles = (results?.profiles ?? []).filter((profile) => profile.shape === shape);
    if (!ran(results, step) || profiles.length === 0) {
      return [`${SHAPES[shape]}: times of one batch ${absent(results, step)}.`];
    }
    return profiles.flatMap((profile) => measured(results, profile));
  });
  return blocks.join('\n\n');
}
