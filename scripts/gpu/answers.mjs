/**
 * How a step of scripts/gpu-check.sh ends: its exit code, and a last line `answer: …`.
 *
 * On a GPU only `OK` is good. In a dry run, on a CUDA runtime that computes nothing, a step that would
 * judge numbers ends with `NOT_JUDGED` and one that needs another program with `PEER_ABSENT`; whether
 * it is one is told by BPB_GPU_DRY_RUN, which `gpu-check.sh --dry-run` sets, and never guessed.
 */
export const OK = 0;
export const FAILED = 1;
export const PEER_ABSENT = 10;
export const NOT_JUDGED = 11;

export const dryRun = process.env.BPB_GPU_DRY_RUN === '1';

/** Prints the answer and sets the exit code: `failures` are sentences, `judged` says if numbers were. */
export function answer(failures, { judged = true } = {}) {
  if (failures.length > 0) {
    console.log(`answer: ${failures.join('; ').replaceAll('\n', ' ').slice(0, 400)}`);
    process.exitCode = FAILED;
  } else if (!judged || dryRun) {
    console.log('answer: values not judged');
    process.exitCode = NOT_JUDGED;
  } else {
    process.exitCode = OK;
  }
}
