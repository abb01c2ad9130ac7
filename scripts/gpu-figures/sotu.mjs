/** The bundled model on the GPU, against the CPU's scores of the same targets. */
import { passedOver, plain, small, table, UNMEASURED, verdict, whole } from './common.mjs';

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
  const other = passedOver(results, `sotu-${precision}`);
  const row = results?.sotu.find((found) => found.compare === precision);
  if (other !== null || row === undefined) return [what, wanted, other ?? UNMEASURED, ''];
  const met =
    row.mean_abs <= limits.mean_abs &&
    (limits.mean_signed === null || Math.abs(row.mean_signed) <= limits.mean_signed);
  const found = `mean size ${small(row.mean_abs)}, signed ${small(row.mean_signed)}, largest ${small(row.max_abs)}, ${whole(row.targets)} targets`;
  // What the step itself found wrong is wrong, whatever these limits say.
  return [what, wanted, found, verdict(met && row.ok === true)];
}

function repeated(results, precision) {
  const what = `the same run again, ${precision}`;
  const other = passedOver(results, `sotu-${precision}`);
  const row = results?.sotu.find((found) => found.repeat === precision);
  if (other !== null || row === undefined || row.equal === null) {
    return [what, 'equal to the last bit', other ?? UNMEASURED, ''];
  }
  return [what, 'equal to the last bit', row.equal ? 'equal' : 'different', verdict(row.equal)];
}

function bytes(results, precision) {
  const what = `bytes that came back, ${precision}`;
  const other = passedOver(results, `sotu-${precision}`);
  const row = results?.sotu.find((found) => found.run === precision);
  const known = row?.device_to_host_bytes != null && row.expected_bytes != null;
  if (other !== null || !known) return [what, 'no logits among them', other ?? UNMEASURED, ''];
  const { device_to_host_bytes: back, expected_bytes: expected } = row;
  return [
    what,
    'no logits among them',
    `${whole(back)} of ${whole(expected)} expected`,
    verdict(back === expected),
  ];
}

function proved(results) {
  const what = 'proof of `--optimize` in fp16 on the device’s kernels';
  const other = passedOver(results, 'sotu-fp16');
  const row = results?.sotu.find((found) => found.run === 'fp16');
  const verdictOf = row?.optimization?.verdict;
  if (other !== null || verdictOf === undefined) return [what, 'passes', other ?? UNMEASURED, ''];
  const mean = row.optimization.mean_nats_difference;
  const found = `${plain(verdictOf)}${typeof mean === 'number' ? `, ${small(mean)} nats` : ''}`;
  return [what, 'passes', found, verdict(/^pass/.test(verdictOf))];
}

function called(results) {
  const what = 'one score as a CI runner calls it';
  const other = passedOver(results, 'ci');
  const row = results?.sotu.find((found) => found.ci === true);
  if (other !== null || row === undefined) return [what, 'exit 0', other ?? UNMEASURED, ''];
  return [what, 'exit 0', `exit ${row.code}, ${row.seconds.toFixed(1)} s`, verdict(row.code === 0)];
}

function tested(results) {
  const what = 'tests that need a GPU';
  const other = passedOver(results, 'tests');
  const done = results?.tests.find((row) => row.done === true);
  if (other !== null || done === undefined) return [what, 'all pass', other ?? UNMEASURED, ''];
  return [
    what,
    'all pass',
    `${done.passed} of ${done.passed + done.failed}`,
    verdict(done.failed === 0 && done.passed > 0),
  ];
}

function adapted(results) {
  const other = passedOver(results, 'adaptive');
  if (other !== null || results.adaptive.length === 0) {
    return [['artifacts with state', 'score as on the CPU', other ?? UNMEASURED, '']];
  }
  return results.adaptive.map((row) => {
    const right = row.code === 0 && row.val_bpb != null;
    const beside = row.reference_bpb == null ? '' : `, CPU ${row.reference_bpb.toFixed(6)}`;
    const found = right
      ? `${row.val_bpb.toFixed(6)} bpb${beside}, ${whole(row.targets_per_s ?? 0)} targets/s`
      : `exit ${row.code}: ${plain(row.error ?? '')}`;
    const near =
      right && row.reference_bpb != null && Math.abs(row.val_bpb - row.reference_bpb) <= 1e-4;
    const judged = right && row.reference_bpb == null ? '' : verdict(near);
    return [`\`${plain(row.artifact)}\``, 'score as on the CPU, within 1e-4 bpb', found, judged];
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
