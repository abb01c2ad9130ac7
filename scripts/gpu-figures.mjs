/**
 * Writes the figures that scripts/gpu-check.sh measured into the documents, between their markers.
 *
 *   node scripts/gpu-figures.mjs OUT [--check] [--docs DIR]
 *   node scripts/gpu-figures.mjs --unmeasured [--check] [--docs DIR]
 *
 * OUT is what gpu-check.sh left (results.tar.gz), or the folder that unpacks to. A file that is not
 * right is refused by name, and so are results of a dry run; what is missing stays unmeasured.
 * --unmeasured writes the tables without any results. --check writes nothing and exits 1 where a
 * document is not up to date. Prints the row for the table of batch sizes. Exit codes: 2 wrong
 * usage, 3 results or markers that are not right.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

if (!existsSync(new URL('../dist/errors.js', import.meta.url))) {
  console.error('The harness is not built: run npm ci or npm run build first.');
  process.exit(4);
}
const { asBpbError } = await import('../dist/errors.js');
const { errorLines } = await import('../dist/report/error.js');
const { figures, DOCUMENTS } = await import('./gpu-figures/figures.mjs');
const { replaceBlocks } = await import('./gpu-figures/markers.mjs');
const { readResults } = await import('./gpu-figures/results.mjs');

const USAGE = 'usage: node scripts/gpu-figures.mjs OUT | --unmeasured [--check] [--docs DIR]';

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        check: { type: 'boolean', default: false },
        unmeasured: { type: 'boolean', default: false },
        docs: { type: 'string', default: fileURLToPath(new URL('../docs', import.meta.url)) },
      },
    });
    return positionals.length === (values.unmeasured ? 0 : 1)
      ? { ...values, out: positionals[0] }
      : null;
  } catch {
    return null;
  }
}

function main({ check, docs, out }) {
  const { contents, batchRow } = figures(out === undefined ? null : readResults(out));
  // All documents are made before the first is written: one that is wrong leaves the others alone.
  const made = DOCUMENTS.map((name) => {
    const path = join(docs, name);
    const before = readFileSync(path, 'utf8');
    return { path, before, after: replaceBlocks(before, contents, path) };
  });
  const changed = made.filter(({ before, after }) => before !== after);
  for (const { path, after } of changed) {
    if (!check) writeFileSync(path, after);
    console.log(`${check ? 'not up to date' : 'written'}: ${path}`);
  }
  if (changed.length === 0) console.log('the documents are up to date');
  console.log(batchRow);
  if (check && changed.length > 0) process.exitCode = 1;
}

const chosen = options();
if (chosen === null) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  try {
    main(chosen);
  } catch (error) {
    const known = asBpbError(error);
    console.error(errorLines(known));
    process.exitCode = known.exitCode;
  }
}
