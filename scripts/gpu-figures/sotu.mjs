/** The bundled model on the GPU, against the CPU's scores of the same targets. */
import { absent, plain, ran, small, table, verdict, whole } from './common.mjs';

const LIMITS = {
  fp32: { mean_abs: 1e-5, mean_signed: null },
  fp16: { mean_abs: 5e-3, mean_signed: 1e-4 },
};

function compared(results, precision) {
  const limits = LIMITS[precision];
  const wanted = [
    `mean size ≤ ${limits.mean_abs} nats`,
    ...(limits.mean_signed === null ? [] : [`signed mean within ${limits.mean_signed}`]),
  ].join(', ');
  const what = `CPU fp32 against CUDA ${precision}, every target`;
  const step = `sotu-${precision}`;
  const row = results?.sotu.find((found) => found.compare === precision);
  if (!ran(results, step) || row === undefined) return [what, wanted, absent(results, step), ''];
  const met =
    row.mean_abs <= limits.mean_abs &&
    (limits.mean_signed === null || Math.abs(row.mean_signed) <= limits.mean_signed);
  const found = `mean size ${small(row.mean_abs)}, signed ${small(row.mean_signed)}, largest ${small(row.max_abs)}, ${whole(row.targets)} targets`;
  // What the step itself found wrong is wrong, whatever these limits say.
  return [what, wanted, found, verdict(met && row.ok === true)];
}

function repeated(results, precision) {
  const what = `the same run again, ${precision}`;
  const step = `sotu-${precision}`;
  const row = results?.sotu.find((found) => found.repeat === precision);
  if (!ran(results, step) || row === undefined || row.equal === null) {
    return [what, 'equal to the last bit', absent(results, step), ''];
  }
  return [what, 'equal to the last bit', row.equal ? 'equal' : 'different', verdict(row.equal)];
}

function bytes(results, precision) {
  const what = `bytes that came back, ${precision}`;
  const step = `sotu-${precision}`;
  const row = results?.sotu.find((found) => found.run === precision);
  const known = row?.device_to_host_bytes != null && row.bytes_limit != null;
  if (!ran(results, step) || !known)
    return [what, 'no logits among them', absent(results, step), ''];
  const { device_to_host_bytes: back, bytes_limit: most } = row;
  return [
    what,
    'no logits among them',
    `${whole(back)}, at most ${whole(most)}`,
    verdict(back <= most),
  ];
}

function proved(results) {
  const what = 'proof of `--optimize` in fp16 on the device’s kernels';
  const step = 'sotu-fp16';
  const row = results?.sotu.find((found) => found.run === 'fp16');
  const verdictOf = row?.optimization?.verdict;
  if (!ran(results, step) || verdictOf === undefined)
    return [what, 'passes', absent(results, step), ''];
  const mean = row.optimization.mean_nats_difference;
  const found = `${plain(verdictOf)}${typeof mean === 'number' ? `, ${small(mean)} nats` : ''}`;
  return [what, 'passes', found, verdict(/^pass/.test(verdictOf))];
}

function called(results) {
  const what = 'one score as a CI runner calls it';
  const step = 'ci';
  const row = results?.sotu.find((found) => found.ci === true);
  if (!ran(results, step) || row === undefined) return [what, 'exit 0', absent(results, step), ''];
  return [what, 'exit 0', `exit ${row.code}, ${row.seconds.toFixed(1)} s`, verdict(row.code === 0)];
}

function tested(results) {
  const what = 'tests that need a GPU';
  const step = 'tests';
  const done = results?.tests.find((row) => row.done === true);
  if (!ran(results, step) || done === undefined)
    return [what, 'all pass', absent(results, step), ''];
  return [
    what,
    'all pass',
    `${done.passed} of ${done.passed + done.failed}`,
    verdict(done.failed === 0 && done.passed > 0),
  ];
}

/** Nats a target: fp32 on both sides, but updates of state add up what rounding differs in. */
const ADAPTED_NATS = 1e-3;

function adapted(results) {
  const wanted = `val_loss within ${ADAPTED_NATS} nats of PyTorch's`;
  if (!ran(results, 'adaptive') || results.adaptive.length === 0) {
    return [['artifacts with state', wanted, absent(results, 'adaptive'), '']];
  }
  return results.adaptive.map((row) => {
    const what = `\`${plain(row.artifact)}\``;
    if (row.code !== 0 || row.val_loss == null) {
      return [what, wanted, `exit ${row.code}: ${plain(row.error ?? '')}`, verdict(false)];
    }
    const rate = row.targets_per_s == null ? '' : `, ${whole(row.targets_per_s)} targets/s`;
    if (row.reference_loss == null) return [what, wanted, `${row.val_loss.toFixed(6)}${rate}`, ''];
    const off = row.val_loss - row.reference_loss;
    const found = `${row.val_loss.toFixed(6)}, off by ${small(off)}${rate}`;
    return [what, wanted, found, verdict(Math.abs(off) <= ADAPTED_NATS)];
  });
}

export function sotu(results) {
  return table(
    ['what', 'must be', 'measured', ''],
    [
      tested(results),
      compared(results, 'fp32'),
      compared(results, 'fp16'),
      repeated(results, 'fp32'),
      repeated(results, 'fp16'),
      bytes(results, 'fp32'),
      bytes(results, 'fp16'),
      proved(results),
      called(results),
      ...adapted(results),
    ],
  );
}
