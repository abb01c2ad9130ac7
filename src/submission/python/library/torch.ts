/**
 * The module `torch`, without models: what is of them is not known, or is left out.
 */
import { NativeType } from '../object-descriptors.js';
import type { Runtime } from '../runtime.js';
import { Sum } from '../sums.js';
import { type Native, type PyModule, Unknown, type Value } from '../values.js';
import { NdArray } from './array.js';
import { Device } from './attributes.js';
import { commonMembers } from './common.js';
import { integerOf } from './convert.js';
import { dataModules } from './data-loader.js';
import { generatorMaker } from './generators.js';
import { context, identity, LibraryModule, natives, nothing, passing } from './library-module.js';
import { lossClasses, lossFunctions } from './losses.js';
import { moduleClass, wrapped } from './models.js';
import { operationsOf } from './operations.js';
import { seeding, torchDrawing } from './random.js';

/** What a model's own layers use: of what they make of the unknown nothing is known. */
const OF_MODELS = [
  ...['layer_norm', 'rms_norm', 'linear', 'embedding', 'scaled_dot_product_attention', 'softcap'],
  ...[
    'normalize',
    'dropout',
    'leaky_relu',
    'softplus',
    'logsigmoid',
    'einsum',
    'bmm',
    'mm',
    'addmm',
  ],
  ...['baddbmm', 'outer', 'norm', 'lerp', 'atan2', 'multinomial', 'bernoulli', 'normal'],
  ...['rand_like', 'randn_like', 'quantile', 'svd', 'fft'],
];

/** Functions that `torch.nn.functional` has as `torch` does. */
const SHARED = ['pad', 'relu', 'sigmoid', 'tanh', 'softmax', 'log_softmax', 'gelu', 'silu'];

const device: Native = (args, keywords) => {
  const given = args[0] ?? keywords.get('type') ?? 'cuda';
  if (given instanceof Device) return given;
  const [type, index] = typeof given === 'string' ? given.split(':') : ['cuda', String(given)];
  return new Device(
    type ?? 'cuda',
    integerOf(args[1] ?? keywords.get('index')) ?? (index === undefined ? null : Number(index)),
  );
};

const isTensor: Native = (args) =>
  args[0] instanceof Unknown ? args[0] : args[0] instanceof NdArray;

const tensorType = (): NativeType =>
  new NativeType(
    'Tensor',
    (args, keywords, runtime) => operationsOf('torch').get('tensor')!(args, keywords, runtime),
    (value) => (value instanceof Unknown ? null : value instanceof NdArray || value instanceof Sum),
  );

const size: Native = (args, _, runtime) =>
  runtime.tuple([...(runtime.sequence(args[0] ?? null) ?? [])]);

/** A parameter of a model: its shape, and nothing of its numbers. */
const parameter: Native = (args, keywords, runtime) => {
  const data = args[0] ?? keywords.get('data');
  if (data instanceof Unknown) return data;
  const reason = new Unknown({ ...runtime.here(), reason: 'a parameter of a model' });
  return data instanceof NdArray
    ? NdArray.unknown(data.shape, data.dtype, reason, 'torch')
    : reason;
};

function cuda(): PyModule {
  const members = new Map<string, Value>(
    natives({
      is_available: () => true,
      device_count: () => 8,
      current_device: () => 0,
      is_bf16_supported: () => true,
      set_device: nothing,
      synchronize: nothing,
      empty_cache: nothing,
      manual_seed: nothing,
      manual_seed_all: nothing,
      reset_peak_memory_stats: nothing,
      max_memory_allocated: () => 0,
      max_memory_reserved: () => 0,
      memory_allocated: () => 0,
      memory_reserved: () => 0,
      get_device_name: () => 'NVIDIA H100 80GB HBM3',
      get_device_capability: (_, __, runtime) => runtime.tuple([9, 0]),
      stream: context,
      device: context,
    }),
  );
  return new LibraryModule('torch.cuda', members, true);
}

/** torch's modules by their dotted names. */
export function torchModules(runtime: Runtime): Map<string, PyModule> {
  const reason = 'torch.nn.Module is not modelled';
  const base = moduleClass({ ...runtime.here(), reason });
  const losses = lossFunctions('torch');
  const passed = Object.fromEntries(OF_MODELS.map((name) => [name, passing(`torch.${name}`)]));
  const operations = commonMembers('torch');
  const functional = new LibraryModule(
    'torch.nn.functional',
    new Map([
      ...natives({ ...passed, ...losses }),
      ...SHARED.map((name): [string, Value] => [name, operations.get(name)!]),
    ]),
    true,
  );
  const autograd = natives({
    no_grad: context,
    enable_grad: context,
    inference_mode: context,
    set_grad_enabled: context,
  });
  const parallel = new LibraryModule(
    'torch.nn.parallel',
    new Map(natives({ DistributedDataParallel: wrapped, DataParallel: wrapped })),
    true,
  );
  const rows = new LibraryModule(
    'torch.nn.utils.rnn',
    new Map([['pad_sequence', operations.get('pad_sequence')!]]),
    true,
  );
  const utilities = new LibraryModule('torch.nn.utils', new Map([['rnn', rows]]), true);
  const nn = new LibraryModule(
    'torch.nn',
    new Map<string, Value>([
      ['Module', base],
      ['functional', functional],
      ['parallel', parallel],
      ['utils', utilities],
      ...natives({
        ...lossClasses('torch'),
        Parameter: parameter,
        DataParallel: wrapped,
        Buffer: identity,
      }),
    ]),
    true,
  );
  const amp = new LibraryModule('torch.amp', new Map(natives({ autocast: context })), true);
  const graphics = cuda();
  graphics.members.set('amp', amp);
  const compiler = new LibraryModule(
    'torch.compiler',
    new Map(
      natives({
        disable: identity,
        compile: identity,
        allow_in_graph: identity,
        is_compiling: () => false,
        cudagraph_mark_step_begin: nothing,
      }),
    ),
    true,
  );
  const jit = new LibraryModule(
    'torch.jit',
    new Map(natives({ script: identity, ignore: identity, export: identity })),
    true,
  );
  const silent = (name: string) => new LibraryModule(`torch.${name}`, new Map(), true);
  const parts = new Map<string, PyModule>([
    ['nn', nn],
    ['cuda', graphics],
    ['amp', amp],
    ['compiler', compiler],
    ['jit', jit],
    ['autograd', new LibraryModule('torch.autograd', new Map(autograd), true)],
    ['special', new LibraryModule('torch.special', new Map(natives(passed)), true)],
    ...[
      'optim',
      'backends',
      'utils',
      'linalg',
      'fft',
      'library',
      'ops',
      '_dynamo',
      '_inductor',
      'mps',
      'version',
      'profiler',
      'fx',
      'onnx',
      'quantization',
      'ao',
      'random',
      'testing',
      '_C',
      'func',
      'export',
      'serialization',
      'futures',
      'multiprocessing',
      'distributions',
      'nested',
      'sparse',
      'masked',
    ].map((name): [string, PyModule] => [name, silent(name)]),
  ]);
  const torch = new LibraryModule(
    'torch',
    new Map<string, Value>([
      ...natives(passed),
      ...operations,
      ...autograd,
      ...parts,
      ['Tensor', tensorType()],
      ['__version__', '2.11.0'],
      ...natives({
        device,
        Size: size,
        is_tensor: isTensor,
        compile: identity,
        autocast: context,
        ...torchDrawing,
        Generator: generatorMaker('Generator', () => ({}), false),
        manual_seed: seeding('torch'),
        seed: nothing,
        set_default_dtype: nothing,
        set_default_device: nothing,
        set_float32_matmul_precision: nothing,
        set_num_threads: nothing,
        set_printoptions: nothing,
        use_deterministic_algorithms: nothing,
        save: nothing,
        get_num_threads: () => 1,
        is_grad_enabled: () => false,
        is_inference_mode_enabled: () => true,
        numel: (args, keywords, rt) =>
          rt.call(rt.attribute(args[0] ?? null, 'numel'), [], keywords),
      }),
    ]),
    false,
  );
  const found = new Map<string, PyModule>([['torch', torch]]);
  for (const [name, module] of parts) found.set(`torch.${name}`, module);
  for (const [name, module] of dataModules()) found.set(name, module);
  const utils = parts.get('utils')!;
  utils.members.set('data', found.get('torch.utils.data')!);
  found.set('torch.nn.functional', functional);
  found.set('torch.nn.parallel', parallel);
  found.set('torch.nn.utils', utilities);
  found.set('torch.nn.utils.rnn', rows);
  found.set('torch.cuda.amp', amp);
  return found;
}
