/**
 * Session settings of ONNX Runtime that all sessions of all engines have in common.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CpuFacts, cpuFacts, productsSaturate } from './cpu-facts.js';

/**
 * Folder that external data would be read from: below a plain file nothing can ever be. A folder of our
 * own would have to be made and removed, fails on a read-only disk, and others could write into it.
 */
const NO_FILES = join(fileURLToPath(import.meta.url), 'no-files');

/** Config entries; keys and values are ONNX Runtime's own. */
const COMMON: Readonly<Record<string, string>> = {
  // Else the runtime takes bytes 4 to 7 for the mark of its own format, and runs another model than is read.
  'session.load_model_format': 'ONNX',
  // Else a model from memory reads external data below the process's working directory. The reader has
  // inlined what an artifact may read and refused the rest; this holds should it have missed a place.
  'session.model_external_initializers_file_folder_path': NO_FILES,
  // By default DequantizeLinear + MatMul become a product with int8 ACTIVATIONS, off by 0.5–3 %.
  // Without the rewrite, constants are dequantized once and everything is computed in fp32.
  'session.disable_quant_qdq': '1',
  // Should a MatMulNBits be made all the same, level 0 keeps its activations as they are.
  'session.qdq_matmulnbits_accuracy_level': '0',
  // Threads that spin while they wait take the cores from the sessions of other workers. Measured on
  // two busy cores with 24 products of 512: two threads took 0.10 s a batch without spinning and
  // 0.12 to 0.17 s with it; one thread is as fast either way.
  'session.intra_op.allow_spinning': '0',
};

// Constant int8 weights become uint8, whose products are exact on every CPU. Where the CPU has VNNI
// they are exact as they are, and the other kernel takes 3 to 14 times as long (docs/performance.md).
const EXACT_PRODUCTS = { 'session.x64quantprecision': '1' };

let ofThisMachine: Readonly<Record<string, string>> | undefined;

/** The entries for sessions on this machine. */
export function sessionConfig(): Readonly<Record<string, string>> {
  ofThisMachine ??= sessionConfigFor(cpuFacts());
  return ofThisMachine;
}

/** The entries for sessions on a machine with that CPU. */
export function sessionConfigFor(cpu: CpuFacts): Readonly<Record<string, string>> {
  return productsSaturate(cpu) ? { ...COMMON, ...EXACT_PRODUCTS } : COMMON;
}
