/**
 * What this machine is: writes OUT as JSON. What cannot be asked is null.
 *
 *   node scripts/gpu/machine.mjs OUT.json
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { answer, dryRun } from './answers.mjs';

function output(program, ...args) {
  const run = spawnSync(program, args, { encoding: 'utf8', timeout: 15_000 });
  return run.status === 0 ? run.stdout.trim() : null;
}

const QUERY = {
  name: 'name',
  driver: 'driver_version',
  memory_mib: 'memory.total',
  max_sm_mhz: 'clocks.max.sm',
  max_memory_mhz: 'clocks.max.memory',
  power_limit_w: 'power.limit',
  compute_capability: 'compute_cap',
};

function gpu() {
  const fields = `--query-gpu=${Object.values(QUERY).join(',')}`;
  const line = output('nvidia-smi', fields, '--format=csv,noheader,nounits');
  if (line === null) return null;
  const found = line.split('\n')[0].split(',');
  return Object.fromEntries(
    Object.keys(QUERY).map((key, index) => {
      const text = found[index]?.trim() ?? null;
      const number = /_(mib|mhz|w)$/.test(key) ? Number(text) : text;
      return [key, Number.isNaN(number) ? null : number];
    }),
  );
}

const PYTHON = `
import importlib, json, sys
found = {"version": sys.version.split()[0]}
def ask(name, what):
    try:
        found[name] = what()
    except Exception:
        found[name] = None
def torch(path):
    value = importlib.import_module("torch")
    for part in path.split("."):
        value = getattr(value, part)
    return value() if callable(value) else str(value)
ask("torch", lambda: torch("__version__"))
ask("torch_cuda", lambda: torch("version.cuda"))
ask("cudnn", lambda: torch("backends.cudnn.version"))
ask("triton", lambda: importlib.import_module("triton").__version__)
ask("cutlass_dsl", lambda: importlib.import_module("importlib.metadata").version("nvidia-cutlass-dsl"))
print(json.dumps(found))
`;

function python() {
  const text = output(process.env.PYTHON ?? 'python3', '-c', PYTHON);
  return text === null ? null : JSON.parse(text.split('\n').at(-1));
}

const found = {
  date: new Date().toISOString(),
  gpu: gpu(),
  cuda: { nvcc: output('nvcc', '--version')?.match(/release [^,]*/)?.[0] ?? null },
  ncu: output('ncu', '--version')?.match(/Version [^ ]*/)?.[0] ?? null,
  python: python(),
  node: process.version,
  cpu: { model: cpus()[0]?.model ?? null, threads: cpus().length },
  kernel: release(),
  nvidia_smi: output('nvidia-smi'),
};
writeFileSync(process.argv[2], `${JSON.stringify(found, null, 1)}\n`);
answer(found.gpu === null && !dryRun ? ['nvidia-smi does not answer: no GPU, or no driver'] : []);
