/**
 * Share of `score_s` spent outside ONNX Runtime's own Run, on the bundled artifact. Workers run side
 * by side, so their seconds inside Run are held against as many times `score_s`. An artifact that
 * carries state runs in one worker, so that no worker waits for the longest document of another;
 * for it, Run is both of its graphs.
 *
 *   node bench/share.mjs [ARTIFACT] [REPEATS]
 */
import { loadArtifact, score } from '../dist/index.js';
import { machine, median, table } from './lib/print.mjs';

const [artifact = 'models/sotu-8x256', repeats = '3'] = process.argv.slice(2);
const { adaptive } = await loadArtifact(artifact);
const [workers, allowed] = adaptive === null ? [undefined, 5] : [1, 10];
const rows = [];
for (let k = 0; k < Number(repeats); k++) {
  const { time, engine, totals } = await score({ artifact, workers, verifyRows: 0 });
  rows.push({ ...time, engine, targets: totals.targets });
}
const { engine, targets } = rows[0];
const outside = ({ run_s, score_s, engine: { workers } }) => 1 - run_s / (workers * score_s);
console.log(
  `\nOutside Run: ${artifact}, ${engine.name}, ${engine.workers} x ${engine.threads} threads, ${machine()}`,
);
table(
  ['targets', 'score s', 'in Run s', 'in scorer s', 'outside Run', 'targets/s'],
  rows.map((row) => [
    targets.toLocaleString('en-US'),
    row.score_s.toFixed(2),
    row.run_s.toFixed(2),
    row.nll_s.toFixed(3),
    `${(100 * outside(row)).toFixed(2)} %`,
    Math.round(row.targets_per_s).toLocaleString('en-US'),
  ]),
);
console.log(
  `median ${(100 * median(rows.map(outside))).toFixed(2)} % outside Run (allowed: ${allowed} %)`,
);
