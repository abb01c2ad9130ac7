/** A roofline as Markdown. */
import { KINDS } from './roofline.mjs';

const bytes = (count) =>
  count >= 1e9 ? `${(count / 1e9).toFixed(2)} GB` : `${(count / 1e6).toFixed(1)} MB`;
const operations = (count) =>
  count >= 1e12 ? `${(count / 1e12).toFixed(2)} T` : `${(count / 1e9).toFixed(1)} G`;
const us = (time) => (time === null ? '*unmeasured*' : Math.round(time).toLocaleString('en-US'));
const percent = (part) => `${(100 * part).toFixed(0)} %`;
const rate = (tokens) => `${(tokens / 1e6).toFixed(2)} M`;

const share = (floor, measured) =>
  measured === null || measured === 0 ? '–' : percent(floor / measured);

function flaws({ least, unknown_count: count, unknown }) {
  const parts = [];
  if (least) parts.push('at least');
  if (count > 0)
    parts.push(
      `${count} unknown${unknown === null || unknown === undefined ? '' : `: ${unknown}`}`,
    );
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

const line = (cells) => `| ${cells.join(' | ')} |`;

/** Sums by kind, the whole batch, and the compiler's model. */
export function kindTable({ kinds, total, sizes, fused }) {
  const rows = kinds.map((kind) =>
    line([
      `${KINDS[kind.kind]}${flaws(kind)}`,
      kind.count,
      bytes(kind.bytes),
      operations(kind.operations),
      us(kind.floor_us),
      kind.timed === 0 ? '–' : us(kind.measured_us),
      share(kind.floor_timed_us, kind.measured_us),
    ]),
  );
  const whole = line([
    `**a batch of ${sizes.tokens?.toLocaleString('en-US') ?? '?'} tokens**${total.least ? ' (at least)' : ''}`,
    total.launches,
    '',
    '',
    us(total.floor_us),
    us(total.measured_us),
    share(total.floor_timed_us, total.measured_us),
  ]);
  const model =
    fused === null
      ? []
      : [
          line([
            `compiled PyTorch at its best, ${fused.passes.toFixed(1)} passes a layer, *model*`,
            '',
            '',
            '',
            us(fused.floor_us),
            '',
            '',
          ]),
        ];
  return [
    line([
      'kind',
      'launches',
      'bytes',
      'operations',
      'floor, µs',
      'measured, µs',
      'floor / measured',
    ]),
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    whole,
    ...model,
  ].join('\n');
}

/** Every kernel of the batch, the slowest floor first. */
export function kernelTable({ rows }) {
  return [
    line([
      'kernel [grid]',
      'launches',
      'bytes',
      'operations',
      'floor, µs',
      'bound by',
      'measured, µs',
      'floor / measured',
    ]),
    '| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |',
    ...rows
      .toSorted((a, b) => b.floor_us - a.floor_us || b.count - a.count)
      .map((row) =>
        line([
          `\`${row.label}\`${flaws(row)}`,
          row.count,
          bytes(row.bytes),
          operations(row.operations),
          us(row.floor_us),
          row.bound ?? 'unknown',
          /^(copy|fill) /.test(row.label) ? '–' : us(row.measured_us),
          share(row.floor_us, row.measured_us),
        ]),
      ),
  ].join('\n');
}

/** One paragraph: what the floor says in tokens a second. */
export function summary({ total, passes_a_layer: passes, fused, sizes }, rates) {
  const memory = `${(rates.memory / 1e12).toFixed(2)} TB/s (${rates.memorySource})`;
  const parts = [
    `${rates.name}, memory ${memory}: ${total.kernels} kernels and ${total.products} products a batch,`,
    passes === null ? '' : `${passes.toFixed(1)} passes over [tokens, dim] a layer,`,
    `floor ${us(total.floor_us)} µs, at most ${rate(total.tokens_per_s)} tokens/s`,
    fused === null
      ? ''
      : `(floor of compiled PyTorch at its best, *model*: ${rate(fused.tokens_per_s)})`,
  ];
  const unmeasured =
    total.measured_us === null
      ? ''
      : ` Measured: ${us(total.measured_us)} µs in kernels, ${rate((sizes.tokens / total.measured_us) * 1e6)} tokens/s.`;
  const together =
    total.together_us > 0
      ? ` ${us(total.together_us)} µs of products could not be told apart.`
      : '';
  return `${parts.filter(Boolean).join(' ')}.${unmeasured}${together}`;
}
