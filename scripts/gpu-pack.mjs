/**
 * Packs all that scripts/gpu-check.sh needs on a machine without Node and network.
 *
 *   node scripts/gpu-pack.mjs --out DIR (--wheel FILE | --ort DIR) [--sm 90] [--archive-mib 40]
 *     [--peer-wheel FILE …] [--shapes a,b] [--level 6]
 *
 * The first archive is enough for stage A; the others hold one more, cut in pieces. --wheel is an
 * onnxruntime-gpu wheel, --ort a folder with libonnxruntime and its CUDA provider; of the provider only the
 * device code for --sm travels. --level is the packer's: 1 for a trial. Wheels of peers (quack-kernels and what it needs) are unpacked. Needs
 * nvcc, python3 (PYTHON) with numpy and onnx, and `npm run build`; `xz` where it is found. The target must
 * be of this machine's kind (Linux, same processor family), with the CUDA libraries that the provider
 * wants.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { installWheel } from '../dist/doctor/wheel.js';
import { providerFiles, RECEIPT } from '../dist/engine/cuda/provider-files.js';
import { findRuntimeLibrary, runtimePackageVersion } from '../dist/engine/library.js';
import { keepArchitecture } from './gpu/keep-architecture.mjs';
import { cut, pack, packer, sumLine } from './gpu/pack-archives.mjs';
import { buildNative, must } from './gpu/pack-native.mjs';
import { layFirst, layRest, root } from './gpu/pack-tree.mjs';

const ARCHIVES_MAX = 3;
const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    wheel: { type: 'string' },
    ort: { type: 'string' },
    sm: { type: 'string', default: '90' },
    'archive-mib': { type: 'string', default: '40' },
    'peer-wheel': { type: 'string', multiple: true, default: [] },
    shapes: { type: 'string', default: 'baseline-9x512,wide-11x512' },
    level: { type: 'string', default: '6' },
  },
});
const limit = Number(values['archive-mib']) * 2 ** 20;
if (values.out === undefined || !(limit >= 2 ** 20) || !/^\d+$/.test(values.sm)) {
  console.error(
    'Usage: node scripts/gpu-pack.mjs --out DIR (--wheel FILE | --ort DIR) [--sm 90] [--archive-mib 40] [--peer-wheel FILE …]',
  );
  process.exit(2);
}
const mib = (bytes) => Number((bytes / 2 ** 20).toFixed(1));
const python = process.env.PYTHON ?? 'python3';
const sizes = {};

/** libonnxruntime and its provider, with the device code of one architecture. */
async function layRuntime(folder) {
  const runtime = findRuntimeLibrary(values.ort);
  const to = join(folder, basename(runtime));
  copyFileSync(runtime, to);
  if (values.wheel !== undefined) {
    await installWheel(values.wheel, to, runtimePackageVersion());
  } else {
    const { provider, shared, missing } = providerFiles(runtime);
    if (missing.length > 0) throw new Error(`no CUDA provider beside ${runtime}: --wheel or --ort`);
    for (const path of [provider, shared]) copyFileSync(path, join(folder, basename(path)));
  }
  const { provider } = providerFiles(to);
  const library = readFileSync(provider);
  const { containers, reduced, cleared } = keepArchitecture(library, Number(values.sm));
  if (reduced === 0) throw new Error(`${provider} has no device code for sm_${values.sm}`);
  writeFileSync(provider, library);
  // A receipt is of the file as it was installed.
  rmSync(join(folder, RECEIPT), { force: true });
  console.log(
    `provider: ${mib(library.length)} MiB, ${mib(cleared)} MiB of other architectures cleared in ${reduced} of ${containers} containers`,
  );
}

/** What the bundled model scores on the CPU, target by target. */
function layReference(folder) {
  const cli = join(root, 'dist/cli/main.js');
  const model = join(root, 'models/sotu-8x256');
  const args = ['--device', 'cpu', '--out', folder, '--save-targets', '--json', '--quiet'];
  must(process.execPath, [cli, 'score', model, ...args]);
}

function layModels(folder) {
  must(python, [join(root, 'bench/gpu/make_models.py'), folder, ...values.shapes.split(',')]);
}

function layChecks(folder) {
  const config = join(root, 'test/gpu/checks/tsconfig.json');
  must(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    config,
    '--outDir',
    folder,
  ]);
}

function layPeers(folder) {
  mkdirSync(folder);
  for (const wheel of values['peer-wheel']) must(python, ['-m', 'zipfile', '-e', wheel, folder]);
}

const staging = mkdtempSync(join(tmpdir(), 'bpb-gpu-pack-'));
process.on('exit', () => rmSync(staging, { recursive: true, force: true }));
try {
  const [first, rest] = ['first', 'rest'].map((name) => join(staging, name));
  mkdirSync(values.out, { recursive: true });
  const folder = buildNative(values.sm, ['bpb_cuda', 'bpb_lab']);
  const built = { scorer: join(folder, 'libbpb_cuda.so'), lab: join(folder, 'bpb_lab') };
  layFirst(first, built);
  layPeers(join(first, 'peers'));
  await layRuntime(layRest(rest, built));
  layChecks(join(rest, 'checks'));
  layModels(join(rest, 'gpu-models'));
  layReference(join(rest, 'reference'));
  const git = spawnSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], {
    cwd: root,
    encoding: 'utf8',
  });
  const about = {
    schema: 'bpb-gpu-results/1',
    commit: git.status === 0 ? git.stdout.trim() : 'unknown',
    packed_at: new Date().toISOString(),
    architecture: values.sm,
    shapes: values.shapes.split(','),
  };
  writeFileSync(join(first, 'pack.json'), `${JSON.stringify({ ...about, dry_run: false })}\n`);

  const kind = packer();
  if (kind === 'gz') console.log('note: no xz here; gzip’s archives are larger');
  const whole = join(staging, 'whole');
  const names = [`bpb-gpu-1.tar.${kind}`];
  await pack(first, join(values.out, names[0]), kind, values.level);
  await pack(rest, whole, kind, values.level);
  // Pieces of one size, as small as their number allows.
  const { size } = statSync(whole);
  const piece = Math.ceil(size / Math.ceil(size / limit));
  names.push(...(await cut(whole, piece, values.out, (k) => `bpb-gpu-${k + 2}.tar.${kind}`)));
  const sums = [];
  for (const name of names) {
    sums.push(await sumLine(values.out, name));
    sizes[name] = statSync(join(values.out, name)).size;
    console.log(`${name}: ${mib(sizes[name])} MiB`);
  }
  writeFileSync(join(values.out, 'bpb-gpu.sha256'), sums.join(''));
  copyFileSync(join(root, 'scripts/gpu-check.sh'), join(values.out, 'gpu-check.sh'));
  const large = Object.entries(sizes).filter(([, bytes]) => bytes > limit);
  if (names.length > ARCHIVES_MAX || large.length > 0) {
    console.error(
      `too large: ${names.length} archives, at most ${ARCHIVES_MAX} of ${values['archive-mib']} MiB were wanted`,
    );
    process.exitCode = 1;
  }
} catch (error) {
  console.error(`gpu-pack: ${error.message}`);
  process.exitCode = 4;
}
