/**
 * Functions of numpy and torch that read the run's files.
 */
import { PyBytes } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import { type Native, NativeFunction, type PyModule, type Value } from '../../python/values.js';
import { argument } from '../arguments.js';
import type { Files } from '../files.js';
import { PyFile } from './file.js';
import { pathText } from './path.js';

/** Bytes of a path or of an open file. */
function bytesOf(files: Files, source: Value, runtime: Runtime): Value {
  if (source instanceof PyFile) return runtime.call(runtime.attribute(source, 'read'), []);
  const path = pathText(source);
  if (path === null) return runtime.unknown('a file that is not known');
  const contents = files.readAt(path, runtime.here());
  if (contents === null) {
    return runtime.raise('FileNotFoundError', `No such file or directory: '${path}'`);
  }
  if (contents === 'unknown') return runtime.unknown(`the contents of ${path}`);
  runtime.spend(contents.data.length / 8);
  return new PyBytes(contents.data, contents.tags);
}

function fromBytes(
  module: PyModule,
  bytes: Value,
  keywords: [string, Value][],
  runtime: Runtime,
): Value {
  const frombuffer = module.attribute('frombuffer', runtime);
  return bytes instanceof PyBytes ? runtime.call(frombuffer, [bytes], new Map(keywords)) : bytes;
}

/** `fromfile`, `memmap`. */
export function addFileReaders(numpy: PyModule, files: Files): void {
  const fromfile: Native = (args, keywords, runtime) => {
    const bytes = bytesOf(files, argument(args, keywords, 0, 'file') ?? null, runtime);
    const options: [string, Value][] = [
      ['dtype', argument(args, keywords, 1, 'dtype') ?? 'float64'],
      ['count', argument(args, keywords, 2, 'count') ?? -1],
      ['offset', argument(args, keywords, 4, 'offset') ?? 0],
    ];
    return fromBytes(numpy, clipped(numpy, bytes, options, runtime), options, runtime);
  };
  const memmap: Native = (args, keywords, runtime) => {
    const bytes = bytesOf(files, argument(args, keywords, 0, 'filename') ?? null, runtime);
    const options: [string, Value][] = [
      ['dtype', argument(args, keywords, 1, 'dtype') ?? 'uint8'],
      ['offset', argument(args, keywords, 3, 'offset') ?? 0],
    ];
    const whole = fromBytes(numpy, bytes, options, runtime);
    const shape = argument(args, keywords, 4, 'shape') ?? null;
    if (shape === null) return whole;
    const sizes = runtime.sequence(shape) ?? [shape];
    const size = sizes.reduce((product: number, each) => product * Number(each), 1);
    const taken = fromBytes(numpy, bytes, [...options, ['count', size]], runtime);
    return runtime.call(runtime.attribute(taken, 'reshape'), [...sizes]);
  };
  numpy.members.set('fromfile', new NativeFunction('fromfile', fromfile));
  numpy.members.set('memmap', new NativeFunction('memmap', memmap));
}

/** `np.fromfile` reads fewer elements than it is asked for where the file ends, which `frombuffer` does not. */
function clipped(
  numpy: PyModule,
  bytes: Value,
  options: [string, Value][],
  runtime: Runtime,
): Value {
  const [, count] = options[1]!;
  const [, offset] = options[2]!;
  if (!(bytes instanceof PyBytes) || typeof count !== 'number' || count < 0) return bytes;
  if (typeof offset !== 'number') return bytes;
  const dtype = runtime.call(numpy.attribute('dtype', runtime), [options[0]![1]]);
  const size = runtime.attribute(dtype, 'itemsize');
  if (typeof size !== 'number') return bytes;
  const there = Math.floor(Math.max(0, bytes.data.length - offset) / size);
  if (there < count) {
    options[1] = ['count', there];
    runtime.host.limited?.(count, there, false, runtime);
  }
  return bytes;
}

/** `torch.from_file(filename, shared, size, dtype)` */
export function addTensorReaders(torch: PyModule, files: Files): void {
  const fromFile: Native = (args, keywords, runtime) => {
    const bytes = bytesOf(files, argument(args, keywords, 0, 'filename') ?? null, runtime);
    const options: [string, Value][] = [
      ['dtype', argument(args, keywords, 3, 'dtype') ?? 'float32'],
      ['count', argument(args, keywords, 2, 'size') ?? -1],
    ];
    return fromBytes(torch, bytes, options, runtime);
  };
  torch.members.set('from_file', new NativeFunction('from_file', fromFile));
}
