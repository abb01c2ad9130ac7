/**
 * The bundled model on a GPU against CPU scores that were made beforehand.
 *
 *   node scripts/gpu/sotu.mjs fp32|fp16 MODEL ORT REFERENCE.f32 OUT.jsonl
 *
 * fp32 is the model as exported, fp16 the rewritten one, which is scored with sliding windows too.
 * Every target's nats are compared, a second run must be equal to the last bit, and no logit may cross
 * the bus. Appends a line for each run and each comparison. Exit codes: answers.mjs.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, dryRun } from './answers.mjs';
import { compareTargets } from './compare.mjs';
import { addLine } from './lines.mjs';
import { runScore } from './score.mjs';

const [precision, model, ortLib, reference, out] = process.argv.slice(2);
/** Nats: of the mean size of the differences, and of their signed mean. */
const LIMITS = { fp32: { abs: 1e-5, signed: null }, fp16: { abs: 5e-3, signed: 1e-4 } };
const failures = [];
const folder = mkdtempSync(join(tmpdir(), 'bpb-sotu-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/**
 * Bytes that may come back: four a target and, generously, of each row and batch what is no logit. One
 * batch's logits are some thousand times as much.
 */
function bytesLimit({ engine, totals, window, coverage }) {
  const step = window.stride ?? window.seqLen ?? totals.targets;
  const rows = Math.ceil(totals.targets / step) + coverage.documents;
  const batches = Math.ceil(rows / engine.batch[0]);
  return 4 * totals.targets + 16 * (rows + coverage.documents) + 64 * batches;
}

function run(name, ...more) {
  const rewrite = precision === 'fp16' ? ['--optimize', '--precision', 'fp16'] : [];
  const place = ['--device', 'cuda:0', '--ort-lib', ortLib, '--out', join(folder, name)];
  const args = [model, ...place, '--save-targets', ...rewrite, ...more];
  const { code, seconds, result, error } = runScore(args);
  const line = { run: name, code, seconds, precision, error };
  if (result === null) {
    addLine(out, line);
    failures.push(`${name}: exit ${code}, ${error}`);
    return null;
  }
  const limit = bytesLimit(result);
  addLine(out, {
    ...line,
    window: result.window.mode,
    targets: result.totals.targets,
    val_loss: result.score.val_loss,
    val_bpb: result.score.val_bpb,
    nats_q30: result.totals.nats_q30,
    targets_per_s: result.time.targets_per_s,
    device_to_host_bytes: result.engine.device_to_host_bytes,
    bytes_limit: limit,
    bits: result.identity.bits,
    ...{ verification: result.verification, optimization: result.optimization },
    ...{ engine: result.engine, time: result.time, notes: result.notes },
  });
  const bytes = result.engine.device_to_host_bytes;
  if (bytes === null || bytes > limit) failures.push(`${name}: ${bytes} bytes came back`);
  // A verification or proof that failed is exit 1: numbers again.
  if (code !== 0 && !(dryRun && code === 1)) failures.push(`${name}: exit ${code}`);
  return result;
}

const one = run(precision);
if (one !== null) {
  const [found, expected] = [join(folder, precision, 'targets.f32'), reference].map((path) =>
    readFileSync(path),
  );
  const limit = LIMITS[precision];
  const compared = compareTargets(found, expected);
  const within =
    compared.mean_abs <= limit.abs &&
    (limit.signed === null || Math.abs(compared.mean_signed) <= limit.signed);
  addLine(out, {
    compare: precision,
    against: 'cpu fp32',
    ...compared,
    limit_abs: limit.abs,
    limit_signed: limit.signed,
    ok: dryRun ? null : within,
  });
  if (!dryRun && !within) failures.push(`off by ${compared.mean_abs} nats on average`);
  const two = run(`${precision}-again`);
  if (two !== null) {
    const equal =
      two.totals.nats_q30 === one.totals.nats_q30 &&
      readFileSync(join(folder, `${precision}-again`, 'targets.f32')).equals(found);
    addLine(out, { repeat: precision, equal });
    if (!equal) failures.push('a second run differs');
  }
}
if (precision === 'fp16') {
  const window = ['--window', 'sliding', '--seq-len', '512', '--stride', '64'];
  run('fp16-sliding', ...window, '--tail', 'drop', '--limit-docs', '20');
}
answer(failures);
