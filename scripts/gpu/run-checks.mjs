/**
 * Runs the checks of test/gpu without a test runner.
 *
 *   node scripts/gpu/run-checks.mjs CHECKS.js ORT SOTU OUT.jsonl
 *
 * CHECKS.js is test/gpu/checks/index.ts, compiled; ORT the folder of the runtime, SOTU the bundled
 * model. Appends a line a check and one at the end. Exit codes: answers.mjs.
 */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answer, dryRun } from './answers.mjs';
import { addLine } from './lines.mjs';

const [compiled, ortLib, sotu, out] = process.argv.slice(2).map((path) => resolve(path));
const { checks } = await import(pathToFileURL(compiled).href);
rmSync(out, { force: true });
const place = { ortLib, sotu, values: (judge) => (dryRun ? undefined : judge()) };
const failed = [];
for (const { name, run } of checks) {
  const began = performance.now();
  const error = await run(place).then(
    () => null,
    (thrown) => `${thrown.code ?? ''} ${thrown.message} ${thrown.actual ?? ''}`.trim(),
  );
  const seconds = (performance.now() - began) / 1e3;
  addLine(out, { test: name, ok: error === null, seconds, error });
  console.log(`${error === null ? 'ok' : 'FAILED'} ${seconds.toFixed(1)} s ${name} ${error ?? ''}`);
  if (error !== null) failed.push(name);
}
addLine(out, { done: true, passed: checks.length - failed.length, failed: failed.length });
answer(failed.map((name) => `failed: ${name}`));
