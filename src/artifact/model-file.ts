/**
 * Reader of a model file of an artifact: unpacked, with its external data inside, and checked; with a
 * guess of what it is where it is no ONNX file.
 */
import { guessContent } from '../data/content.js';
import { inputError } from '../errors.js';
import { checkOnnx } from '../onnx/check.js';
import { lowerVersions } from '../onnx/lower.js';
import type { OnnxSummary } from '../onnx/summary.js';
import { readDecompressed } from './decompress.js';
import { inlineExternalData } from './external-data.js';
import { type StoredFile, sha256 } from './size.js';

interface ModelFile {
  /** The model, with all weights inside, of versions that the runtime has. */
  readonly content: Uint8Array;
  readonly graph: OnnxSummary;
  /** Files that it was read from, by path; the model's own is the first. */
  readonly files: readonly [model: StoredFile, ...external: StoredFile[]];
  /** What was changed to load it, for the result. */
  readonly remarks: readonly string[];
  /** Operators that were accepted because the caller allows them. */
  readonly allowedOperators: readonly string[];
}

/**
 * @param root directory that files of external data must be inside
 * @param allowed operators that the caller trusts
 * @throws as `readDecompressed`, `inlineExternalData`, `checkOnnx` and `lowerVersions`
 */
export async function readModelFile(
  path: string,
  root: string,
  allowed: ReadonlySet<string>,
): Promise<ModelFile> {
  const { stored, content } = await readDecompressed(path);
  checkKind(content, path);
  const inlined = await inlineExternalData(content, path, root);
  const own = {
    name: path,
    bytes: stored.length,
    sha256: sha256(stored),
    contentSha256: sha256(content),
  };
  const checked = checkOnnx(inlined.content, path, allowed);
  const { model, remarks } = lowerVersions(inlined.content, path, checked);
  const graph = model === inlined.content ? checked : checkOnnx(model, path, allowed);
  const { allowedOperators } = checked;
  return { content: model, graph, files: [own, ...inlined.files], remarks, allowedOperators };
}

/** @throws BPB_MODEL_NOT_ONNX for what looks like another kind of file */
function checkKind(bytes: Uint8Array, path: string): void {
  const guess = bytes.length === 0 ? 'an empty file' : guessContent(bytes.subarray(0, 512));
  if (guess === null) return;
  throw inputError('BPB_MODEL_NOT_ONNX', {
    message: 'the model is not an ONNX file',
    path,
    expected: 'an ONNX model',
    actual: guess,
    hint: 'a compressed model needs its extension (.gz, .br, .xz, .zst); an LFS pointer needs `git lfs pull`',
  });
}
