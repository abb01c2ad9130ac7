/** Compiles test/fake-cuda into the libraries that a CUDA provider asks the loader for. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readElf } from '#bpb/doctor/elf';
import { wantedSymbols } from './elf-symbols.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
export const SOURCES = at('../fake-cuda');
const NATIVE = at('../../native/src');

export const compiler = process.env['CXX'] ?? 'c++';

/** Libraries of CUDA that the file needs, in the order in which it names them. */
export function cudaLibraries(path: string): string[] {
  return readElf(path).needed.filter((name) => /^libcu(da|dart|blas|blasLt|rand)\.so/.test(name));
}

export function compile(args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${compiler}: ${error?.message ?? stderr}`);
}

/**
 * Writes the libraries that `provider` needs, and libbpb_cuda, into `folder`: one file under all their
 * names, which the loader takes for one library. What the provider wants and the sources do not
 * define is generated: it logs its name, and does nothing or says that it is not supported.
 *
 * @returns the one file's path
 */
export function buildFakeCuda(provider: string, folder: string): string {
  const libraries = cudaLibraries(provider);
  const sources = readdirSync(SOURCES)
    .filter((name) => name.endsWith('.cc'))
    .map((name) => join(SOURCES, name));
  const defined = sources.map((path) => readFileSync(path, 'utf8')).join('\n');
  const wanted = wantedSymbols(provider).filter(
    ({ name, library }) => libraries.includes(library ?? '') || /^cu[A-Z]/.test(name),
  );
  const rest = wanted.filter(({ name }) => !new RegExp(`\\b${name}\\(`).test(defined));
  const generated = join(folder, 'rest.cc');
  writeFileSync(generated, generate(rest.map(({ name }) => name)));
  const versions = join(folder, 'versions.map');
  writeFileSync(versions, versionScript(libraries, wanted));
  const output = join(folder, 'libfake_cuda.so');
  compile([
    ...['-std=c++17', '-O1', '-shared', '-fPIC', '-fvisibility=hidden', '-Wno-psabi'],
    ...['-I', SOURCES, '-I', NATIVE, '-o', output, ...sources, generated],
    `-Wl,--version-script=${versions}`,
  ]);
  for (const name of [...libraries, 'libbpb_cuda.so']) symlinkSync(output, join(folder, name));
  return output;
}

/** A function of cuBLAS is work, which is done by being logged; one of the runtime may give a result. */
function generate(names: readonly string[]): string {
  const functions = names.map((name) =>
    name.startsWith('cublas')
      ? `FAKE_EXPORT int ${name}() { fake::log("BLAS ${name}"); return 0; }`
      : `FAKE_EXPORT int ${name}() {\n` +
        `  fake::log("UNKNOWN ${name}");\n  return fake::keep(fake::kNotSupported);\n}`,
  );
  return `#include "fake.h"\n${functions.join('\n')}\n`;
}

/** The provider's symbols are bound to a version with the library's own name. */
function versionScript(
  libraries: readonly string[],
  wanted: readonly { name: string; library: string | null }[],
): string {
  return libraries
    .map((library) => {
      const names = wanted.filter((symbol) => symbol.library === library).map(({ name }) => name);
      // A scorer built with the shared runtime wants functions of it that the provider does not.
      if (library.startsWith('libcudart.')) names.push('cuda*', '__cuda*');
      return names.length === 0 ? '' : `${library} { global: ${names.join('; ')}; };\n`;
    })
    .join('');
}
