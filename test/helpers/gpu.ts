/** Whether this machine has a GPU that can score, and why not: what the names of skipped tests say. */
import { doctor } from '#bpb/doctor/doctor';

/** Folder of a libonnxruntime with a CUDA provider, where that is not onnxruntime-node's own. */
export const ortLib: string | undefined = process.env['BPB_TEST_ORT_LIB'];

/** Empty where a GPU can score. */
export const noGpu: string = reason();

function reason(): string {
  const why = missing();
  // Where there should be a GPU, tests that skip themselves would be no tests.
  if (why !== '' && process.env['BPB_TEST_REQUIRE_GPU']) throw new Error(why);
  return why;
}

function missing(): string {
  const report = doctor({ ortLib });
  if (report.gpu) return '';
  const first = report.findings.find((finding) => finding.for === 'gpu' && !finding.found);
  return first === undefined ? 'no GPU can be used' : `${first.name}: ${first.detail}`;
}
