/**
 * `pathlib.Path`, and what counts as a path.
 */

import { NativeType, PyIterator } from '../../python/objects.js';
import { comparison } from '../../python/operators.js';
import type { Runtime } from '../../python/runtime.js';
import {
  type Keywords,
  NativeFunction,
  PyModule,
  PyObject,
  type Value,
} from '../../python/values.js';
import { argument } from '../arguments.js';
import { baseName, type Files, matcher, normalized } from '../files.js';
import { openFile, textOf } from './file.js';

/** The text of a path; null where the value is none. */
export function pathText(value: Value | undefined): string | null {
  if (typeof value === 'string') return value;
  return value instanceof PyPath ? value.text : null;
}

class PyPath extends PyObject {
  readonly typeName = 'PosixPath';
  readonly text: string;

  constructor(
    path: string,
    private readonly files: Files,
  ) {
    super();
    this.text = tidy(path);
  }
  override hashed(): Value {
    return this.text;
  }
  override binary(
    operator: string,
    other: Value,
    reflected: boolean,
    runtime: Runtime,
  ): Value | undefined {
    const second = pathText(other);
    if (operator === '==' || operator === '!=') {
      return (other instanceof PyPath && other.text === this.text) === (operator === '==');
    }
    if (operator === '<' || operator === '>') {
      if (second === null) return undefined;
      const [left, right] = reflected ? [second, this.text] : [this.text, second];
      return comparison(operator, left, right, runtime);
    }
    if (operator !== '/' || second === null) return undefined;
    return reflected
      ? this.#path(joined(second, this.text))
      : this.#path(joined(this.text, second));
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    const text = this.text;
    const base = baseName(text);
    const dot = base.lastIndexOf('.');
    const suffix = dot > 0 && dot < base.length - 1 ? base.slice(dot) : '';
    switch (name) {
      case 'name':
        return base;
      case 'stem':
        return suffix === '' ? base : base.slice(0, -suffix.length);
      case 'suffix':
        return suffix;
      case 'suffixes':
        return runtime.list(
          base
            .split('.')
            .slice(1)
            .map((each) => `.${each}`),
        );
      case 'parent':
        return this.#path(folderOf(text));
      case 'parents':
        return runtime.list(parentsOf(text).map((each) => this.#path(each)));
      case 'parts':
        return runtime.tuple(
          (text.startsWith('/') ? ['/'] : []).concat(text.split('/').filter(Boolean)),
        );
    }
    const method = METHODS[name];
    if (method === undefined) return undefined;
    return new NativeFunction(name, (args, keywords, inner) =>
      method({ path: this, files: this.files, args, keywords, runtime: inner }),
    );
  }
  #path(path: string): PyPath {
    return new PyPath(path, this.files);
  }
}

interface Call {
  readonly path: PyPath;
  readonly files: Files;
  readonly args: readonly Value[];
  readonly keywords: Keywords;
  readonly runtime: Runtime;
}

const itself = ({ path }: Call) => path;
const asText = ({ path }: Call) => path.text;

const METHODS: Record<string, (call: Call) => Value> = {
  __str__: asText,
  __fspath__: asText,
  __repr__: ({ path }) => `PosixPath('${path.text}')`,
  as_posix: asText,
  exists: (call) => present(call, 'file', 'folder'),
  is_file: (call) => present(call, 'file'),
  is_dir: (call) => present(call, 'folder'),
  is_absolute: ({ path }) => path.text.startsWith('/'),
  resolve: ({ path, files }) => new PyPath(normalized(path.text), files),
  absolute: ({ path, files }) => new PyPath(normalized(path.text), files),
  expanduser: itself,
  joinpath: ({ path, files, args }) =>
    new PyPath(
      args.reduce((all: string, each) => joined(all, pathText(each) ?? ''), path.text),
      files,
    ),
  with_name: ({ path, files, args }) =>
    new PyPath(joined(folderOf(path.text), String(args[0])), files),
  with_suffix: ({ path, files, args }) =>
    new PyPath(path.text.replace(/(\.[^./]*)?$/, String(args[0])), files),
  relative_to: ({ path, files, args }) => {
    const start = `${pathText(args[0]) ?? ''}/`;
    return new PyPath(
      path.text.startsWith(start) ? path.text.slice(start.length) : path.text,
      files,
    );
  },
  match: ({ path, args }) => matcher(String(args[0])).test(baseName(path.text)),
  glob: (call) => found(call, joined(call.path.text, String(call.args[0]))),
  rglob: (call) => found(call, joined(call.path.text, `**/${call.args[0]}`)),
  iterdir: ({ path, files }) =>
    new PyIterator(files.list(path.text).map((each) => new PyPath(joined(path.text, each), files))),
  open: ({ path, files, args, keywords, runtime }) => {
    const mode = argument(args, keywords, 0, 'mode') ?? 'r';
    return openFile(files, path.text, String(mode), runtime);
  },
  read_text: ({ path, files, runtime }) => {
    const file = openFile(files, path.text, 'r', runtime);
    return runtime.call(runtime.attribute(file, 'read'), []);
  },
  read_bytes: ({ path, files, runtime }) => {
    const file = openFile(files, path.text, 'rb', runtime);
    return runtime.call(runtime.attribute(file, 'read'), []);
  },
  write_text: write,
  write_bytes: write,
  stat: ({ path, files, runtime }) => statOf(files, path.text, runtime),
  mkdir: ({ path, files }) => {
    files.makeFolder(path.text);
    return null;
  },
  touch: ({ path, files }) => {
    files.open(path.text, true);
    return null;
  },
  unlink: ({ path, files }) => {
    files.remove(path.text);
    return null;
  },
  rename: move,
  replace: move,
};

function present({ path, files, runtime }: Call, ...wanted: string[]): Value {
  return presence(files, path.text, runtime, ...wanted);
}

/** Whether the path leads to one of the wanted things; not known for what the run does not follow. */
export function presence(files: Files, path: string, runtime: Runtime, ...wanted: string[]): Value {
  const found = files.presence(path);
  if (found === 'maybe') return runtime.unknown(`whether ${path} exists`);
  return wanted.includes(found);
}

function found({ files, runtime }: Call, pattern: string): Value {
  const paths = files.glob(pattern);
  runtime.spend(paths.length);
  return new PyIterator(paths.map((each) => new PyPath(each, files)));
}

function write({ path, files, args, runtime }: Call): Value {
  const file = openFile(files, path.text, typeof args[0] === 'string' ? 'w' : 'wb', runtime);
  return runtime.call(runtime.attribute(file, 'write'), [args[0] ?? null]);
}

function move({ path, files, args }: Call): Value {
  const to = pathText(args[0]) ?? path.text;
  files.move(path.text, to);
  return new PyPath(to, files);
}

export function statOf(files: Files, path: string, runtime: Runtime): Value {
  const size = sizeOf(files, path, runtime);
  const members = new Map<string, Value>([
    ['st_size', size],
    ['st_mtime', 0],
  ]);
  return new PyModule('stat_result', members);
}

/** Size of a file in bytes. */
export function sizeOf(files: Files, path: string, runtime: Runtime): Value {
  const contents = files.read(path);
  if (contents === 'unknown') return runtime.unknown(`the size of ${path}`);
  if (contents === null) return runtime.raise('FileNotFoundError', `No such file: '${path}'`);
  return contents.data.length;
}

export function joined(first: string, second: string): string {
  if (second.startsWith('/') || first === '') return second;
  return second === '' ? first : `${first.replace(/\/+$/, '')}/${second}`;
}

export function folderOf(path: string): string {
  const cut = path.lastIndexOf('/');
  if (cut === -1) return '.';
  return cut === 0 ? '/' : path.slice(0, cut);
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let folder = folderOf(path); ; folder = folderOf(folder)) {
    parents.push(folder);
    if (folder === '/' || folder === '.') return parents;
  }
}

/** As `str(Path(path))` has it: no `./` before it, no slash behind it. */
function tidy(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const text = (path.startsWith('/') ? '/' : '') + parts.join('/');
  return text === '' ? '.' : text;
}

export function pathlibModule(files: Files): PyModule {
  const path = new NativeType(
    'Path',
    (args, _, runtime) => {
      const parts = args.map((each) => pathText(each) ?? textOf(each, runtime));
      if (parts.includes(null)) return runtime.unknown('a path that is not known');
      return new PyPath((parts as string[]).reduce(joined, ''), files);
    },
    (value) =>
      value instanceof PyObject && value.typeName === 'unknown' ? null : value instanceof PyPath,
    new Map<string, Value>([
      ['cwd', new NativeFunction('cwd', () => new PyPath('/work', files))],
      ['home', new NativeFunction('home', () => new PyPath('/root', files))],
    ]),
  );
  const members = ['Path', 'PurePath', 'PosixPath', 'PurePosixPath'].map(
    (name): [string, Value] => [name, path],
  );
  return new PyModule('pathlib', new Map(members));
}

/** The built-in `open`. */
export function openFunction(files: Files): NativeFunction {
  return new NativeFunction('open', (args, keywords, runtime) => {
    const path = pathText(argument(args, keywords, 0, 'file'));
    const mode = argument(args, keywords, 1, 'mode') ?? 'r';
    if (path === null || typeof mode !== 'string') {
      return runtime.unknown('a file whose path is not known');
    }
    return openFile(files, path, mode, runtime);
  });
}
