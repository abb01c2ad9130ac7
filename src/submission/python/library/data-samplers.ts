/**
 * `torch.utils.data`: the order in which places of a data set are read.
 */
import type { PyClass, PyInstance } from '../object-classes.js';
import { PyIterator } from '../object-functions.js';
import { PyRange } from '../object-sequences.js';
import type { Runtime } from '../runtime.js';
import { Unknown, type Value } from '../values.js';
import { bind, integerOf } from './convert.js';
import { Draws, sharedDraws } from './draws.js';
import { drawsOf } from './generators.js';
import { keep, kept, lengthOf, nativeClass } from './native-class.js';

const iterator = (values: Iterable<Value>): Value => new PyIterator(values);

function sequentialSampler(base: PyClass): PyClass {
  return nativeClass('SequentialSampler', [base], {
    __init__: (self, args, keywords) => {
      keep(self, { data_source: args[0] ?? keywords.get('data_source') ?? null });
      return null;
    },
    __iter__: (self, _, __, runtime) => {
      const length = lengthOf(kept(self, 'data_source'), runtime);
      return length instanceof Unknown ? length : iterator(new PyRange(0, length, 1).iterate());
    },
    __len__: (self, _, __, runtime) => lengthOf(kept(self, 'data_source'), runtime),
  });
}

/** Places, as many as there are unless another number is given; the order is made up. */
function randomSampler(base: PyClass): PyClass {
  const count = (self: PyInstance, runtime: Runtime): number | Unknown => {
    const stated = integerOf(kept(self, 'num_samples'));
    return stated ?? lengthOf(kept(self, 'data_source'), runtime);
  };
  return nativeClass('RandomSampler', [base], {
    __init__: (self, args, keywords) => {
      const [source, replacement, samples, generator] = bind(args, keywords, [
        'data_source',
        'replacement',
        'num_samples',
        'generator',
      ]);
      keep(self, {
        data_source: source ?? null,
        replacement: replacement ?? false,
        num_samples: samples ?? null,
        generator: generator ?? null,
      });
      return null;
    },
    __iter__: (self, _, __, runtime) => {
      const length = lengthOf(kept(self, 'data_source'), runtime);
      const wanted = count(self, runtime);
      if (length instanceof Unknown) return length;
      if (wanted instanceof Unknown) return wanted;
      runtime.spend(length + wanted);
      const draws = drawsOf(kept(self, 'generator')) ?? sharedDraws('torch', runtime);
      const repeats = runtime.truth(kept(self, 'replacement')) !== false;
      if (repeats && length > 0) {
        return iterator(Array.from({ length: wanted }, () => draws.below(length)));
      }
      // Without replacement further permutations follow the first.
      const places: number[] = [];
      while (length > 0 && places.length < wanted) {
        for (const place of draws.distinct(length)) places.push(place);
      }
      return iterator(places.slice(0, wanted));
    },
    __len__: (self, _, __, runtime) => count(self, runtime),
  });
}

function subsetRandomSampler(base: PyClass): PyClass {
  return nativeClass('SubsetRandomSampler', [base], {
    __init__: (self, args, keywords) => {
      const [indices, generator] = bind(args, keywords, ['indices', 'generator']);
      keep(self, { indices: indices ?? null, generator: generator ?? null });
      return null;
    },
    __iter__: (self, _, __, runtime) => {
      const indices = [...runtime.iterate(kept(self, 'indices'))];
      runtime.spend(indices.length);
      const draws = drawsOf(kept(self, 'generator')) ?? sharedDraws('torch', runtime);
      return iterator(draws.distinct(indices.length).map((at) => indices[at]!));
    },
    __len__: (self, _, __, runtime) => lengthOf(kept(self, 'indices'), runtime),
  });
}

/** Lists of places of one batch each. */
export function* batches(
  places: Value,
  size: number,
  dropLast: boolean,
  runtime: Runtime,
): Generator<Value> {
  let batch: Value[] = [];
  for (const place of runtime.iterate(places)) {
    runtime.spend(1);
    batch.push(place);
    if (batch.length < size) continue;
    yield runtime.list(batch);
    batch = [];
  }
  if (batch.length > 0 && !dropLast) yield runtime.list(batch);
}

export function batchCount(length: number, size: number, dropLast: boolean): number {
  return dropLast ? Math.floor(length / size) : Math.ceil(length / size);
}

function batchSampler(base: PyClass): PyClass {
  const shape = (self: PyInstance, runtime: Runtime): [number, boolean] | null => {
    const size = integerOf(kept(self, 'batch_size'));
    const drops = runtime.truth(kept(self, 'drop_last'));
    return size === null || size < 1 || drops === null ? null : [size, drops];
  };
  return nativeClass('BatchSampler', [base], {
    __init__: (self, args, keywords) => {
      const [sampler, size, drops] = bind(args, keywords, ['sampler', 'batch_size', 'drop_last']);
      keep(self, { sampler: sampler ?? null, batch_size: size ?? null, drop_last: drops ?? false });
      return null;
    },
    __iter__: (self, _, __, runtime) => {
      const own = shape(self, runtime);
      if (own === null) return runtime.unknown('a size of batches that is not known');
      return iterator(batches(kept(self, 'sampler'), ...own, runtime));
    },
    __len__: (self, _, __, runtime) => {
      const length = lengthOf(kept(self, 'sampler'), runtime);
      const own = shape(self, runtime);
      if (length instanceof Unknown) return length;
      return own === null
        ? runtime.unknown('a size of batches that is not known')
        : batchCount(length, ...own);
    },
  });
}

/** What `torch.distributed` says of the ranks. */
function ofRanks(name: 'get_rank' | 'get_world_size', runtime: Runtime): Value {
  const module = runtime.host.module('torch.distributed', runtime);
  if (module === null) return runtime.unknown('torch.distributed is not modelled');
  return runtime.call(runtime.attribute(module, name), []);
}

/**
 * The places of one rank: every `num_replicas`-th. So that all ranks have equally many, places from the beginning are
 * repeated, or with `drop_last` the remainder is left out (torch.utils.data.distributed, `DistributedSampler.__iter__`).
 */
function distributedPlaces(self: PyInstance, runtime: Runtime): number[] | Unknown {
  const length = lengthOf(kept(self, 'dataset'), runtime);
  const [ranks, rank] = ['num_replicas', 'rank'].map((name) => integerOf(kept(self, name)));
  const drops = runtime.truth(kept(self, 'drop_last'));
  if (length instanceof Unknown) return length;
  if (ranks == null || rank == null || drops === null || ranks < 1) {
    return runtime.unknown('the ranks of a sampler');
  }
  runtime.spend(length + ranks);
  const seed = (integerOf(kept(self, 'seed')) ?? 0) + (integerOf(kept(self, 'epoch')) ?? 0);
  const shuffles = runtime.truth(kept(self, 'shuffle')) !== false;
  const order = shuffles ? new Draws(seed).distinct(length) : Array.from({ length }, (_, i) => i);
  const total = (drops ? Math.floor(length / ranks) : Math.ceil(length / ranks)) * ranks;
  const own: number[] = [];
  for (let i = rank; i < total && length > 0; i += ranks) own.push(order[i % length]!);
  return own;
}

function distributedSampler(base: PyClass): PyClass {
  return nativeClass('DistributedSampler', [base], {
    __init__: (self, args, keywords, runtime) => {
      const [dataset, ranks, rank, shuffle, seed, drops] = bind(args, keywords, [
        'dataset',
        'num_replicas',
        'rank',
        'shuffle',
        'seed',
        'drop_last',
      ]);
      keep(self, {
        dataset: dataset ?? null,
        num_replicas: ranks ?? ofRanks('get_world_size', runtime),
        rank: rank ?? ofRanks('get_rank', runtime),
        shuffle: shuffle ?? true,
        seed: seed ?? 0,
        drop_last: drops ?? false,
        epoch: 0,
      });
      return null;
    },
    set_epoch: (self, args, keywords) => {
      keep(self, { epoch: args[0] ?? keywords.get('epoch') ?? 0 });
      return null;
    },
    __iter__: (self, _, __, runtime) => {
      const places = distributedPlaces(self, runtime);
      return places instanceof Unknown ? places : iterator(places);
    },
    __len__: (self, _, __, runtime) => {
      const places = distributedPlaces(self, runtime);
      return places instanceof Unknown ? places : places.length;
    },
  });
}

interface Samplers {
  readonly sequential: PyClass;
  readonly random: PyClass;
  readonly distributed: PyClass;
  readonly members: readonly (readonly [string, Value])[];
}

export function samplers(): Samplers {
  const base = nativeClass('Sampler', [], { __init__: () => null });
  const sequential = sequentialSampler(base);
  const random = randomSampler(base);
  const distributed = distributedSampler(base);
  return {
    sequential,
    random,
    distributed,
    members: [
      ['Sampler', base],
      ['SequentialSampler', sequential],
      ['RandomSampler', random],
      ['SubsetRandomSampler', subsetRandomSampler(base)],
      ['BatchSampler', batchSampler(base)],
      ['DistributedSampler', distributed],
    ],
  };
}
