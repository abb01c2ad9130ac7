/**
 * Comparison with a control set: processor seconds of the permutation test and of the search for common documents, and which
 * share of memorized documents is found how often.
 *
 *   node bench/generalisation.mjs [RESULT] [REPEATS]
 *
 * RESULT is the `--out` directory of a score of many documents by a model that knows none of them: its
 * documents.csv is what samples are drawn from. Without it only the time is measured.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { overlapsOf } from '../dist/generalisation/overlap.js';
import { permutationTest, ratioOf } from '../dist/generalisation/permutation.js';
import { MARGIN, P_MAX } from '../dist/generalisation/types.js';
import { mulberry32 } from '../dist/random.js';
import { machine, table } from './lib/print.mjs';

const [result, repeats = '200'] = process.argv.slice(2);
const next = mulberry32(1);

/** Documents of 200 to 4,200 bytes, 1.2 bits a byte on average. */
function sample(count) {
  const bytes = Float64Array.from({ length: count }, () => 200 + Math.floor(4000 * next()));
  return { bytes, bits: bytes.map((length) => length * (0.8 + 0.8 * next())) };
}

/** Random letters: what is slow is to look through all of it. */
function texts(documents, length) {
  const bytes = Uint8Array.from({ length: documents * length }, () => 97 + Math.floor(26 * next()));
  return { bytes, starts: Float64Array.from({ length: documents + 1 }, (_, k) => k * length) };
}

async function seconds(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

console.log(`\nComparison with a control set: ${machine()}`);
const rows = [];
for (const documents of [50, 500, 5000, 50_000]) {
  const [a, b] = [sample(documents), sample(documents)];
  const [own, other] = [texts(documents, 1500), texts(documents, 1500)];
  rows.push([
    documents.toLocaleString('en-US'),
    (await seconds(() => permutationTest(a, b, { seed: 1 }))).toFixed(2),
    (await seconds(() => overlapsOf(own, other))).toFixed(2),
  ]);
}
table(
  ['documents a side', '9,999 permutations, CPU s', 'common documents of 1,500 bytes, CPU s'],
  rows,
);

if (result !== undefined) await power(readDocuments(result));

/** Bits as the test takes them: at most those of a uniform guess. */
function readDocuments(path) {
  const { tokenizer } = JSON.parse(readFileSync(join(path, 'result.json'), 'utf8'));
  const [head, ...lines] = readFileSync(join(path, 'documents.csv'), 'utf8').trimEnd().split('\n');
  const names = head.split(',');
  const column = (name) => names.indexOf(name);
  const [nats, bytes, targets] = [column('nats_q30'), column('bytes_lut'), column('targets')];
  const most = Math.log2(tokenizer.vocab);
  return lines
    .map((line) => line.split(','))
    .map((cells) => ({
      bits: Math.min(Number(cells[nats]) / 2 ** 30 / Math.LN2, Number(cells[targets]) * most),
      bytes: Number(cells[bytes]),
    }));
}

/** A sample with replacement; the first documents cost a share `left` of their bits. */
function drawn(documents, count, known = 0, left = 0) {
  const chosen = Array.from(
    { length: count },
    () => documents[Math.floor(next() * documents.length)],
  );
  return {
    bits: Float64Array.from(chosen, ({ bits }, k) =>
      k < Math.round(known * count) ? left * bits : bits,
    ),
    bytes: Float64Array.from(chosen, ({ bytes }) => bytes),
  };
}

async function power(documents) {
  const whole = {
    bits: Float64Array.from(documents, ({ bits }) => bits),
    bytes: Float64Array.from(documents, ({ bytes }) => bytes),
  };
  const ratio = ratioOf(whole);
  const squares = documents.reduce((sum, { bits, bytes }) => sum + (bits - ratio * bytes) ** 2, 0);
  const mean = documents.reduce((sum, { bytes }) => sum + bytes, 0) / documents.length;
  const spread = Math.sqrt(squares / documents.length) / mean / ratio;
  console.log(
    `\n${documents.length} documents, ${ratio.toFixed(4)} bits per byte; spread of a document ${(100 * spread).toFixed(1)} %`,
  );
  const shares = [0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3];
  const found = [];
  for (const count of [50, 100, 500, 5000]) {
    const row = [count.toLocaleString('en-US')];
    for (const known of shares) {
      let failed = 0;
      for (let k = 0; k < Number(repeats); k++) {
        const [own, control] = [drawn(documents, count, known), drawn(documents, count)];
        const difference = ratioOf(own) - ratioOf(control);
        if (difference >= -MARGIN * ratioOf(control)) continue;
        if ((await permutationTest(own, control, { seed: k, permutations: 1999 })) < P_MAX)
          failed++;
      }
      row.push(((100 * failed) / Number(repeats)).toFixed(0));
    }
    found.push(row);
  }
  console.log(
    'percent of runs that fail, by the share of documents that the model knows by heart:',
  );
  table(['documents a side', ...shares.map((share) => `${100 * share} %`)], found);
}
