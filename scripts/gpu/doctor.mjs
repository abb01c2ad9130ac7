/**
 * `bpb doctor --require cuda`, its report kept.
 *
 *   node scripts/gpu/doctor.mjs ORT OUT.json
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { answer } from './answers.mjs';

const [ortLib, out] = process.argv.slice(2);
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const args = [cli, 'doctor', '--require', 'cuda', '--ort-lib', ortLib, '--json'];
const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
writeFileSync(out, stdout);
console.log(stdout, stderr);
const missing = JSON.parse(stdout).findings.filter((finding) => !finding.found);
const said = missing.map((finding) => `${finding.name}: ${finding.detail}`).join('; ');
answer(status === 0 ? [] : [`exit ${status}: ${said}`]);
