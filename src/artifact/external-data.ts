/**
 * Inlining of a model's external data: its files are read, checked and hashed, and their bytes put
 * where the initializers refer to them (docs/artifact.md).
 */
import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { type BpbError, inputError } from '../errors.js';
import {
  type ExternalReference,
  ExternalReferenceError,
  readExternal,
} from '../onnx/external-data.js';
import { COMPRESSED_EXTENSIONS, decompress, MODEL_BYTES_MAX } from './decompress.js';
import {
  identityOf,
  type PlainFile,
  PlainFileError,
  readPlainFile,
  relativeParts,
} from './plain-file.js';
import { type StoredFile, sha256 } from './size.js';

/** Writers make one file, or one for each of the larger tensors. */
const FILES_MAX = 4096;

/** Where data may be. */
const PLACE = 'a plain file in the directory of the model, or below it';

/** A reference, and its location in the one spelling that all references to the file get. */
type Located = ExternalReference & { readonly file: string };

interface DataFile {
  readonly identity: string;
  readonly content: Uint8Array;
  /** Of the content; computed once, where a checksum is given. */
  sha1: string | null;
  readonly stored: StoredFile;
}

/**
 * The model with the data of its initializers inside; as it is where none is in another file.
 *
 * @param path of the model; data is read from its directory or below
 * @param root directory that the data must be inside as well: the artifact's
 * @throws BPB_MODEL_EXTERNAL_DATA, naming the tensor and the file; BPB_DECOMPRESS and
 * BPB_DECOMPRESS_LIMIT for a compressed file of data
 */
export async function inlineExternalData(
  content: Uint8Array,
  path: string,
  root: string,
): Promise<{ content: Uint8Array; files: StoredFile[] }> {
  const model = named(path, () => readExternal(content, path));
  if (model === null) return { content, files: [] };
  const references = model.references.map((each) => named(path, () => located(each)));
  checkBudget(path, content.length, references);
  const base = await baseOf(path, root);
  const own = identityOf(await stat(path));
  const files = new Map<string, DataFile>();
  let left = MODEL_BYTES_MAX;
  for (const { file, name } of references) {
    if (files.has(file)) continue;
    const read = await readData(path, base, file, left).catch((error: unknown) => {
      throw error instanceof PlainFileError ? fileError(path, name, file, error.actual) : error;
    });
    if (read.identity === own) throw fileError(path, name, file, 'the model itself');
    left -= Math.max(read.content.length, read.stored.bytes);
    files.set(file, read);
  }
  for (const each of references) checkInFile(path, each, files.get(each.file)!);
  checkOverlap(path, references, files);
  const data = references.map(({ file, offset, size }) =>
    files.get(file)!.content.subarray(offset, offset + size),
  );
  return {
    content: model.inlined(data),
    files: [...files.values()].map(({ stored }) => stored),
  };
}

/** @throws ExternalReferenceError */
function located(reference: ExternalReference): Located {
  try {
    return { ...reference, file: relativeParts(reference.location).join('/') };
  } catch (error) {
    if (!(error instanceof PlainFileError)) throw error;
    const { name, location } = reference;
    throw new ExternalReferenceError(name, PLACE, `${error.actual}: ${shown(location)}`);
  }
}

/** Before any file is opened. */
function checkBudget(path: string, modelBytes: number, references: readonly Located[]): void {
  const files = new Set(references.map(({ file }) => file)).size;
  if (files > FILES_MAX) {
    throw externalError(path, {
      message: 'the weights of the model are in too many files',
      expected: `at most ${FILES_MAX} files`,
      actual: `${files} files`,
    });
  }
  const bytes = references.reduce((sum, { size }) => sum + size, modelBytes);
  if (bytes > MODEL_BYTES_MAX) {
    throw externalError(path, {
      message: 'the model is too large with its weights inside',
      expected: `at most ${MODEL_BYTES_MAX} bytes, the limit of one ONNX model`,
      actual: `${bytes} bytes`,
      hint: 'store the weights in a narrower type: fp16, or int8 before DequantizeLinear',
    });
  }
}

/** The model's directory, without links in its path. */
async function baseOf(path: string, root: string): Promise<string> {
  const base = await realpath(dirname(path));
  const way = relative(await realpath(root), base);
  if (!way.startsWith('..') && !isAbsolute(way)) return base;
  throw externalError(path, {
    message: 'the directory of the model is outside the artifact',
    expected: 'a model with external data in the artifact directory or below it',
    actual: 'a directory that a link of the artifact leads to',
  });
}

/** The file, or the one compressed form of it that is there. */
async function readData(path: string, base: string, file: string, most: number): Promise<DataFile> {
  const { name, plain } = await openData(base, file, most);
  const place = join(dirname(path), name);
  const content = await decompress(plain.content, place, most);
  return {
    identity: plain.identity,
    content,
    sha1: null,
    stored: {
      name: place,
      bytes: plain.content.length,
      sha256: sha256(plain.content),
      contentSha256: sha256(content),
    },
  };
}

async function openData(
  base: string,
  file: string,
  most: number,
): Promise<{ name: string; plain: PlainFile }> {
  const found: { name: string; plain: PlainFile }[] = [];
  for (const extension of ['', ...COMPRESSED_EXTENSIONS]) {
    const name = `${file}${extension}`;
    try {
      found.push({ name, plain: await readPlainFile(base, name.split('/'), most) });
    } catch (error) {
      if (!(error instanceof PlainFileError && error.missing)) throw error;
    }
    if (extension === '' && found.length === 1) break;
  }
  const [first, second] = found;
  if (first === undefined) throw new PlainFileError('no such file');
  if (second !== undefined) throw new PlainFileError(`both ${first.name} and ${second.name}`);
  return first;
}

function checkInFile(path: string, reference: Located, data: DataFile): void {
  const { content } = data;
  const { name, file, offset, length, size, checksum } = reference;
  const end = offset + size;
  const expected = length === null ? `data from byte ${offset} to the end` : `${end} bytes or more`;
  if (length === null ? end !== content.length : end > content.length) {
    throw fileError(
      path,
      name,
      file,
      `${content.length} bytes, where the dimensions take ${size} from byte ${offset} on`,
      expected,
    );
  }
  if (checksum === null) return;
  data.sha1 ??= createHash('sha1').update(content).digest('hex');
  if (data.sha1 !== checksum.toLowerCase()) {
    throw fileError(path, name, file, `SHA-1 ${data.sha1}`, `SHA-1 ${checksum}`);
  }
}

/** Tied tensors may share a range as a whole; ranges that overlap in a part are no writer's. */
function checkOverlap(
  path: string,
  references: readonly Located[],
  files: ReadonlyMap<string, DataFile>,
): void {
  const byFile = new Map<string, Located[]>();
  for (const each of references) {
    const { identity } = files.get(each.file)!;
    if (each.size === 0) continue;
    const ranges = byFile.get(identity);
    if (ranges === undefined) byFile.set(identity, [each]);
    else ranges.push(each);
  }
  for (const ranges of byFile.values()) {
    ranges.sort((a, b) => a.offset - b.offset || a.size - b.size);
    for (const [k, at] of ranges.entries()) {
      const before = ranges[k - 1];
      if (before === undefined || before.offset + before.size <= at.offset) continue;
      if (before.offset === at.offset && before.size === at.size) continue;
      throw fileError(
        path,
        at.name,
        at.file,
        `bytes ${at.offset} to ${at.offset + at.size}, which overlap those of \`${shown(before.name)}\``,
        'a range of its own, or all of another tensor’s',
      );
    }
  }
}

function named<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ExternalReferenceError)) throw error;
    const { tensor, expected, actual } = error;
    throw externalError(path, {
      message: `the external data of the tensor \`${shown(tensor)}\` cannot be read`,
      expected,
      actual,
    });
  }
}

function fileError(
  path: string,
  tensor: string,
  file: string,
  actual: string,
  expected: string = PLACE,
): BpbError {
  return externalError(path, {
    message: `the external data of the tensor \`${shown(tensor)}\` cannot be read from \`${shown(file)}\``,
    expected,
    actual,
  });
}

function externalError(
  path: string,
  details: { message: string; expected: string; actual: string; hint?: string },
): BpbError {
  return inputError('BPB_MODEL_EXTERNAL_DATA', {
    path,
    hint:
      'put the files beside the model as copies (cp -L), or save all in one: ' +
      `python3 -c "import onnx; onnx.save(onnx.load('${pythonName(path)}'), 'one-file.onnx')"`,
    ...details,
  });
}

/** The name where shell and Python take it as it is: a manifest may choose it, and readers copy the line. */
function pythonName(path: string): string {
  const name = basename(path);
  return /^[\w@%+=:,. -]+$/.test(name) ? name : 'model.onnx';
}

/** Names come from a stranger: short, and without control characters. */
function shown(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 77)}...` : name;
  return JSON.stringify(short).slice(1, -1);
}
