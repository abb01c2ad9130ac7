/**
 * Tokens and megabytes a second of encoding the State of the Union addresses, by worker threads.
 *
 * node bench/tokenize.mjs [tokenizer.model | byte260]
 */
import { sotuDocuments } from '#bpb/data/sotu';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { tokenizeDocuments } from '#bpb/tokenizer/stream';

const RUNS = 3;
const tokenizer = loadTokenizer(process.argv[2] ?? 'byte260');
console.log(`${tokenizer.path ?? tokenizer.kind}, ${tokenizer.pieces.length} ids, best of ${RUNS}`);
for (const workers of [0, 1, 2]) {
  let best = Number.POSITIVE_INFINITY;
  let tokens = 0;
  let bytes = 0;
  for (let run = 0; run < RUNS; run++) {
    const source = sotuDocuments('train');
    const start = performance.now();
    const { stream } = await tokenizeDocuments(source, tokenizer, { workers });
    best = Math.min(best, (performance.now() - start) / 1e3);
    tokens = stream.ids.length;
    bytes = source.facts().bytes;
  }
  const rate = (value) => (value / best / 1e6).toFixed(2);
  console.log(
    `${workers} workers: ${best.toFixed(2)} s, ${rate(tokens)} M tokens/s, ${rate(bytes)} MB/s`,
  );
}
