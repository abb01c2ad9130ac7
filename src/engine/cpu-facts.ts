/**
 * What the kernels of ONNX Runtime find of this CPU, so far as it changes what they compute.
 */
import { closeSync, openSync, readSync } from 'node:fs';

export interface CpuFacts {
  /** As Node names it: `x64`, `arm64`. */
  readonly arch: string;
  /** Features, as Linux names them; null where the system does not list them. */
  readonly features: ReadonlySet<string> | null;
}

/** Bytes of /proc/cpuinfo that hold the features of the first core; there is a list for each core. */
const FIRST_CORE = 2 ** 14;

/** Of the machine that this process runs on. */
export function cpuFacts(): CpuFacts {
  return { arch: process.arch, features: featuresOf(readStart('/proc/cpuinfo')) };
}

/** @param cpuinfo the content of /proc/cpuinfo, or its beginning */
export function featuresOf(cpuinfo: string): CpuFacts['features'] {
  const [, list] = /^flags\s*:(.*)$/m.exec(cpuinfo) ?? [];
  return list === undefined ? null : new Set(list.trim().split(/\s+/));
}

/**
 * Whether products of unsigned by signed bytes may saturate: without VNNI, x64 kernels add two
 * neighboring products in 16 bits (`vpmaddubsw`), where 2 · 255 · 127 does not fit.
 *
 * True where the features are not known: the other kernel is slower, and right on every CPU.
 */
export function productsSaturate({ arch, features }: CpuFacts): boolean {
  if (arch !== 'x64' && arch !== 'ia32') return false;
  return features === null || !(features.has('avx512_vnni') || features.has('avx_vnni'));
}

/** The first bytes of a file as text; empty where it cannot be read. */
function readStart(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(FIRST_CORE);
      return buffer.toString('latin1', 0, readSync(file, buffer, 0, FIRST_CORE, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}
