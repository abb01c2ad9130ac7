/**
 * Small modules of the standard library that a script needs to get to its evaluation.
 */
import { NativeType, PyClass, PyDict, PyInstance, PyList, PyTuple } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import {
  type Native,
  NativeFunction,
  PyModule,
  PyObject,
  Unknown,
  type Value,
} from '../../python/values.js';
import { moduleOf } from '../arguments.js';
import { namedTupleClass } from './dataclasses.js';
import { buffer } from './file.js';

export const nothing: Native = () => null;

/** Clocks go on by this much with each reading, in seconds. */
const TICK = 0.001;

export function timeModule(): PyModule {
  let now = 1;
  const clock = () => {
    now += TICK;
    return now;
  };
  return moduleOf('time', {
    time: clock,
    perf_counter: clock,
    monotonic: clock,
    process_time: clock,
    perf_counter_ns: () => Math.round(clock() * 1e9),
    time_ns: () => Math.round(clock() * 1e9),
    sleep: nothing,
    strftime: () => '2026-01-01 00:00:00',
    ctime: () => 'Thu Jan  1 00:00:00 2026',
  });
}

/** What the script prints goes to the host. */
function stream(): PyModule {
  const write: Native = (args, _, runtime) => {
    runtime.host.printed?.(args, runtime);
    return 0;
  };
  return moduleOf('stream', { write, flush: nothing, isatty: () => false });
}

export function sysModule(script: string): PyModule {
  const exit: Native = (_args, _, runtime) => runtime.raise('SystemExit', 'the script ends');
  const version = [3, 12, 0, 'final', 0];
  return moduleOf(
    'sys',
    {
      exit,
      getsizeof: (_args, _, runtime) => runtime.unknown('sys.getsizeof'),
      getrecursionlimit: () => 1000,
      setrecursionlimit: nothing,
      intern: ([text]) => text ?? null,
    },
    {
      argv: new PyList([script]),
      version: '3.12.0 (main) [GCC]',
      version_info: new PyTuple(version, ['major', 'minor', 'micro', 'releaselevel', 'serial']),
      path: new PyList(['/work']),
      modules: new PyDict(),
      platform: 'linux',
      byteorder: 'little',
      executable: '/usr/bin/python3',
      maxsize: Number.MAX_SAFE_INTEGER,
      stdout: stream(),
      stderr: stream(),
    },
  );
}

export function ioModule(open: Value): PyModule {
  return moduleOf('io', { BytesIO: buffer(true), StringIO: buffer(false) }, { open });
}

/** A number that a run is named by. */
class Uuid extends PyObject {
  readonly typeName = 'UUID';
  override attribute(name: string): Value | undefined {
    const text = '00000000-0000-4000-8000-000000000000';
    if (name === 'hex') return text.replaceAll('-', '');
    return /^__(str|repr)__$/.test(name) ? new NativeFunction(name, () => text) : undefined;
  }
}

export function uuidModule(): PyModule {
  const id = new Uuid();
  return moduleOf('uuid', { uuid4: () => id, uuid1: () => id });
}

export function typesModule(): PyModule {
  const space = new PyClass('SimpleNamespace', [], new Map());
  const make: Native = (_args, keywords) => {
    const result = new PyInstance(space);
    for (const [name, value] of keywords) result.attributes.set(name, value);
    return result;
  };
  return moduleOf('types', { SimpleNamespace: make });
}

export function loggingModule(): PyModule {
  const print: Native = (args, _, runtime) => {
    runtime.host.printed?.(args, runtime);
    return null;
  };
  const names = ['debug', 'info', 'warning', 'error', 'critical', 'log', 'exception'];
  const natives = Object.fromEntries(names.map((name) => [name, print]));
  const quiet = ['setLevel', 'addHandler', 'basicConfig', 'disable', 'captureWarnings'];
  for (const name of quiet) natives[name] = nothing;
  const logger = moduleOf('Logger', natives, { handlers: new PyList([]) });
  const levels = { DEBUG: 10, INFO: 20, WARNING: 30, ERROR: 40 };
  return moduleOf('logging', { ...natives, getLogger: () => logger }, levels);
}

/** A name of `typing`: it may be indexed, called and derived from without effect. */
class Annotation extends PyObject {
  readonly typeName = 'type';
  override item(): Value {
    return this;
  }
  override binary(operator: string): Value | undefined {
    return operator === '|' ? this : undefined;
  }
  override call(args: readonly Value[]): Value {
    return args.at(-1) ?? null;
  }
}

export function typingModule(): PyModule {
  const names =
    'Any AnyStr Callable ClassVar DefaultDict Deque Dict Final FrozenSet Generator Iterable Iterator List Literal Mapping MutableMapping Optional Protocol Sequence Set Tuple Type TypeVar Union NewType Annotated Self TypeAlias';
  const annotation = new Annotation();
  const members = names.split(' ').map((name): [string, Value] => [name, annotation]);
  const natives: Record<string, Native> = {
    cast: ([, value]) => value ?? null,
    overload: ([value]) => value ?? null,
    final: ([value]) => value ?? null,
  };
  return moduleOf('typing', natives, {
    ...Object.fromEntries(members),
    NamedTuple: namedTupleClass(),
    TYPE_CHECKING: false,
  });
}

/** Deeper values are shared instead of copied. */
const DEPTH_MAX = 50;

function copied(value: Value, deep: boolean, runtime: Runtime, depth = 0): Value {
  if (!(value instanceof PyObject) || value instanceof Unknown) return value;
  if (depth >= DEPTH_MAX) return value;
  runtime.spend(1);
  const inner = (each: Value) => (deep ? copied(each, deep, runtime, depth + 1) : each);
  if (value instanceof PyList) return runtime.list(value.items.map(inner));
  if (value instanceof PyTuple && value.names === null)
    return runtime.tuple(value.items.map(inner));
  if (value instanceof PyDict) {
    return runtime.dict([...value.entries.values()].map(([key, item]) => [key, inner(item)]));
  }
  const clone = value.attribute('clone', runtime) ?? value.attribute('copy', runtime);
  return clone instanceof NativeFunction ? runtime.call(clone, []) : value;
}

export function copyModule(): PyModule {
  return moduleOf('copy', {
    copy: ([value], _, runtime) => copied(value ?? null, false, runtime),
    deepcopy: ([value], _, runtime) => copied(value ?? null, true, runtime),
  });
}

export function fcntlModule(): PyModule {
  const codes = { LOCK_EX: 2, LOCK_SH: 1, LOCK_UN: 8, LOCK_NB: 4 };
  return moduleOf('fcntl', { flock: nothing, lockf: nothing, fcntl: nothing }, codes);
}

export function warningsModule(): PyModule {
  return moduleOf('warnings', { warn: nothing, filterwarnings: nothing, simplefilter: nothing });
}

export function gcModule(): PyModule {
  return moduleOf('gc', { collect: () => 0, disable: nothing, enable: nothing, freeze: nothing });
}

export function tempfileModule(): PyModule {
  const natives = { gettempdir: () => '/tmp', mkdtemp: () => '/tmp/run' };
  return moduleOf('tempfile', natives);
}

/** `tqdm(iterable)` is the iterable. */
export function tqdmModule(): PyModule {
  const tqdm = new NativeType(
    'tqdm',
    ([items], keywords, runtime) =>
      items ?? keywords.get('iterable') ?? runtime.unknown('a progress bar of its own'),
    () => false,
    new Map<string, Value>([['write', new NativeFunction('write', nothing)]]),
  );
  const trange: Native = (args, _, runtime) => {
    const items = Array.from({ length: Number(args[0] ?? 0) }, (_each, i) => i);
    return runtime.list(items);
  };
  return new PyModule(
    'tqdm',
    new Map<string, Value>([
      ['tqdm', tqdm],
      ['trange', new NativeFunction('trange', trange)],
      ['auto', new PyModule('tqdm.auto', new Map([['tqdm', tqdm]]))],
    ]),
  );
}
