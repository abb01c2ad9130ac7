/**
 * `torch.utils.data`: the loader, which reads batches of a data set one after the other, as one worker does.
 */
import { type PyClass, PyInstance } from '../object-classes.js';
import { PyIterator } from '../object-functions.js';
import type { Runtime } from '../runtime.js';
import { type Native, NativeFunction, type PyModule, Unknown, type Value } from '../values.js';
import { bind, integerOf } from './convert.js';
import { collate, convert } from './data-collation.js';
import { batchCount, batches, samplers } from './data-samplers.js';
import { dataSets } from './data-sets.js';
import { LibraryModule } from './library-module.js';
import { keep, kept, lengthOf, nativeClass } from './native-class.js';

const PARAMETERS = [
  ...(['dataset', 'batch_size', 'shuffle', 'sampler', 'batch_sampler', 'num_workers'] as const),
  ...(['collate_fn', 'pin_memory', 'drop_last', 'timeout', 'worker_init_fn'] as const),
] as const;

/** Samples, or with a size of batches several joined. */
function* loaded(self: PyInstance, iterable: PyClass, runtime: Runtime): Generator<Value> {
  const dataset = kept(self, 'dataset');
  const given = kept(self, 'collate_fn');
  const own = (samples: Value[]): Value =>
    given === null ? collate(samples, runtime) : runtime.call(given, [runtime.list(samples)]);
  const alone = (sample: Value): Value =>
    given === null ? convert(sample, runtime) : runtime.call(given, [sample]);
  const size = integerOf(kept(self, 'batch_size'));
  const drops = runtime.truth(kept(self, 'drop_last')) === true;
  if (dataset instanceof PyInstance && dataset.cls.derives(iterable)) {
    if (size === null) for (const each of runtime.iterate(dataset)) yield alone(each);
    else {
      for (const batch of batches(dataset, size, drops, runtime)) {
        yield own([...runtime.sequence(batch)!]);
      }
    }
    return;
  }
  const sample = (place: Value) => {
    runtime.spend(1);
    return runtime.item(dataset, place);
  };
  const ofBatches = kept(self, 'batch_sampler');
  const sampler = kept(self, 'sampler');
  if (ofBatches === null && size === null) {
    for (const place of runtime.iterate(sampler)) yield alone(sample(place));
    return;
  }
  const all =
    ofBatches === null ? batches(sampler, size!, drops, runtime) : runtime.iterate(ofBatches);
  for (const batch of all) yield own([...runtime.iterate(batch)].map(sample));
}

function loaderClass(iterable: PyClass, sequential: PyClass, random: PyClass): PyClass {
  return nativeClass('DataLoader', [], {
    __init__: (self, args, keywords, runtime) => {
      const [dataset = null, size = 1, shuffle = false, sampler, ofBatches, , joins, , drops] =
        bind(args, keywords, PARAMETERS);
      const order = (): Value => {
        if (dataset instanceof PyInstance && dataset.cls.derives(iterable)) return null;
        const cls = runtime.truth(shuffle) === false ? sequential : random;
        const generator = keywords.get('generator');
        const given = cls === random && generator !== undefined ? [['generator', generator]] : [];
        return runtime.call(cls, [dataset], new Map(given as [string, Value][]));
      };
      keep(self, {
        dataset,
        batch_size: ofBatches == null ? rowsOf(size, runtime) : null,
        sampler: sampler ?? order(),
        batch_sampler: ofBatches ?? null,
        collate_fn: joins ?? null,
        drop_last: drops ?? false,
        num_workers: 0,
      });
      return null;
    },
    __iter__: (self, _, __, runtime) => {
      const unknown = notKnown(self);
      return unknown ?? new PyIterator(loaded(self, iterable, runtime), 'generator');
    },
    __len__: (self, _, __, runtime) => {
      const ofBatches = kept(self, 'batch_sampler');
      if (ofBatches !== null) return lengthOf(ofBatches, runtime);
      const sampler = kept(self, 'sampler');
      const length = lengthOf(sampler ?? kept(self, 'dataset'), runtime);
      const size = integerOf(kept(self, 'batch_size'));
      if (length instanceof Unknown || size === null) return length;
      return batchCount(length, size, runtime.truth(kept(self, 'drop_last')) === true);
    },
  });
}

/** Rows of a batch, for which the host may have a smaller number. */
function rowsOf(size: Value, runtime: Runtime): Value {
  if (size === null || size instanceof Unknown) return size;
  const rows = integerOf(size);
  if (rows === null || rows < 1) {
    return runtime.raise('ValueError', 'batch_size should be a positive integer value');
  }
  return runtime.host.setting('loader_batch_size', rows);
}

/** What a batch depends on and is not known; null where all is. */
function notKnown(self: PyInstance): Unknown | null {
  for (const name of ['dataset', 'batch_size', 'drop_last', 'sampler', 'batch_sampler']) {
    const value = kept(self, name);
    if (value instanceof Unknown) return value;
  }
  return null;
}

const joined: Native = ([samples = null], _, runtime) =>
  collate([...runtime.iterate(samples)], runtime);
const converted: Native = ([sample = null], _, runtime) => convert(sample, runtime);

/** `torch.utils.data` and its modules by their dotted names. */
export function dataModules(): Map<string, PyModule> {
  const sets = dataSets();
  const { sequential, random, distributed, members } = samplers();
  const collation: [string, Value][] = [
    ['default_collate', new NativeFunction('default_collate', joined)],
    ['default_convert', new NativeFunction('default_convert', converted)],
  ];
  const loader = loaderClass(sets.iterable, sequential, random);
  const all: [string, Value][] = [
    ...([...sets.members, ...members] as [string, Value][]),
    ['DataLoader', loader],
    ...collation,
    // The one worker is the process itself.
    ['get_worker_info', new NativeFunction('get_worker_info', () => null)],
  ];
  const parts: [string, Map<string, Value>][] = [
    ['dataset', new Map(sets.members)],
    ['sampler', new Map(members)],
    ['dataloader', new Map([['DataLoader', loader as Value], ...collation])],
    ['distributed', new Map([['DistributedSampler', distributed as Value]])],
    ['_utils', new Map()],
  ];
  const modules = parts.map(([name, own]): [string, PyModule] => {
    return [name, new LibraryModule(`torch.utils.data.${name}`, own, false)];
  });
  const data = new LibraryModule('torch.utils.data', new Map([...all, ...modules]), false);
  return new Map<string, PyModule>([
    ['torch.utils.data', data],
    ...modules.map(([name, module]): [string, PyModule] => [`torch.utils.data.${name}`, module]),
  ]);
}
