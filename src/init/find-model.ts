/**
 * The model of a directory: the one `.onnx` in it, or in its folder `onnx`.
 */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { inputError, usageError } from '../errors.js';
import { shellWord } from '../shell-word.js';

const MODEL = /\.onnx(\.(gz|br|xz|zst))?$/;
/** Weights that are no graph yet. */
const WEIGHTS = /\.(pt|pth|ptz|safetensors|bin|ckpt|gguf)$/;

interface ModelPlace {
  /** Where the manifest goes. */
  readonly directory: string;
  /** Of the model, from the directory. */
  readonly name: string;
  readonly how: string;
}

/** Names in a directory; of one that cannot be read, the reason. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (cause) {
    throw inputError('BPB_INIT_DIRECTORY', {
      message: 'the directory cannot be read',
      path: directory,
      expected: 'a readable directory',
      actual: (cause as NodeJS.ErrnoException).code ?? String(cause),
      cause,
    });
  }
}

function kindOf(path: string): 'directory' | 'file' {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory()) return 'directory';
  if (status?.isFile()) return 'file';
  throw inputError('BPB_ARTIFACT_MISSING', {
    message: 'there is no such model or directory',
    path,
    expected: 'an .onnx file, or a directory that holds one',
    actual: status === undefined ? 'nothing' : 'a special file',
  });
}

function modelsIn(directory: string): string[] {
  const names = namesIn(directory);
  const own = names.filter((name) => MODEL.test(name));
  if (own.length > 0 || !names.includes('onnx')) return own;
  const inner = join(directory, 'onnx');
  if (!statSync(inner).isDirectory()) return own;
  return namesIn(inner)
    .filter((name) => MODEL.test(name))
    .map((name) => join('onnx', name));
}

/**
 * @throws BPB_ARTIFACT_MISSING, BPB_INIT_DIRECTORY; BPB_INIT_NO_MODEL saying what the directory holds;
 *   BPB_INIT_MODELS naming each of several
 */
export function findModel(path: string): ModelPlace {
  if (kindOf(path) === 'file') {
    const directory = dirname(path);
    return { directory, name: relative(directory, path), how: 'as named' };
  }
  const models = modelsIn(path);
  if (models.length === 1) {
    return { directory: path, name: models[0]!, how: 'the only model of the directory' };
  }
  if (models.length === 0) throw noModel(path);
  throw usageError('BPB_INIT_MODELS', {
    message: `the directory holds ${models.length} models`,
    path,
    expected: 'one model, or its name',
    actual: models.join(', '),
    hint: models
      .slice(0, 4)
      .map((name) => `bpb init ${shellWord(join(path, name))}`)
      .join('   or   '),
  });
}

function noModel(path: string) {
  const names = namesIn(path);
  const shown = names.slice(0, 8).join(', ');
  const hasWeights = names.some((name) => WEIGHTS.test(name));
  return inputError('BPB_INIT_NO_MODEL', {
    message: 'the directory holds no ONNX model',
    path,
    expected: 'a file .onnx, .onnx.xz, .onnx.gz, .onnx.br or .onnx.zst',
    actual: names.length === 0 ? 'an empty directory' : `${shown}${names.length > 8 ? ', …' : ''}`,
    hint: hasWeights
      ? 'Weights alone are no graph: export the model with torch.onnx.export(model, (ids,), "model.onnx")'
      : undefined,
  });
}
