/**
 * The bundled artifacts with state on a GPU, whole, against the scores that PyTorch gave them.
 *
 *   node scripts/gpu/adaptive.mjs MODELS ORT OUT.jsonl
 *
 * Appends a line for each; those that stand there already without an error are left out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answer, dryRun } from './answers.mjs';
import { addLine, readLines } from './lines.mjs';
import { runScore } from './score.mjs';

const ARTIFACTS = ['sotu-recurrent', 'sotu-head-lora', 'sotu-attention-lora', 'sotu-bias'];
/** Nats a target: fp32 on both sides, but updates of state add up what rounding differs in. */
const LIMIT = 1e-3;
const [models, ortLib, out] = process.argv.slice(2);
const done = new Set(
  readLines(out).flatMap((line) => (line.error === null ? [line.artifact] : [])),
);
const failures = [];
for (const artifact of ARTIFACTS.filter((name) => !done.has(name))) {
  const place = ['--device', 'cuda:0', '--ort-lib', ortLib, '--allow-cpu-nodes'];
  const args = [join(models, artifact), ...place, '--verify-rows', '0'];
  const { code, seconds, result, error } = runScore(args);
  const reference = JSON.parse(readFileSync(join(models, artifact, 'reference.json'), 'utf8'));
  const difference = (result?.score.val_loss ?? Number.NaN) - reference.score.val_loss;
  addLine(out, {
    ...{ artifact, code, seconds, error },
    targets: result?.totals.targets ?? null,
    targets_per_s: result?.time.targets_per_s ?? null,
    val_loss: result?.score.val_loss ?? null,
    val_bpb: result?.score.val_bpb ?? null,
    reference_loss: reference.score.val_loss,
    reference_bpb: reference.score.val_bpb,
    device_to_host_bytes: result?.engine.device_to_host_bytes ?? null,
    time: result?.time ?? null,
  });
  console.log(`${artifact}: exit ${code}, ${seconds.toFixed(1)} s ${error ?? ''}`);
  // A machine for dry runs has no cuDNN: that the harness says so is its answer there.
  if (dryRun && code === 4 && error.startsWith('BPB_CUDNN ')) continue;
  if (code !== 0) failures.push(`${artifact}: exit ${code}, ${error}`);
  else if (!dryRun && !(Math.abs(difference) <= LIMIT)) {
    failures.push(`${artifact}: off by ${difference} nats a target`);
  }
}
answer(failures);
