/** Runs a golden case and keeps of it what is contract, as one flat record of paths and values. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GoldenCase } from './cases.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** `exit`, `stderr`, and either `json.<path>` or the lines `text[n]`, and `files.<name>`. */
export type Recorded = Record<string, unknown>;

/** What decides the last bits of a score, as its `engine` says. */
export interface Machine {
  readonly instruction_set: string;
  readonly onnxruntime: string;
  readonly device: string;
  /** Operators of our own that `--optimize` may use here: not every CPU has all of them. */
  readonly operators: string;
}

/** Fields of which only the type is kept, and why their values are no contract. */
const DROPPED: readonly (readonly [RegExp, string])[] = [
  [/^json\.(time\..*|seconds|optimization\.(rewrite|proof)_s|adaptive\.adapt_s)$/, 'a time'],
  [/^json\.totals\.seconds$/, 'a time'],
  [/^json\.run\.date$/, 'a date'],
  [/^json\.run\.commit$/, 'the commit, null where git is not there'],
  [/^json\.ledger\.(run|hash|result_sha256)$/, 'the name of a run, and hashes over it'],
  [/^json\.run\.(harness|sha256)$/, 'the version; a hash that covers date and commit'],
  [/^json\.engine\.(device|instruction_set|versions\..*)$/, 'the machine and its versions'],
];

/** Parts of a text that are no contract, and what stands for them. */
const MASKED: readonly (readonly [RegExp, string])[] = [
  [/(, \d+ threads?), (portable|avx2|avx512)\b/, '$1, <instruction set>'],
  // Of a ledger, whose header names a run that is another one each time.
  [/\bends in [0-9a-f]{12}\b/, 'ends in <hash>'],
  [/\brun [0-9a-f]{32}\b/, 'run <name>'],
  [/onnx-cuda is not available: .*/, 'onnx-cuda is not available: <why>'],
  // What JSON.parse of this Node says.
  [/^Unexpected token .* is not valid JSON$/, '<why it is no JSON>'],
];

/** Seconds and rates of a run, with the lines that they are continued on: how many depends on the digits. */
const TIMES = /^( {2}time +).*(\n {8,}\S.*)*/m;

/** Fields that only an equal CPU reproduces: hashes over nats, and differences near rounding. */
const OF_THE_MACHINE: readonly RegExp[] = [
  /^files\.(?!.*\.bin$)/,
  /^json\.(ledger\.hash|ledger\.sha256|claim\.targets\.sha256)$/,
  /^json\.(identity\.bits|noise_nats|verdicts\[\d+\]\.effect|probes\..*\.effect)$/,
  /^json\.(verification|optimization)\.(mean_|max_|standard_).*$/,
  /^json\.optimization\.model_sha256$/,
];

/** Rewrites that are made on some CPUs alone. */
const OF_SOME_CPUS = new Set(['product', 'riding-on-product']);

/** Relative difference of nats, and of what is made of them, between one CPU and another. */
const TOLERANCE = 1e-6;

export async function record(golden: GoldenCase, folder: string): Promise<Recorded> {
  const args = [...golden.line.split(' '), ...(golden.text ? [] : ['--json'])];
  const { code, stdout, stderr } = await run(args, folder);
  const paths = (text: string) => text.replaceAll(folder, '<folder>');
  const recorded: Recorded = { exit: code, stderr: paths(stderr) };
  if (golden.text) {
    const lines = paths(stdout).replace(TIMES, '$1<times>').split('\n');
    for (const [n, line] of lines.entries()) recorded[`text[${n}]`] = masked(line);
  } else if (stdout === '') recorded['json'] = 'none';
  else flatten('json', JSON.parse(paths(stdout)), recorded);
  for (const name of golden.files ?? []) {
    const path = join(folder, name);
    const isLedger = /(ledger|part)\.jsonl$/.test(name);
    const data = isLedger ? events(path) : readFileSync(path);
    recorded[`files.${name}`] = createHash('sha256').update(data).digest('hex');
  }
  // A claim is known by its ledger, whose hashes are another run's each time.
  if ('json.claim.evaluator' in recorded) recorded['json.identity.bits'] = '<string>';
  return golden.namesOnly ? names(recorded) : recorded;
}

/** A ledger without the name of its run, the hashes that it moves, and the result that it names. */
function events(path: string): string {
  const text = readFileSync(path, 'utf8').replace(/^\{"result".*\n/m, '');
  return text.replace(/,"hash":"[0-9a-f]{64}"|,"run":"[0-9a-f]{32}"/g, '');
}

/** One command in the folder. */
export function run(
  args: readonly string[],
  folder: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Paths whose values differ, each with what is pinned and what was found. */
export function differences(pinned: Recorded, found: Recorded, here: Machine, then: Machine) {
  const same =
    here.instruction_set === then.instruction_set &&
    here.onnxruntime === then.onnxruntime &&
    (here.operators === then.operators || !('json.optimization.precision' in pinned));
  const paths = new Set([...Object.keys(pinned), ...Object.keys(found)]);
  return [...paths].flatMap((path) => {
    if (!(path in found)) return [`${path}: removed, was ${show(pinned[path])}`];
    if (!(path in pinned)) return [`${path}: added, is ${show(found[path])}`];
    // This hash covers the CPU's name as well.
    const exact = same && (path !== 'json.identity.bits' || here.device === then.device);
    if (agree(path, pinned[path], found[path], exact)) return [];
    return [`${path}: was ${show(pinned[path])}, is ${show(found[path])}`];
  });
}

function agree(path: string, pinned: unknown, found: unknown, exact: boolean): boolean {
  if (Object.is(pinned, found) || JSON.stringify(pinned) === JSON.stringify(found)) return true;
  if (exact) return false;
  if (OF_THE_MACHINE.some((pattern) => pattern.test(path))) return true;
  if (path.startsWith('text[')) return figureless(pinned) === figureless(found);
  const [a, b] = [Number(pinned), Number(found)];
  const measured = path.endsWith('.nats_q30') || !(Number.isInteger(a) && Number.isInteger(b));
  return measured && Math.abs(a - b) <= TOLERANCE * Math.abs(a);
}

/** A line of text without its numbers and hashes; the JSON of a like case pins the counts. */
function figureless(text: unknown): string {
  return String(text).replace(/\b[0-9a-f]{12}\b|\d[\d.,]*(e[+-]?\d+)?/g, '#');
}

function flatten(path: string, value: unknown, into: Recorded): void {
  const dropped = DROPPED.some(([pattern]) => pattern.test(path));
  if (dropped) into[path] = path.endsWith('.commit') ? '<commit>' : `<${typeof value}>`;
  else if (typeof value === 'string') into[path] = masked(value);
  else if (value === null || typeof value !== 'object') into[path] = value;
  else if (Object.keys(value).length === 0) into[path] = value;
  else if (Array.isArray(value)) {
    const everywhere = value.filter((item) => !OF_SOME_CPUS.has(item?.name));
    for (const [n, item] of everywhere.entries()) flatten(`${path}[${n}]`, item, into);
  } else {
    for (const [key, item] of Object.entries(value)) flatten(`${path}.${key}`, item, into);
  }
}

function masked(text: string): string {
  return MASKED.reduce((left, [pattern, by]) => left.replace(pattern, by), text);
}

/** The names of fields alone: of list items once, and without what only some items have. */
function names(recorded: Recorded): Recorded {
  const paths = Object.keys(recorded).map((path) => path.replace(/\[\d+\]/g, '[]'));
  const always = paths.filter((path) => !/\.lacks$|\.(gpus|gpu_lacks)\b/.test(path));
  const kept = Object.fromEntries([...new Set(always)].map((path) => [path, '<present>']));
  return { ...kept, exit: recorded['exit'], stderr: recorded['stderr'] };
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
