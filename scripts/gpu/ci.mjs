/**
 * One score as a CI runner calls it: the artifact alone, its own evaluation, probes first, a folder of
 * results, and the exit code that decides.
 *
 *   node scripts/gpu/ci.mjs MODEL ORT OUT.jsonl
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, dryRun } from './answers.mjs';
import { addLine } from './lines.mjs';
import { runScore } from './score.mjs';

const [model, ortLib, out] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'bpb-ci-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const args = [model, '--device', 'cuda:0', '--ort-lib', ortLib, '--strict', '--out', folder];
const { code, seconds, result, error } = runScore(args);
addLine(out, {
  ci: true,
  command: ['bpb', 'score', ...args, '--json', '--quiet'].join(' '),
  ...{ code, seconds, error },
  val_bpb: result?.score.val_bpb ?? null,
});
const failures = [];
// On a runtime that computes nothing the verification must fail, which is exit 1.
if (code !== (dryRun ? 1 : 0)) failures.push(`exit ${code}, ${error ?? 'see the result'}`);
if (!dryRun && !(result?.score.val_bpb > 0)) failures.push('no headline');
if (!existsSync(join(folder, 'result.json'))) failures.push('no result.json in --out');
answer(failures);
