/**
 * Installer of ONNX Runtime's CUDA provider from an onnxruntime-gpu wheel, into the folder of
 * libonnxruntime, which the runtime searches.
 */

import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  PROVIDER_LIBRARY,
  RECEIPT,
  type Receipt,
  SHARED_LIBRARY,
} from '../engine/cuda/provider-files.js';
import { type BpbError, inputError } from '../errors.js';
import { cudaMajor, type ElfFacts, readElf } from './elf.js';
import { extractZip, readZip, readZipText, type ZipEntry } from './zip.js';

/** ELF machine numbers by Node's names. */
const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

export interface Installed {
  readonly folder: string;
  readonly version: string;
  /** The CUDA version that the provider wants, and the libraries by name. */
  readonly cuda: number | null;
  readonly needed: readonly string[];
}

function refuse(path: string, message: string, expected: string, actual: string): BpbError {
  return inputError('BPB_WHEEL', {
    message,
    path,
    expected,
    actual,
    hint: 'On a machine with network: pip download --no-deps onnxruntime-gpu==VERSION',
  });
}

/**
 * Installs from the wheel beside `runtime`, a libonnxruntime of `version`. Nothing is there that was
 * not checked: files are written beside their place first and then renamed.
 *
 * @throws BpbError (input) for another package, version or machine, or a damaged archive
 */
export async function installWheel(
  wheel: string,
  runtime: string,
  version: string,
): Promise<Installed> {
  const entries = readZip(wheel);
  const metadata = entries.find(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name));
  if (metadata === undefined) throw refuse(wheel, 'This is no wheel.', 'METADATA in it', 'none');
  const text = readZipText(wheel, metadata);
  const found = { name: header(text, 'Name'), version: header(text, 'Version') };
  if (found.name !== 'onnxruntime-gpu' || found.version !== version) {
    throw refuse(
      wheel,
      'The wheel is another one than the runtime needs.',
      `onnxruntime-gpu ${version}, the very version of libonnxruntime`,
      `${found.name} ${found.version}`,
    );
  }
  const folder = dirname(runtime);
  // Beside its place, so that the renaming is one step on one file system.
  const staging = mkdtempSync(join(folder, '.bpb-setup-'));
  try {
    const hashes = new Map<string, string>();
    for (const name of [PROVIDER_LIBRARY, SHARED_LIBRARY]) {
      const entry = entryOf(entries, name, wheel);
      hashes.set(name, await extractZip(wheel, entry, join(staging, name)));
    }
    const provider = join(staging, PROVIDER_LIBRARY);
    const elf = checkMachine(provider, wheel);
    const receipt: Receipt = {
      version,
      source: basename(wheel),
      bytes: statSync(provider).size,
      sha256: hashes.get(PROVIDER_LIBRARY)!,
    };
    writeFileSync(join(staging, RECEIPT), `${JSON.stringify(receipt, null, 2)}\n`);
    for (const name of [SHARED_LIBRARY, PROVIDER_LIBRARY, RECEIPT]) {
      renameSync(join(staging, name), join(folder, name));
    }
    return { folder, version, cuda: cudaMajor(elf.needed), needed: elf.needed };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** A field of the wheel's METADATA, which is in the form of mail headers. */
function header(text: string, field: string): string {
  return new RegExp(`^${field}: (.+)$`, 'm').exec(text)?.[1]?.trim() ?? 'unnamed';
}

function entryOf(entries: readonly ZipEntry[], name: string, wheel: string): ZipEntry {
  const entry = entries.find((candidate) => candidate.name === `onnxruntime/capi/${name}`);
  if (entry !== undefined) return entry;
  throw refuse(wheel, 'The wheel has no CUDA provider.', `onnxruntime/capi/${name}`, 'none');
}

function checkMachine(provider: string, wheel: string): ElfFacts {
  const elf = readElf(provider);
  if (elf.machine === MACHINES[process.arch]) return elf;
  throw refuse(
    wheel,
    'The wheel is for another kind of machine.',
    `a library for ${process.arch} (ELF machine ${MACHINES[process.arch]})`,
    `ELF machine ${elf.machine}`,
  );
}
