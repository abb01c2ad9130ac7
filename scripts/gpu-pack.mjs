/**
 * Packs all that scripts/gpu-check.sh needs on a machine without Node and network, in pieces.
 *
 *   node scripts/gpu-pack.mjs --out DIR [--wheel FILE | --ort DIR] [--piece-mib 60]
 *
 * Node itself, the built harness, what its tests need of node_modules, and an ONNX Runtime with its
 * CUDA provider: from an onnxruntime-gpu wheel, or a folder that has both. The target must be of this
 * machine's kind (Linux, same processor family), with the CUDA runtime libraries and cuDNN.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { installWheel } from '../dist/doctor/wheel.js';
import { providerFiles, RECEIPT } from '../dist/engine/cuda/provider-files.js';
import { findRuntimeLibrary, runtimePackageVersion } from '../dist/engine/library.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    wheel: { type: 'string' },
    ort: { type: 'string' },
    'piece-mib': { type: 'string', default: '60' },
  },
});
const pieceBytes = Number(values['piece-mib']) * 2 ** 20;
if (values.out === undefined || !(pieceBytes >= 2 ** 20)) {
  console.error(
    'Usage: node scripts/gpu-pack.mjs --out DIR [--wheel FILE | --ort DIR] [--piece-mib N]',
  );
  process.exit(2);
}

/** Of the working tree; what is not there is left out, and said. */
const TREE = [
  'package.json',
  'vitest.config.ts',
  'dist',
  'native/build/Release',
  'native/build.mjs',
  'native/CMakeLists.txt',
  'native/cuda',
  'native/src',
  'native/bench',
  'bench',
  'models',
  'scripts',
  'test',
];
/** Of node_modules all but what only building and linting need. */
const LEFT_OUT = new Set([
  '.bin',
  '.cache',
  '@biomejs',
  'typescript',
  'onnxruntime-node',
  '@types',
]);

function modules() {
  const names = readdirSync(join(root, 'node_modules')).filter((name) => !LEFT_OUT.has(name));
  const runtime = 'node_modules/onnxruntime-node';
  const platform = `bin/napi-v6/${process.platform}/${process.arch}`;
  return [
    ...names.map((name) => `node_modules/${name}`),
    ...['package.json', 'dist', 'lib', platform].map((name) => `${runtime}/${name}`),
  ];
}

/** A folder `ort/` with a libonnxruntime and its CUDA provider, and `node`. */
async function extras(folder) {
  const ort = join(folder, 'ort');
  mkdirSync(ort);
  copyFileSync(process.execPath, join(folder, 'node'));
  const runtime = findRuntimeLibrary(values.ort);
  copyFileSync(runtime, join(ort, 'libonnxruntime.so.1'));
  if (values.wheel !== undefined) {
    await installWheel(values.wheel, join(ort, 'libonnxruntime.so.1'), runtimePackageVersion());
  } else {
    const { provider, shared, missing } = providerFiles(runtime);
    if (missing.length > 0) {
      console.error(`No CUDA provider beside ${runtime}: give --wheel or --ort.`);
      process.exit(4);
    }
    for (const path of [provider, shared, join(provider, '..', RECEIPT)]) {
      if (existsSync(path)) copyFileSync(path, join(ort, basename(path)));
    }
  }
  return ['node', 'ort'];
}

/** Cuts a stream into files of at most `pieceBytes`; returns their names and sums. */
async function cut(stream, out) {
  const pieces = [];
  let file = null;
  let left = 0;
  let sum = null;
  const finish = () => {
    if (file === null) return;
    closeSync(file);
    pieces.at(-1).sha256 = sum.digest('hex');
    file = null;
  };
  for await (let chunk of stream) {
    while (chunk.length > 0) {
      if (left === 0) {
        finish();
        const name = `bpb-gpu.tar.gz.${String(pieces.length).padStart(3, '0')}`;
        pieces.push({ name });
        file = openSync(join(out, name), 'w');
        left = pieceBytes;
        sum = createHash('sha256');
      }
      const part = chunk.subarray(0, left);
      writeSync(file, part);
      sum.update(part);
      left -= part.length;
      chunk = chunk.subarray(part.length);
    }
  }
  finish();
  return pieces;
}

const staging = mkdtempSync(join(tmpdir(), 'bpb-gpu-pack-'));
try {
  const more = await extras(staging);
  const tree = [...TREE, ...modules()].filter((path) => {
    const there = existsSync(join(root, path));
    if (!there) console.error(`left out, not there: ${path}`);
    return there;
  });
  if (!existsSync(join(root, 'native/build/Release/libbpb_cuda.so'))) {
    console.error('note: libbpb_cuda.so is not built here; the target needs nvcc and CMake');
  }
  mkdirSync(values.out, { recursive: true });
  const skip = ['build', '__pycache__', '*.o'].map((name) => `--exclude=models/train/${name}`);
  // node_modules may be a link here; what it points to is what travels.
  const args = ['-ch', ...skip, '-C', root, ...tree, '-C', staging, ...more];
  const tar = spawn('tar', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => tar.on('close', resolve));
  const pieces = await cut(tar.stdout.pipe(createGzip({ level: 6 })), values.out);
  if ((await ended) !== 0) throw new Error('tar failed');
  const sums = pieces.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');
  writeFileSync(join(values.out, 'bpb-gpu.sha256'), sums);
  copyFileSync(join(root, 'scripts/gpu-check.sh'), join(values.out, 'gpu-check.sh'));
  console.log(`${pieces.length} pieces, bpb-gpu.sha256 and gpu-check.sh in ${values.out}`);
} finally {
  rmSync(staging, { recursive: true, force: true });
}
