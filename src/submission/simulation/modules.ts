/**
 * The table of library modules that a run may import.
 */
import { arrayModule as tensorModule } from '../python/library/modules.js';
import type { Runtime } from '../python/runtime.js';
import type { PyModule } from '../python/values.js';
import { encoderOf } from './encode.js';
import type { Files } from './files.js';
import { argparseModule } from './modules/argparse.js';
import { arrayModule } from './modules/array.js';
import { addFileReaders, addTensorReaders } from './modules/arrays-of-files.js';
import { dataclassesModule } from './modules/dataclasses.js';
import { distributedModule, type Exchange } from './modules/distributed.js';
import { concurrentModules } from './modules/futures.js';
import { jsonModule } from './modules/json.js';
import { globModule, osModule, pathModule, shutilModule } from './modules/os.js';
import { openFunction, pathlibModule } from './modules/path.js';
import { patternsModule } from './modules/patterns.js';
import { randomModule } from './modules/random.js';
import { addSavedArrays } from './modules/saved-arrays.js';
import { sentencepieceModule } from './modules/sentencepiece.js';
import { structModule } from './modules/struct.js';
import * as system from './modules/system.js';
import { multiprocessingModule, queueModule, threadingModule } from './modules/threads.js';
import type { SmallSet } from './types.js';

/** What the modules of one rank's run share. */
export interface Surroundings {
  readonly set: SmallSet;
  readonly files: Files;
  readonly rank: number;
  readonly exchange: Exchange;
  /** Name of the script's file. */
  readonly script: string;
  /** Variables of the environment that are turned on where the script's default is off. */
  readonly switches: RegExp | null;
  readonly setting: (name: string, value: number) => number;
  /** Another module of the library. */
  readonly module: (name: string, runtime: Runtime) => PyModule | null;
}

type Maker = (around: Surroundings, runtime: Runtime) => PyModule | null;

const MODULES: Readonly<Record<string, Maker>> = {
  os: (around, runtime) => {
    const path = around.module('os.path', runtime)!;
    const { files, switches, setting } = around;
    return osModule(files, path, { variables: variablesOf(around), switches, setting });
  },
  'os.path': ({ files }) => pathModule(files),
  glob: ({ files }) => globModule(files),
  fnmatch: patternsModule,
  threading: threadingModule,
  queue: queueModule,
  multiprocessing: multiprocessingModule,
  'multiprocessing.pool': () => multiprocessingModule().members.get('pool') as PyModule,
  shutil: ({ files }) => shutilModule(files),
  pathlib: ({ files }) => pathlibModule(files),
  sentencepiece: ({ set }) => sentencepieceModule(set, encoderOf(set)),
  'torch.distributed': ({ exchange, rank }) => distributedModule(exchange, rank),
  argparse: ({ setting }) => argparseModule(setting),
  sys: ({ script }) => system.sysModule(script),
  dataclasses: dataclassesModule,
  json: jsonModule,
  struct: structModule,
  array: arrayModule,
  time: system.timeModule,
  io: ({ files }) => system.ioModule(openFunction(files)),
  uuid: system.uuidModule,
  random: randomModule,
  logging: system.loggingModule,
  typing: system.typingModule,
  types: system.typesModule,
  copy: system.copyModule,
  fcntl: system.fcntlModule,
  concurrent: () => concurrentModules().concurrent,
  'concurrent.futures': () => concurrentModules()['concurrent.futures'],
  warnings: system.warningsModule,
  gc: system.gcModule,
  tempfile: system.tempfileModule,
  tqdm: system.tqdmModule,
};

/** Packages of torch that are imported for switches of the machine, and of which nothing is modelled. */
const PACKAGES =
  /^torch\.(backends(\.[a-z_]+)*|utils(\.(data|checkpoint))?|cuda(\.amp)?|amp|_dynamo(\.config)?|_inductor(\.config)?|profiler|optim(\.lr_scheduler)?|nn\.(utils|attention|init))$/;

/** Null where it is not modelled. */
export function libraryModule(
  name: string,
  around: Surroundings,
  runtime: Runtime,
): PyModule | null {
  if (Object.hasOwn(MODULES, name)) return MODULES[name]!(around, runtime);
  const module = tensorModule(name, runtime);
  // An empty one stands for any name below: `torch.load` is no module.
  if (module === null || (module.members.size === 0 && !PACKAGES.test(name))) return null;
  complete(name, module, around, runtime);
  return module;
}

function variablesOf({ rank, exchange }: Surroundings): Map<string, string> {
  const ranks = String(exchange.ranks);
  return new Map([
    ['RANK', String(rank)],
    ['LOCAL_RANK', String(rank)],
    ['WORLD_SIZE', ranks],
    ['LOCAL_WORLD_SIZE', ranks],
    ['MASTER_ADDR', 'localhost'],
    ['MASTER_PORT', '29500'],
    ['HOME', '/root'],
    ['USER', 'root'],
    ['CUDA_VISIBLE_DEVICES', '0,1,2,3,4,5,6,7'],
  ]);
}

/** Adds to numpy and torch what reads the run's files, and torch's modules that are modelled apart. */
function complete(name: string, module: PyModule, around: Surroundings, runtime: Runtime) {
  if (name === 'numpy') {
    addFileReaders(module, around.files);
    addSavedArrays(module, around.files);
  }
  if (name !== 'torch') return;
  addTensorReaders(module, around.files);
  module.members.set('distributed', around.module('torch.distributed', runtime)!);
}
