/** Compiles a small C++ program of this folder and reads what it prints, one JSON object a line. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** How a version of the scorer did in one group of cases; errors in nats. */
export interface GroupLine {
  group: string;
  variant: string;
  rows: number;
  mean: number;
  worst: number;
  ok: boolean;
  failed: string;
  reason: string;
}

/** One yes-or-no check. */
export interface CheckLine {
  check: string;
  ok: boolean;
  detail: string;
}

export interface Output<Line> {
  lines: Line[];
  /** Why there are no lines: no compiler. A program that does not compile or run throws. */
  missing?: string;
}

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'bpb-cuda-'));

export function removeCompiled(): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Objects of a program's output, one a line. */
export function jsonLines<Line>(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

function run(program: string, args: string[]): string {
  const result = spawnSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.status === 0) return result.stdout;
  throw new Error(`${program} ${args.join(' ')}: ${result.error ?? result.stderr}`);
}

/** `sources` are paths from the repository's root, `args` the program's. */
export function compileAndRun<Line>(
  name: string,
  sources: string[],
  args: string[] = [],
): Output<Line> {
  const compiler = [process.env['CXX'], 'c++', 'g++', 'clang++'].find(
    (candidate) => candidate && spawnSync(candidate, ['--version']).status === 0,
  );
  if (!compiler) return { lines: [], missing: 'skipped: no C++ compiler' };
  const program = join(folder, name);
  // No contraction, as on the device: every fused multiply-add is written out.
  const flags = ['-std=c++17', '-O2', '-ffp-contract=off', '-Wall', '-Wextra', '-Werror'];
  // Where the CPU has fused multiply-adds, use them; the C library's are exact too, but slow.
  if (process.arch === 'x64') flags.push('-march=native');
  run(compiler, [...flags, '-o', program, ...sources]);
  return { lines: jsonLines<Line>(run(program, args)) };
}
