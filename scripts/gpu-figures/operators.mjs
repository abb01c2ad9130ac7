/** The operators of --optimize in the kernel laboratory: right, and each one's share of the device's own copy. */
import { absent, percent, plain, ran, table, UNMEASURED, verdict, whole } from './common.mjs';

/** Share of the measured copy that each operator must reach at each shape. */
const LEAST = 0.85;

/** Whether every case was right on the device. */
function checkLine(results) {
  const checks = results?.operatorChecks ?? [];
  if (!ran(results, 'operators-check') || checks.length === 0) {
    return `The table of cases on the device: ${absent(results, 'operators-check')}.`;
  }
  const right = checks.filter(({ ok }) => ok).length;
  const met = right === checks.length && results.steps.get('operators-check').status === 'ok';
  return `The table of cases on the device: ${right} of ${checks.length} right, ${verdict(met)}.`;
}

/** Each operator at each shape and type: what ships, and the kernels that go an element at a time. */
export function operators(results) {
  const goal = `To hold: ≥ ${percent(LEAST)} of the copy measured in the same run, each.`;
  // What is not right has no speed.
  const right = results?.steps.get('operators-check')?.status === 'ok';
  const timed = (results?.operators ?? []).filter(({ kind }) => kind === 'operator');
  if (!right || !ran(results, 'operators-time') || timed.length === 0) {
    const why = right ? absent(results, 'operators-time') : UNMEASURED;
    return [checkLine(results), `${goal} ${why}`].join('\n\n');
  }
  const rows = timed
    .filter(({ version }) => version === 'shipped')
    .map((row) => {
      const same = (other) =>
        ['operator', 'shape', 'type'].every((field) => other[field] === row[field]);
      const other = timed.find((found) => found.version !== 'shipped' && same(found));
      return [
        ...[plain(row.operator), plain(row.shape), row.type],
        `${whole(row.gbs)}, ${percent(row.of_copy)}`,
        verdict(row.of_copy >= LEAST),
        other === undefined ? '–' : percent(other.of_copy),
      ];
    });
  const header = ['operator', 'shape', 'type', 'GB/s, of the copy', '', 'an element at a time'];
  return [checkLine(results), goal, table(header, rows, 'lllrlr')].join('\n\n');
}
