/**
 * The modules `os`, `os.path`, `glob` and `shutil`.
 */
import { PyIterator } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import { type Native, PyModule, type Value } from '../../python/values.js';
import { argument, functions, moduleOf } from '../arguments.js';
import { baseName, type Files, normalized } from '../files.js';
import { type Environment, PyEnvironment } from './environment.js';
import { folderOf, joined, pathText, presence, sizeOf, statOf } from './path.js';

/** A function of one path. */
function ofPath(of: (path: string, runtime: Runtime) => Value): Native {
  return ([value], _, runtime) => {
    const path = pathText(value);
    return path === null ? runtime.unknown('a path that is not known') : of(path, runtime);
  };
}

/** A function of two paths, such as `os.replace`. */
function ofTwo(of: (from: string, to: string) => void): Native {
  return ([first, second], _, runtime) => {
    const [from, to] = [pathText(first), pathText(second)];
    if (from === null || to === null) return runtime.unknown('a path that is not known');
    of(from, to);
    return to;
  };
}

export function pathModule(files: Files): PyModule {
  const exists = (...wanted: string[]) =>
    ofPath((path, runtime) => presence(files, path, runtime, ...wanted));
  const absolute = ofPath((path) => normalized(path));
  return moduleOf(
    'os.path',
    {
      join: (args, _, runtime) => {
        const parts = args.map(pathText);
        if (parts.includes(null)) return runtime.unknown('a path that is not known');
        return (parts as string[]).reduce(joined, '');
      },
      exists: exists('file', 'folder'),
      lexists: exists('file', 'folder'),
      isfile: exists('file'),
      isdir: exists('folder'),
      islink: () => false,
      isabs: ofPath((path) => path.startsWith('/')),
      basename: ofPath((path) => (path.endsWith('/') ? '' : baseName(path))),
      dirname: ofPath((path) => folderOf(path).replace(/^\.$/, '')),
      abspath: absolute,
      realpath: absolute,
      normpath: ofPath((path) => (path.startsWith('/') ? normalized(path) : path)),
      expanduser: ofPath((path) => path.replace(/^~/, '/root')),
      expandvars: ofPath((path) => path),
      getsize: ofPath((path, runtime) => sizeOf(files, path, runtime)),
      getmtime: () => 0,
      split: ofPath((path, runtime) =>
        runtime.tuple([folderOf(path).replace(/^\.$/, ''), baseName(path)]),
      ),
      splitext: ofPath((path, runtime) => {
        const suffix = /[^./]+(\.[^./]*)$/.exec(path)?.[1] ?? '';
        return runtime.tuple([path.slice(0, path.length - suffix.length), suffix]);
      }),
    },
    { sep: '/', pathsep: ':' },
  );
}

export function osModule(files: Files, path: PyModule, environment: Environment): PyModule {
  const remove = ofPath((path, runtime) => {
    if (files.presence(path) === 'none') {
      return runtime.raise('FileNotFoundError', `No such file or directory: '${path}'`);
    }
    files.remove(path);
    return null;
  });
  const makeFolder = ofPath((path) => {
    files.makeFolder(path);
    return null;
  });
  const environ = new PyEnvironment(environment);
  const natives: Record<string, Native> = {
    makedirs: makeFolder,
    mkdir: makeFolder,
    remove,
    unlink: remove,
    rmdir: remove,
    rename: ofTwo((from, to) => files.move(from, to)),
    replace: ofTwo((from, to) => files.move(from, to)),
    link: ofTwo((_, to) => files.open(to, false)),
    symlink: ofTwo((_, to) => files.open(to, false)),
    getenv: (args, keywords, runtime) => environ.get(args, keywords, runtime),
    getcwd: () => '/work',
    chdir: () => null,
    cpu_count: () => 8,
    getpid: () => 1,
    fspath: ofPath((path) => path),
    fsync: () => null,
    stat: ofPath((path, runtime) => statOf(files, path, runtime)),
    listdir: ([path], _, runtime) => runtime.list(files.list(pathText(path ?? '.') ?? '.')),
    walk: ofPath((path, runtime) => {
      const names = runtime.list(files.list(path));
      return new PyIterator([runtime.tuple([path, runtime.list([]), names])]);
    }),
    system: () => 0,
    getrandom: (_args, _, runtime) => runtime.unknown('os.getrandom'),
  };
  return moduleOf('os', natives, {
    environ,
    path,
    sep: '/',
    linesep: '\n',
    name: 'posix',
    O_CREAT: 64,
    O_RDWR: 2,
  });
}

export function globModule(files: Files): PyModule {
  const found = (args: readonly Value[], runtime: Runtime, folder: Value | undefined) => {
    const pattern = pathText(args[0]);
    if (pattern === null) return null;
    const paths = files.glob(joined(pathText(folder) ?? '', pattern));
    runtime.spend(paths.length);
    return paths;
  };
  const glob: Native = (args, keywords, runtime) => {
    const paths = found(args, runtime, argument(args, keywords, -1, 'root_dir'));
    return paths === null ? runtime.unknown('a pattern that is not known') : runtime.list(paths);
  };
  const iglob: Native = (args, keywords, runtime) => {
    const paths = found(args, runtime, argument(args, keywords, -1, 'root_dir'));
    return paths === null ? runtime.unknown('a pattern that is not known') : new PyIterator(paths);
  };
  return moduleOf('glob', { glob, iglob });
}

export function shutilModule(files: Files): PyModule {
  const copy = ofTwo((from, to) => {
    const contents = files.read(from);
    const file = files.open(to, false);
    if (contents === null || contents === 'unknown') file.unknown = true;
    else file.data = contents.data.slice();
  });
  const natives = { copy, copy2: copy, copyfile: copy, move: ofTwo((a, b) => files.move(a, b)) };
  const none = { rmtree: () => null, which: () => null };
  return new PyModule('shutil', new Map(functions({ ...natives, ...none })));
}
