/** What `npm pack` packs, and what a user of the package installs with it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { closure, LOCKED } from './lockfile.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PACKAGE = JSON.parse(read('package.json'));
const README = read('README.md');

describe('the tarball', () => {
  let files: readonly string[] = [];
  let bytes = 0;

  beforeAll(() => {
    // Without its scripts, which would build anew what other tests are running.
    const line = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const [packed] = JSON.parse(execFileSync('npm', line, { cwd: ROOT, encoding: 'utf8' }));
    files = packed.files.map(({ path }: { path: string }) => path);
    bytes = packed.size;
  });

  test('has no test, no benchmark, no build output, no source map, no source in TypeScript', () => {
    const strays = files.filter(
      (path) =>
        /(^|\/)(tests?|bench|build|node_modules|coverage|__pycache__)\//.test(path) ||
        /\.map$|\.tsbuildinfo$|(?<!\.d)\.[cm]?ts$|\.node$/.test(path.replace('.d.cts', '.d.ts')),
    );
    expect(strays).toEqual([]);
  });

  test('has no more than its folders and files', () => {
    const tops = new Set(files.map((path) => path.split('/').slice(0, -1).join('/').split('/')[0]));
    expect([...tops].sort()).toEqual(['', 'dist', 'docs', 'models', 'native', 'scripts']);
    expect(files.filter((path) => !path.includes('/')).sort()).toEqual([
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'package.json',
    ]);
    expect(files.filter((path) => path.startsWith('scripts/')).sort()).toEqual([
      'scripts/check-download.mjs',
      'scripts/setup-cuda.mjs',
    ]);
  });

  test('has what the commands and the build of the addon read', () => {
    const native = readdirSync(join(ROOT, 'native/src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
    const docs = readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`);
    const artifact = readdirSync(join(ROOT, 'models/sotu-recurrent'));
    const needed = [
      PACKAGE.bin.bpb,
      PACKAGE.main,
      PACKAGE.types,
      'native/build.mjs',
      'native/CMakeLists.txt',
      'native/cuda/CMakeLists.txt',
      'models/sotu-val.jsonl.br',
      ...artifact.map((name) => `models/sotu-recurrent/${name}`),
      ...native,
      ...docs,
    ];
    expect(needed.filter((path) => !files.includes(path))).toEqual([]);
  });

  test('stays below 2.7 MB', () => {
    expect(bytes).toBeGreaterThan(1e6);
    expect(bytes).toBeLessThan(2.7e6);
  });

  test('has the files that README links to', () => {
    const links = [...README.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path!);
    expect(links.length).toBeGreaterThan(10);
    const packed = (path: string): boolean =>
      files.some((file) => file === path || file.startsWith(`${path}/`));
    expect(links.filter((path) => !packed(path.replace(/\/$/, '')))).toEqual([]);
  });

  test('holds every artifact that README scores, but in what README says of a clone', () => {
    const commands = README.split('\n').filter((line) =>
      /bpb (score|probe) (sotu-|models\/)/.test(line),
    );
    expect(commands.length).toBeGreaterThan(0);
    for (const line of commands) {
      const [, name] = /(?:models\/)?(sotu-[\w-]+)/.exec(line)!;
      const isPacked = files.includes(`models/${name}/artifact.json`);
      expect(isPacked || /^npm ci/.test(line), line).toBe(true);
    }
  });
});

describe('what is installed with it', () => {
  test('is at most 60 packages beside those of onnxruntime-node, of all platforms together', () => {
    const names = Object.keys(PACKAGE.dependencies);
    const beside = closure(names.filter((name) => name !== 'onnxruntime-node'));
    expect(beside.size).toBeLessThanOrEqual(60);
    const page = read('docs/install.md');
    expect(page).toContain(`${beside.size} packages`);
    expect(page).toContain(`${closure(['onnxruntime-node']).size} of onnxruntime-node`);
  });

  test('is pinned exactly', () => {
    const loose = Object.values<string>(PACKAGE.dependencies).filter(
      (version) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  test('README names the versions of Node in `engines`', () => {
    const versions: string[] = PACKAGE.engines.node.split(' || ');
    for (const version of versions) {
      const [, major, minor] = /^\^(\d+)\.(\d+)\.0$/.exec(version)!;
      expect(README).toContain(minor === '0' ? `${major}` : `${major}.${minor}`);
    }
    expect(LOCKED['']).toMatchObject({ engines: PACKAGE.engines });
  });
});

describe('`npm ci` where only the registry is reachable', () => {
  test('runs no script of onnxruntime-node: the lockfile does not say that it has one', () => {
    // `npm install` of another version writes the line again: delete it (CONTRIBUTING.md).
    expect(LOCKED['node_modules/onnxruntime-node']).not.toHaveProperty('hasInstallScript');
  });

  test('warns of nothing: no setting that npm does not know', () => {
    expect(existsSync(join(ROOT, '.npmrc'))).toBe(false);
  });
});
