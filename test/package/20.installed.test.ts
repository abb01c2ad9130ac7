/**
 * The packed package where it is installed: an empty folder, npm and pnpm, other versions of Node.
 *
 * Takes minutes and the registry, so only `npm run test:long` runs it. `BPB_NODES` names further Node
 * binaries, separated as in PATH, whose scores must have the same bits.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileFolder } from '../helpers/folder.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES = 60_000;
const long = process.env['BPB_TEST_LONG'] !== undefined;
const hasPnpm = long && spawnSync('pnpm', ['--version']).status === 0;
const nodes = (process.env['BPB_NODES'] ?? '').split(delimiter).filter((path) => path !== '');

const folder = fileFolder();
let tarball = '';

/** Installs the tarball into a folder of its own. @returns the folder */
function installed(name: string, command: string, args: readonly string[]): string {
  const cwd = join(folder, name);
  execFileSync('mkdir', [cwd]);
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  execFileSync(command, [...args, tarball], { cwd, env, stdio: 'pipe' });
  return cwd;
}

/** `bpb score` of the bundled artifact, by the binary of the folder. */
function scoreIn(cwd: string, node = process.execPath) {
  const main = join('node_modules', 'bpb-harness', 'dist', 'cli', 'main.js');
  const line = [main, 'score', 'sotu-recurrent', '--limit-docs', '2', '--json', '--quiet'];
  const result = JSON.parse(execFileSync(node, line, { cwd, encoding: 'utf8' }));
  expect(result.verification.verdict).toBe('pass');
  return result;
}

describe.skipIf(!long)('an installed package (npm run test:long runs it)', () => {
  beforeAll(() => {
    const line = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    execFileSync('npm', line, { cwd: ROOT, stdio: 'pipe' });
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
  }, 5 * MINUTES);

  test('npm without install scripts: onnx-js, and the report says so', {
    timeout: 10 * MINUTES,
  }, () => {
    const cwd = installed('npm-plain', 'npm', ['install', '--ignore-scripts']);
    const { engine, notes } = scoreIn(cwd);
    expect(engine.name).toBe('onnx-js');
    expect(notes.join('\n')).toMatch(
      /addon is not built \(node node_modules\/bpb-harness\/native\/build\.mjs\)/,
    );
  });

  test('npm with them: the addon is built, and every Node gives the same bits', {
    timeout: 20 * MINUTES,
  }, () => {
    const cwd = installed('npm', 'npm', ['install']);
    expect(existsSync(join(cwd, 'node_modules/bpb-harness/native/build/Release/bpb.node'))).toBe(
      true,
    );
    const { engine, totals } = scoreIn(cwd);
    expect(engine.name).toBe('onnx-cpu');
    for (const node of nodes) expect(scoreIn(cwd, node).totals, node).toEqual(totals);
  });

  test.skipIf(!hasPnpm)(
    'pnpm, which blocks install scripts (needs pnpm)',
    { timeout: 10 * MINUTES },
    () => {
      const cwd = installed('pnpm', 'pnpm', ['add', '--config.strict-dep-builds=false']);
      expect(scoreIn(cwd).engine.name).toBe('onnx-js');
    },
  );
});
