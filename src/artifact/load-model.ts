/**
 * Loading of a model file: from what is stored to the bytes that every runtime and every check gets.
 */
import type { OnnxSummary } from '../onnx/summary.js';
import { shared } from '../shared-memory.js';
import { readDecompressed } from './decompress.js';
import { checkModel } from './model-file.js';
import { type StoredFile, sha256 } from './size.js';

/** Ports and settings of a model, as a manifest or a caller names them. */
interface ModelRequest {
  readonly tokens: string;
  readonly logits: string;
  readonly softcap: number | null;
}

export interface LoadedModel extends ModelRequest {
  readonly path: string;
  /** The ONNX file, decompressed, in shared memory. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Of the file, decompressed. */
  readonly sha256: string;
  readonly graph: OnnxSummary;
  /** Files that it was read from, by path; the model's own is the first. */
  readonly files: readonly StoredFile[];
}

/** @throws as `checkModel`, and input errors that name the file where it cannot be read */
export async function loadModel(
  path: string,
  { tokens, logits, softcap }: ModelRequest,
): Promise<LoadedModel> {
  const { stored, content } = await readDecompressed(path);
  const contentSha256 = sha256(content);
  return {
    path,
    bytes: shared(content),
    sha256: contentSha256,
    tokens,
    logits,
    softcap,
    graph: checkModel(content, path),
    files: [{ name: path, bytes: stored.length, sha256: sha256(stored), contentSha256 }],
  };
}
