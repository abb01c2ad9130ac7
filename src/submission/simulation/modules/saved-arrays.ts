/**
 * `numpy.save` and `numpy.load`, in numpy's own format (numpy/lib/format.py, version 1.0): a text that says the type and
 * the shape, then the elements.
 */
import { PyBytes } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import { type Native, NativeFunction, type PyModule, type Value } from '../../python/values.js';
import { argument } from '../arguments.js';
import type { Files } from '../files.js';
import { pathText } from './path.js';

const MAGIC = '\x93NUMPY\x01\x00';
/** Bytes before the text: the magic string and the text's length. */
const BEFORE = 10;
/** The text ends where a multiple of so many bytes does. */
const ALIGNMENT = 64;
/** Tokens lie behind the header of a shard. */
const SHARD_HEADER = 1024;

const withSuffix = (path: string): string => (/\.np[yz]$/.test(path) ? path : `${path}.npy`);

export function addSavedArrays(numpy: PyModule, files: Files): void {
  const save: Native = (args, keywords, runtime) => {
    const path = pathText(argument(args, keywords, 0, 'file') ?? null);
    if (path === null) return null;
    const file = files.open(withSuffix(path), false);
    const given = argument(args, keywords, 1, 'arr') ?? null;
    const array = runtime.call(numpy.attribute('asarray', runtime), [given]);
    const data = saved(array, runtime);
    if (data === null) file.unknown = true;
    else file.data = data;
    return null;
  };
  const load: Native = (args, keywords, runtime) => {
    const path = pathText(argument(args, keywords, 0, 'file') ?? null);
    if (path === null) return runtime.unknown('a file that is not known');
    const contents = files.read(path);
    if (contents === null) {
      return runtime.raise('FileNotFoundError', `No such file or directory: '${path}'`);
    }
    if (contents === 'unknown') return runtime.unknown(`the contents of ${path}`);
    const { data, tags } = contents;
    const head = Buffer.from(data.subarray(0, BEFORE)).toString('latin1');
    const own = head.startsWith(MAGIC);
    if (!own && !path.endsWith('.npy')) return runtime.unknown(`the contents of ${path}`);
    const text = own ? data[8]! + 256 * data[9]! : SHARD_HEADER - BEFORE;
    const named = Buffer.from(data.subarray(BEFORE, BEFORE + text)).toString('latin1');
    const dtype = (own ? /'descr': '([^']*)'/.exec(named)?.[1] : null) ?? '<u2';
    runtime.spend(data.length / 8);
    const array = runtime.call(
      numpy.attribute('frombuffer', runtime),
      [new PyBytes(data, tags)],
      new Map<string, Value>([
        ['dtype', dtype],
        ['offset', BEFORE + text],
      ]),
    );
    if (!own) return array;
    const sizes = (/'shape': \(([^)]*)\)/.exec(named)?.[1] ?? '').match(/\d+/g) ?? [];
    return runtime.call(runtime.attribute(array, 'reshape'), [runtime.tuple(sizes.map(Number))]);
  };
  numpy.members.set('save', new NativeFunction('save', save));
  numpy.members.set('load', new NativeFunction('load', load));
}

/** Null where the elements are not known. */
function saved(array: Value, runtime: Runtime): Uint8Array | null {
  const descr = runtime.attribute(runtime.attribute(array, 'dtype'), 'name');
  const shape = runtime.text(runtime.attribute(array, 'shape'));
  const bytes = runtime.call(runtime.attribute(array, 'tobytes'), []);
  if (!(bytes instanceof PyBytes) || typeof descr !== 'string' || shape === null) return null;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const length = Math.ceil((BEFORE + text.length + 1) / ALIGNMENT) * ALIGNMENT - BEFORE;
  const head = Buffer.alloc(BEFORE);
  head.write(MAGIC, 'latin1');
  head.writeUInt16LE(length, 8);
  return Buffer.concat([head, Buffer.from(`${text.padEnd(length - 1)}\n`, 'latin1'), bytes.data]);
}
