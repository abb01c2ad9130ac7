/**
 * Loading of a model file: from what is stored to the bytes that every runtime and every check gets.
 */
import type { OnnxSummary } from '../onnx/summary.js';
import { shared } from '../shared-memory.js';
import { readModelFile } from './model-file.js';
import type { StoredFile } from './size.js';

/** Ports and settings of a model, as a manifest or a caller names them. */
interface ModelPorts {
  readonly tokens: string;
  readonly logits: string;
  readonly softcap: number | null;
}

interface ModelRequest extends ModelPorts {
  /** Directory that files of external data must be inside: the artifact's. */
  readonly root: string;
}

export interface LoadedModel extends ModelPorts {
  readonly path: string;
  /** The model, decompressed and with its external data inside, in shared memory. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Of the `.onnx` file, decompressed; `files` has the hashes of its external data. */
  readonly sha256: string;
  readonly graph: OnnxSummary;
  /** Files that it was read from, by path; the model's own is the first. */
  readonly files: readonly StoredFile[];
  /** What was changed to load it, for the result. */
  readonly remarks: readonly string[];
}

/** @throws as `readModelFile`, and input errors that name the file where it cannot be read */
export async function loadModel(
  path: string,
  { tokens, logits, softcap, root }: ModelRequest,
): Promise<LoadedModel> {
  const { content, graph, files, remarks } = await readModelFile(path, root);
  return {
    path,
    bytes: shared(content),
    sha256: files[0].contentSha256,
    tokens,
    logits,
    softcap,
    graph,
    files,
    remarks,
  };
}
