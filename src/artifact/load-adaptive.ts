/**
 * Loading of the state and the adapt graph of an artifact: both are read and checked against the ports
 * of both graphs before a runtime gets either (docs/adaptive.md).
 */
import { dirname, relative } from 'node:path';
import { BpbError, inputError } from '../errors.js';
import type { OnnxSummary } from '../onnx/summary.js';
import { shared } from '../shared-memory.js';
import { type AdaptGraph, type Adaptive, type StateTensor, stateBytes } from './adaptive.js';
import { readDecompressed } from './decompress.js';
import type { LoadedModel } from './load-model.js';
import type { Manifest } from './manifest.js';
import { readModelFile } from './model-file.js';
import { type StoredFile, sha256 } from './size.js';
import { checkStatePorts, stateManifestError } from './state-ports.js';
import type { StateManifest } from './state-schema.js';

interface LoadedAdaptive {
  readonly adaptive: Adaptive;
  /** Files that the score depends on, beside the model. */
  readonly scored: readonly StoredFile[];
  /** Those of them that hold weights of the adapt graph. */
  readonly external: readonly StoredFile[];
  /** What was changed to load the adapt graph. */
  readonly remarks: readonly string[];
  /** Operators of the adapt graph that were accepted because the caller allows them. */
  readonly allowedOperators: readonly string[];
}

/**
 * Null where the manifest has no `state`.
 *
 * @param inside resolves a path of the manifest, which must lie in the artifact
 * @param allowed operators that the caller trusts
 * @throws BPB_STATE_…, naming the manifest or the graph, the field, what was expected and found
 */
export async function loadAdaptive(
  manifest: Manifest,
  manifestPath: string,
  score: Pick<LoadedModel, 'path' | 'graph' | 'tokens' | 'logits'>,
  inside: (name: string) => string,
  allowed: ReadonlySet<string>,
): Promise<LoadedAdaptive | null> {
  const { state } = manifest;
  if (state === undefined) {
    if (manifest.adapt === undefined) return null;
    throw stateManifestError(manifestPath, 'adapt', 'a `state` that it changes', 'no `state`');
  }
  checkEvaluation(manifest, state, manifestPath);
  const directory = dirname(manifestPath);
  const scored: StoredFile[] = [];
  const external: StoredFile[] = [];
  const read = async (name: string, most?: number) => {
    const { stored, content } = await readDecompressed(inside(name), most);
    scored.push({
      name,
      bytes: stored.length,
      sha256: sha256(stored),
      contentSha256: sha256(content),
    });
    return shared(content);
  };

  const tensors: StateTensor[] = [];
  for (const { init, ...tensor } of state.tensors) {
    const values =
      init === 'zeros'
        ? null
        : await initialValues(tensor, inside(init.path), () => read(init.path, stateBytes(tensor)));
    tensors.push({ ...tensor, init: values });
  }
  let adapt: AdaptGraph | null = null;
  let remarks: readonly string[] = [];
  let allowedOperators: readonly string[] = [];
  let adaptGraph: OnnxSummary | null = null;
  if (manifest.adapt !== undefined) {
    const path = inside(manifest.adapt.path);
    const { content, graph, files, ...read } = await readModelFile(path, directory, allowed);
    remarks = read.remarks.map((remark) => `adapt graph: ${remark}`);
    allowedOperators = read.allowedOperators;
    const [own, ...data] = files.map((file) => ({ ...file, name: relative(directory, file.name) }));
    scored.push({ ...own!, name: manifest.adapt.path }, ...data);
    external.push(...data);
    adaptGraph = graph;
    adapt = { ...manifest.adapt, path, bytes: shared(content) };
  }
  const { chunk, context, steps } = state;
  const adaptive: Adaptive = { tensors, chunk, context, steps, adapt };
  const fixedRows = checkStatePorts({
    adaptive,
    manifestPath,
    tokens: score.tokens,
    logits: score.logits,
    score,
    adapt: adaptGraph === null ? null : { path: adapt!.path, graph: adaptGraph },
  });
  return {
    adaptive: { ...adaptive, fixedRows },
    scored,
    external,
    remarks,
    allowedOperators,
  };
}

/** @param read gives the file, unpacked no further than the tensor is long */
async function initialValues(
  tensor: Pick<StateTensor, 'name' | 'shape' | 'dtype'>,
  path: string,
  read: () => Promise<Uint8Array<SharedArrayBuffer>>,
): Promise<Uint8Array<SharedArrayBuffer>> {
  const { name, shape, dtype } = tensor;
  const expected = stateBytes(tensor);
  const wrong = (actual: string) =>
    inputError('BPB_STATE_INIT', {
      message: `the initial values of the state \`${name}\` do not fill its shape`,
      path,
      expected: `${expected} bytes for ${dtype} [${shape.join(', ')}]`,
      actual,
    });
  const values = await read().catch((error: unknown) => {
    const longer = error instanceof BpbError && error.code === 'BPB_DECOMPRESS_LIMIT';
    throw longer ? wrong(`more than ${expected} bytes`) : error;
  });
  if (values.length !== expected) throw wrong(`${values.length} bytes`);
  return values;
}

function checkEvaluation(manifest: Manifest, state: StateManifest, path: string): void {
  const { evaluation } = manifest;
  if (evaluation === undefined) return;
  const { seqLen, window, stride } = evaluation;
  if (state.chunk + state.context > seqLen) {
    const actual = `chunk ${state.chunk} and context ${state.context} in rows of ${seqLen}`;
    throw stateManifestError(
      path,
      'state.chunk',
      'chunk + context of at most evaluation.seqLen',
      actual,
    );
  }
  const resets = state.tensors.some(({ reset }) => reset === 'document');
  if (window === 'sliding' || stride !== null) {
    const expected = 'document or chunk windows without a stride; `context` is what overlaps';
    throw stateManifestError(path, 'evaluation', expected, `${window}, stride ${stride ?? 'none'}`);
  }
  if (window === 'chunk' && resets) {
    const expected = 'document windows, as a state resets at documents';
    throw stateManifestError(path, 'evaluation.window', expected, window);
  }
}
