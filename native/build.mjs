/**
 * Builds native/build/Release/bpb.node with CMake; it is the package's install script.
 *
 * Without a compiler, or when the build fails, it says so in one line and exits 0, because the
 * package works on the onnx-js engine; with `--strict` it exits 1.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = dirname(fileURLToPath(import.meta.url));
const build = join(native, 'build');
const addon = join(build, 'Release', 'bpb.node');
const strict = process.argv.includes('--strict');
const force = process.argv.includes('--force');

/** Ends the script with its one line. */
function giveUp(reason) {
  console.error(`bpb: ${reason}; scoring runs on the onnx-js engine`);
  process.exit(strict ? 1 : 0);
}

/** Newest modification time, in ms, of the files the addon is made from. */
function newestSource() {
  const folder = join(native, 'src');
  const sources = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
  sources.push(join(native, 'CMakeLists.txt'), fileURLToPath(import.meta.url));
  return Math.max(...sources.map((path) => statSync(path).mtimeMs));
}

/** Whether a program can be started at all. */
function works(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Runs a step quietly; its output is printed only when it fails. */
function step(args) {
  const result = spawnSync('cmake', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0) {
    console.error(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    giveUp('the native addon did not compile (output above)');
  }
}

/** Builds libbpb_cuda.so where there is an nvcc; neither the addon nor the other engines need it. */
function buildCudaScorer() {
  const folder = join(build, 'cuda');
  const configure = ['-S', join(native, 'cuda'), '-B', folder];
  const output = `-DBPB_CUDA_OUTPUT=${join(build, 'Release')}`;
  for (const args of [
    [...configure, output],
    ['--build', folder],
  ]) {
    const result = spawnSync('cmake', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (result.status === 0) continue;
    console.error(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    console.error(
      'bpb: the CUDA scorer did not compile (output above); there is no onnx-cuda engine',
    );
    process.exit(strict ? 1 : 0);
  }
}

/** Include folders of the two npm packages, or the name of the one that is missing. */
function headers() {
  const require = createRequire(import.meta.url);
  try {
    return {
      api: require('node-api-headers').include_dir,
      addonApi: dirname(require.resolve('node-addon-api')),
    };
  } catch {
    return giveUp('node-api-headers or node-addon-api is not installed');
  }
}

if (!force && existsSync(addon) && statSync(addon).mtimeMs >= newestSource()) process.exit(0);
if (!['linux', 'darwin'].includes(process.platform)) {
  giveUp(`the native addon is not built on ${process.platform}`);
}
if (!works('cmake')) giveUp('no CMake found');
if (![process.env.CXX, 'c++', 'g++', 'clang++'].some((name) => name && works(name))) {
  giveUp('no C++ compiler found');
}

// CMake refuses a cache from another folder, as after a copy of the whole package.
const cache = join(build, 'CMakeCache.txt');
if (
  existsSync(cache) &&
  !readFileSync(cache, 'utf8').includes(`HOME_DIRECTORY:INTERNAL=${native}\n`)
) {
  rmSync(build, { recursive: true });
}
const { api, addonApi } = headers();
step([
  '-S',
  native,
  '-B',
  build,
  '-DCMAKE_BUILD_TYPE=Release',
  `-DNODE_API_HEADERS=${api}`,
  `-DNODE_ADDON_API=${addonApi}`,
]);
step(['--build', build, '--config', 'Release', '--parallel', '2']);
// Where CMake found nothing to do the file is still the old one, and would be looked at again.
utimesSync(addon, new Date(), new Date());
console.error('bpb: built native/build/Release/bpb.node');
buildCudaScorer();
