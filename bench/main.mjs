/**
 * All benchmarks, one after the other: `npm run bench`. Figures go to docs/performance.md by hand,
 * with the machine and the date.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const TOKENIZER = 'models/sotu-8x256/tokenizer.model';
const BENCHMARKS = [
  ['nll'],
  ['tokenize', TOKENIZER],
  ['audit', TOKENIZER],
  ['stream'],
  ['host'],
  ['share'],
  ['share', 'models/sotu-head-lora'],
  ['share', 'models/sotu-recurrent'],
  ['optimize', '--pairs', '3'],
  ['rewrite'],
  ['peers/run'],
];

for (const [name, ...args] of BENCHMARKS) {
  const file = fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
