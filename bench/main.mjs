/**
 * All benchmarks, one after the other: `npm run bench`. Figures go to docs/performance.md by hand,
 * with the machine and the date.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHMARKS = ['nll', 'tokenize', 'stream', 'share', 'peers/run'];

for (const name of BENCHMARKS) {
  const file = fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
