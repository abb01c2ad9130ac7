/**
 * The modules `numpy`, and for what they share with it `mlx.core` and `jax.numpy`.
 */
import type { Runtime } from '../runtime.js';
import { type Native, type PyModule, Unknown, type Value } from '../values.js';
import { NdArray } from './array.js';
import { arrayType, commonMembers } from './common.js';
import { asArray, dtypeOf } from './convert.js';
import { sharedDraws } from './draws.js';
import { DType, type Library } from './dtypes.js';
import { generatorMaker } from './generators.js';
import { context, identity, LibraryModule, natives, nothing, passing } from './library-module.js';
import { lossFunctions } from './losses.js';
import { moduleClass } from './models.js';
import { fromiter, select, textsModule } from './numpy-texts.js';
import { numpyDrawing, seeding } from './random.js';

const dtype: Native = (args, keywords, runtime) => {
  const given = args[0] ?? keywords.get('dtype');
  const name = dtypeOf(given, 'numpy');
  return name === null ? runtime.unknown('a type that is not known') : new DType(name);
};

/** `np.shape(x)`, `np.size(x)`, `np.ndim(x)` */
const property =
  (library: Library, name: string): Native =>
  (args, _, runtime) => {
    const array = asArray(args[0] ?? null, library, runtime);
    if (array !== null) return runtime.attribute(array, name);
    return args[0] instanceof Unknown ? args[0] : runtime.unknown(`${name} of what is no array`);
  };

const OF_MODELS = ['einsum', 'outer', 'logaddexp', 'tensordot', 'interp'];

function functions(library: Library): [string, Value][] {
  return natives({
    ...Object.fromEntries(OF_MODELS.map((name) => [name, passing(`${library}.${name}`)])),
    dtype,
    shape: property(library, 'shape'),
    size: property(library, 'size'),
    ndim: property(library, 'ndim'),
    isscalar: (args) => !(args[0] instanceof NdArray),
    errstate: context,
    seterr: nothing,
    set_printoptions: nothing,
    savez: nothing,
  });
}

const silent = (name: string, table: Readonly<Record<string, Native>> = {}) =>
  new LibraryModule(name, new Map(natives(table)), true);

export function numpyModules(): Map<string, PyModule> {
  const members = commonMembers('numpy');
  const tricks = new LibraryModule(
    'numpy.lib.stride_tricks',
    new Map([['sliding_window_view', members.get('sliding_window_view')!]]),
    false,
  );
  const lib = new LibraryModule(
    'numpy.lib',
    new Map<string, Value>([['stride_tricks', tricks]]),
    true,
  );
  const random = silent('numpy.random', {
    ...numpyDrawing((runtime) => sharedDraws('numpy', runtime)),
    seed: seeding('numpy'),
    default_rng: generatorMaker('Generator', numpyDrawing, true),
    RandomState: generatorMaker('RandomState', numpyDrawing, true),
  });
  const numpy = new LibraryModule(
    'numpy',
    new Map<string, Value>([
      ...members,
      ...functions('numpy'),
      ...natives({ fromiter, select }),
      ['char', textsModule()],
      ['ndarray', arrayType('ndarray', 'numpy')],
      ['newaxis', null],
      ['random', random],
      ['linalg', silent('numpy.linalg')],
      ['lib', lib],
      ['__version__', '2.4.0'],
    ]),
    false,
  );
  return new Map<string, PyModule>([
    ['numpy', numpy],
    ['numpy.random', random],
    ['numpy.lib', lib],
    ['numpy.lib.stride_tricks', tricks],
  ]);
}

/** mlx, jax and optax. */
export function mlxModules(runtime: Runtime): Map<string, PyModule> {
  const reason = 'mlx.nn.Module is not modelled';
  const array = arrayType('array', 'mlx');
  const members = new Map<string, Value>([
    ...commonMembers('mlx'),
    ...functions('mlx'),
    ['array', array],
    ['ndarray', array],
    ['newaxis', null],
    ...natives({
      eval: nothing,
      async_eval: nothing,
      compile: identity,
      synchronize: nothing,
      clear_cache: nothing,
    }),
  ]);
  const core = new LibraryModule('mlx.core', members, false);
  core.members.set('random', silent('mlx.core.random', { seed: nothing }));
  core.members.set('fast', silent('mlx.core.fast'));
  const losses = new LibraryModule('mlx.nn.losses', new Map(natives(lossFunctions('mlx'))), true);
  const nn = new LibraryModule(
    'mlx.nn',
    new Map<string, Value>([
      ['Module', moduleClass({ ...runtime.here(), reason })],
      ['losses', losses],
    ]),
    true,
  );
  const jnp = new LibraryModule(
    'jax.numpy',
    new Map([...members, ['array', commonMembers('mlx').get('array')!]]),
    false,
  );
  const jax = silent('jax', {
    jit: identity,
    device_put: identity,
    device_get: identity,
    device_count: () => 1,
  });
  jax.members.set('numpy', jnp);
  const optax = new LibraryModule('optax', new Map(natives(lossFunctions('mlx'))), true);
  return new Map<string, PyModule>([
    [
      'mlx',
      new LibraryModule(
        'mlx',
        new Map<string, Value>([
          ['core', core],
          ['nn', nn],
        ]),
        true,
      ),
    ],
    ['mlx.core', core],
    ['mlx.nn', nn],
    ['mlx.nn.losses', losses],
    ['mlx.optimizers', silent('mlx.optimizers')],
    ['mlx.utils', silent('mlx.utils')],
    ['jax', jax],
    ['jax.numpy', jnp],
    ['optax', optax],
  ]);
}
