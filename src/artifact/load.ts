/**
 * Loader of artifacts: a directory with `artifact.json`, or a bare `.onnx`.
 */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, type Stats, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inputError, usageError } from '../errors.js';
import { shellWord } from '../shell-word.js';
import type { Adaptive } from './adaptive.js';
import { allowedOps, checkAllNeeded } from './allowed-ops.js';
import { readCounted } from './counted.js';
import { loadAdaptive } from './load-adaptive.js';
import { type LoadedModel, loadModel, type PortOptions } from './load-model.js';
import { type Manifest, parseManifest } from './manifest.js';
import { readModelFile } from './model-file.js';
import {
  accountSize,
  BYTES_LIMIT,
  type ScoredFile,
  type SizeAccount,
  type StoredFile,
  sha256,
  storedFile,
} from './size.js';
import { type UncountedFile, uncountedFiles } from './uncounted.js';

/** Where a tokenizer comes from: a SentencePiece model file, or the pure byte vocabulary. */
type TokenizerSource = (
  | { readonly kind: 'sentencepiece'; readonly path: string }
  | { readonly kind: 'byte260' }
) &
  /** What begins a document; undefined where the manifest does not say it. */
  Pick<NonNullable<Manifest['tokenizer']>, 'documentStart'>;

/** Folder of the artifacts that come with the package; a clone has more of them (models/README.md). */
const BUNDLED = fileURLToPath(new URL('../../models', import.meta.url));

/** Characters of a path that a refusal repeats. */
const SHOWN_PATH = 200;

export interface Artifact {
  readonly name: string;
  readonly path: string;
  /** Of a bare model without external data its own hash; else the hash of all files' names and hashes. */
  readonly sha256: string;
  readonly model: LoadedModel;
  /** Null for a bare model, and where the manifest names none: the caller must. */
  readonly tokenizer: TokenizerSource | null;
  readonly evaluation: Manifest['evaluation'] | null;
  /** Files of weights beside its models, which are inside their bytes now. */
  readonly external: readonly StoredFile[];
  /** What was changed to load its models, for the result. */
  readonly remarks: readonly string[];
  /** Operators that were accepted because the caller allows them, sorted. */
  readonly allowedOperators: readonly string[];
  /** The state that it carries from chunk to chunk; null where rows are independent. */
  readonly adaptive: Adaptive | null;
  readonly size: SizeAccount;
  /** Files of its folder that are neither counted nor known; none of a bare model, which has no folder. */
  readonly uncounted: readonly UncountedFile[];
}

/**
 * Reads and checks everything an artifact names; runs nothing.
 *
 * @example
 * ```ts
 * import { loadArtifact } from 'bpb-harness';
 *
 * const artifact = await loadArtifact('models/sotu-8x256');
 * console.log(artifact.size.bytesCounted, artifact.model.graph.outputs);
 * ```
 * @param path a directory with `artifact.json`, that file, or a model (`.onnx`, maybe compressed);
 * or, where nothing is there, the name of an artifact that comes with the package
 * @param ports what the model's inputs and outputs are, before what the manifest says of them
 * @throws input errors (exit 3) that name the file and the field
 */
export async function loadArtifact(path: string, ports: PortOptions = {}): Promise<Artifact> {
  const stat = statOf(path);
  if (typeof stat === 'string') {
    if (stat === 'ENOENT' && isBundled(path)) return loadDirectory(join(BUNDLED, path), ports);
    throw inputError('BPB_ARTIFACT_MISSING', {
      message: 'there is no such artifact',
      path,
      expected: 'a directory with artifact.json, or an .onnx file',
      actual: stat === 'ENOENT' ? 'nothing' : stat,
    });
  }
  if (stat.isDirectory()) return loadDirectory(path, ports);
  if (basename(path) === 'artifact.json') return loadDirectory(resolve(path, '..'), ports);
  return loadBareModel(path, ports);
}

/** Refuses what is no plain file, which could be read for ever, and a link to a file of others. */
function checkManifestFile(directory: string, path: string): void {
  const stat = statOf(path);
  if (typeof stat === 'string') return; // the reading says so
  const isLink = escapes(realpathSync(directory), realpathSync(path));
  if (stat.isFile() && !isLink) return;
  throw inputError('BPB_MANIFEST_PATH', {
    message: 'the manifest cannot be taken',
    path,
    expected: 'a plain file in the artifact directory',
    actual: isLink ? 'a link that leads outside' : 'not a plain file',
    hint: 'put a copy of the file there',
  });
}

/** Whether `name` is that of a bundled artifact, in the letters of its folder. */
function isBundled(name: string): boolean {
  return /^[\w-]+$/.test(name) && existsSync(join(BUNDLED, name, 'artifact.json'));
}

async function loadDirectory(directory: string, ports: PortOptions): Promise<Artifact> {
  const manifestPath = join(directory, 'artifact.json');
  checkManifestFile(directory, manifestPath);
  let text: string;
  try {
    text = await readFile(manifestPath, 'utf8');
  } catch {
    throw inputError('BPB_MANIFEST_MISSING', {
      message: 'the directory is no artifact',
      path: manifestPath,
      expected: 'artifact.json, format bpb-artifact/1',
      actual: 'no such file',
      hint: `bpb init ${shellWord(directory)} writes it; or name the .onnx file itself to score it without a manifest`,
    });
  }
  const manifest = parseManifest(text, manifestPath);
  const inside = (name: string): string => pathInside(directory, name, manifestPath);

  const request = { ...manifest.model, root: directory, state: manifest.state?.tensors };
  const modelPath = inside(manifest.model.path);
  const allowed = allowedOps(ports.allowOp);
  const model = await loadModel(modelPath, request, ports).catch(async (error: unknown) => {
    await checkStateAlone(manifest, manifestPath, modelPath, inside, allowed);
    throw error;
  });
  const counted = await readCounted(manifest, manifestPath, inside);
  const tokenizer = tokenizerOf(manifest, inside);
  const loaded = await loadAdaptive(manifest, manifestPath, model, inside, allowed);
  const allowedOperators = checkAllNeeded(allowed, [
    ...model.allowedOperators,
    ...(loaded?.allowedOperators ?? []),
  ]);
  const [own, ...data] = relativeTo(directory, model.files);
  const external = [...data, ...(loaded?.external ?? [])];
  const scored: ScoredFile[] = [{ ...own!, role: 'model' }, ...data.map(asExternal)];
  for (const file of loaded?.scored ?? []) {
    const role = file.name === manifest.adapt?.path ? 'adapt' : 'state';
    scored.push(external.includes(file) ? asExternal(file) : { ...file, role });
  }
  if (tokenizer?.kind === 'sentencepiece') {
    const file = await storedFile(relative(directory, tokenizer.path), tokenizer.path);
    scored.push({ ...file, role: 'tokenizer' });
  }
  const hashed = new Map([...counted, ...scored].map((file) => [file.name, file.sha256]));
  hashed.set('artifact.json', sha256(Buffer.from(text)));
  const size = accountSize(counted, scored);
  return {
    name: manifest.name,
    path: directory,
    sha256: hashOfFiles(hashed),
    model,
    tokenizer,
    evaluation: manifest.evaluation ?? null,
    remarks: [...model.remarks, ...(loaded?.remarks ?? [])],
    external,
    allowedOperators,
    adaptive: loaded?.adaptive ?? null,
    size,
    uncounted: uncountedFiles(directory, [
      manifestPath,
      ...manifest.counted.map(inside),
      ...size.covered.map(inside),
    ]),
  };
}

const asExternal = (file: StoredFile): ScoredFile => ({ ...file, role: 'external' });

/**
 * The checks of the state on the graph as it is stored: where they find an error, it explains why a port
 * could not be bound.
 */
async function checkStateAlone(
  manifest: Manifest,
  manifestPath: string,
  path: string,
  inside: (name: string) => string,
  allowed: ReadonlySet<string>,
): Promise<void> {
  if (manifest.state === undefined && manifest.adapt === undefined) return;
  const { tokens = 'input_ids', logits = 'logits' } = manifest.model;
  const { graph } = await readModelFile(path, dirname(manifestPath), allowed);
  const score = { path, graph, tokens, logits };
  await loadAdaptive(manifest, manifestPath, score, inside, allowed);
}

function tokenizerOf(
  { tokenizer }: Manifest,
  inside: (name: string) => string,
): TokenizerSource | null {
  if (tokenizer === undefined) return null;
  return tokenizer.kind === 'byte260' ? tokenizer : { ...tokenizer, path: inside(tokenizer.path) };
}

async function loadBareModel(path: string, ports: PortOptions): Promise<Artifact> {
  if (!/\.onnx(\.(gz|br|xz|zst))?$/.test(path)) {
    throw usageError('BPB_ARTIFACT_KIND', {
      message: 'the artifact is neither a directory nor an ONNX model',
      path,
      expected:
        'a directory with artifact.json, or a file .onnx, .onnx.xz, .onnx.gz, .onnx.br, .onnx.zst',
      actual: basename(path),
    });
  }
  const root = dirname(path);
  const model = await loadModel(path, { root }, ports);
  const files = relativeTo(root, model.files);
  const [file, ...external] = files;
  const hashed = new Map(files.map(({ name, sha256 }) => [name, sha256]));
  return {
    name: basename(path),
    path,
    sha256: external.length === 0 ? file!.sha256 : hashOfFiles(hashed),
    model,
    tokenizer: null,
    evaluation: null,
    external,
    remarks: model.remarks,
    allowedOperators: checkAllNeeded(allowedOps(ports.allowOp), model.allowedOperators),
    adaptive: null,
    size: {
      bytesCounted: files.reduce((sum, { bytes }) => sum + bytes, 0),
      bytesLimit: BYTES_LIMIT,
      withinLimit: null,
      note: 'a bare model declares no counted files, so its code is not known',
      hint: null,
      counted: files.map((file, k) => ({ ...file, role: k === 0 ? 'model' : 'external' })),
      notCounted: ['code'],
      hashes: new Set(files.flatMap(({ sha256, contentSha256 }) => [sha256, contentSha256])),
      covered: files.map(({ name }) => name),
    },
    uncounted: [],
  };
}

function relativeTo(directory: string, files: readonly StoredFile[]): StoredFile[] {
  return files.map((file) => ({ ...file, name: relative(directory, file.name) }));
}

/** What is there, or why nothing is: also for a name that no file can have, too long or with a NUL. */
function statOf(path: string): Stats | string {
  try {
    return statSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Resolves a manifest's path, which must lie in the artifact also after symbolic links. */
function pathInside(directory: string, name: string, manifestPath: string): string {
  const path = resolve(directory, name);
  const refuse = (actual: string) =>
    inputError('BPB_MANIFEST_PATH', {
      message: `the manifest's path \`${name.slice(0, SHOWN_PATH)}\` cannot be taken`,
      path: manifestPath,
      expected: 'a file inside the artifact directory',
      actual,
    });
  if (isAbsolute(name) || escapes(directory, path)) throw refuse('a path outside of it');
  const stat = statOf(path);
  if (typeof stat === 'string') throw refuse(stat === 'ENOENT' ? 'no such file' : stat);
  if (!stat.isFile()) throw refuse('not a plain file');
  if (escapes(realpathSync(directory), realpathSync(path)))
    throw refuse('a link that leads outside');
  return path;
}

function escapes(directory: string, path: string): boolean {
  const way = relative(resolve(directory), path);
  return way.startsWith('..') || isAbsolute(way);
}

function hashOfFiles(files: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  for (const [name, fileHash] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${fileHash}  ${name}\n`);
  }
  return hash.digest('hex');
}
