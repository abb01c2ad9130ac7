/**
 * Trial score on each GPU, in a child process, once everything that it needs has been found.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Finding, Gpu } from './types.js';

const PROBE = fileURLToPath(new URL('./score-child.js', import.meta.url));
/** Loading the libraries of CUDA from a slow disk may take most of it. */
const TIMEOUT_MS = 180_000;

/** In a process of its own, as a library that crashes must not take the report along. */
export function examineScore(gpus: readonly Gpu[], ortLib: string | undefined): Finding[] {
  const run = spawnSync(process.execPath, [PROBE, String(gpus.length), ortLib ?? ''], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  const printed = /^answers:(.*)$/m.exec(run.stdout ?? '')?.[1];
  const answers = printed === undefined ? [] : (JSON.parse(printed) as string[]);
  return gpus.map(({ device }, index) => {
    const reason = answers[index] ?? `it ended its process (${run.signal ?? run.status})`;
    return {
      name: `a score on ${device}`,
      for: 'gpu',
      found: reason === '',
      detail: reason === '' ? 'of a tiny model; its values were not judged' : reason,
      hint: reason === '' ? null : 'bpb score says more of it; see that nvidia-smi works.',
    };
  });
}
