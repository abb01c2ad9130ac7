/**
 * `torch.utils.data`: data sets and parts of them.
 */
import type { PyClass } from '../object-classes.js';
import { PyRange } from '../object-sequences.js';
import type { Runtime } from '../runtime.js';
import { type Native, NativeFunction, Unknown, type Value } from '../values.js';
import { integerOf, numberOf } from './convert.js';
import { sharedDraws } from './draws.js';
import { drawsOf } from './generators.js';
import { keep, kept, lengthOf, nativeClass } from './native-class.js';

const notKnown = (index: Value | undefined, runtime: Runtime): Unknown =>
  index instanceof Unknown ? index : runtime.unknown('an index that is not known');

function tensorDataset(base: PyClass): PyClass {
  return nativeClass('TensorDataset', [base], {
    __init__: (self, tensors, _, runtime) => {
      keep(self, { tensors: runtime.tuple([...tensors]) });
      return null;
    },
    __getitem__: (self, [index = null], _, runtime) => {
      const tensors = runtime.sequence(kept(self, 'tensors')) ?? [];
      return runtime.tuple(tensors.map((each) => runtime.item(each, index)));
    },
    __len__: (self, _, __, runtime) => {
      const [first = null] = runtime.sequence(kept(self, 'tensors')) ?? [];
      return lengthOf(first, runtime);
    },
  });
}

/** A range beyond the data's end is a stated limit that has no effect on a small set. */
function cut(indices: Value, dataset: Value, runtime: Runtime): Value {
  const length = runtime.length(dataset);
  if (!(indices instanceof PyRange) || length === null) return indices;
  const { start, stop, step } = indices;
  if (step !== 1 || stop <= length) return indices;
  runtime.host.limited?.(stop, length, false, runtime);
  return new PyRange(start, length, step);
}

function subset(base: PyClass): PyClass {
  return nativeClass('Subset', [base], {
    __init__: (self, args, keywords, runtime) => {
      const dataset = args[0] ?? keywords.get('dataset') ?? null;
      const indices = args[1] ?? keywords.get('indices') ?? null;
      keep(self, { dataset, indices: cut(indices, dataset, runtime) });
      return null;
    },
    __getitem__: (self, [index = null], _, runtime) =>
      runtime.item(kept(self, 'dataset'), runtime.item(kept(self, 'indices'), index)),
    __len__: (self, _, __, runtime) => lengthOf(kept(self, 'indices'), runtime),
  });
}

function concatDataset(base: PyClass): PyClass {
  return nativeClass('ConcatDataset', [base], {
    __init__: (self, args, keywords, runtime) => {
      const datasets = args[0] ?? keywords.get('datasets') ?? null;
      keep(self, { datasets: runtime.list([...runtime.iterate(datasets)]) });
      return null;
    },
    __getitem__: (self, [index], _, runtime) => {
      let at = integerOf(index);
      if (at === null) return notKnown(index, runtime);
      for (const each of runtime.sequence(kept(self, 'datasets')) ?? []) {
        const length = lengthOf(each, runtime);
        if (length instanceof Unknown) return length;
        if (at < length) return runtime.item(each, at);
        at -= length;
      }
      return runtime.raise('IndexError', 'index out of range');
    },
    __len__: (self, _, __, runtime) => {
      let total = 0;
      for (const each of runtime.sequence(kept(self, 'datasets')) ?? []) {
        const length = lengthOf(each, runtime);
        if (length instanceof Unknown) return length;
        total += length;
      }
      return total;
    },
  });
}

/** Numbers of members of each part; null where one is not known. Fractions are rounded down, the rest goes around. */
function sizesOf(given: readonly Value[], total: number): number[] | null {
  const sizes = given.map(numberOf);
  if (sizes.some((each) => each === null)) return null;
  const numbers = sizes as number[];
  const sum = numbers.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 1) > 1e-6) return numbers;
  const parts = numbers.map((share) => Math.floor(share * total));
  const rest = total - parts.reduce((a, b) => a + b, 0);
  return parts.map((part, i) => part + (i < rest ? 1 : 0));
}

/** `random_split(dataset, lengths)`: parts of a made-up permutation. */
function randomSplit(part: PyClass): Native {
  return ([dataset = null, lengths = null, generator], keywords, runtime) => {
    const total = lengthOf(dataset, runtime);
    if (total instanceof Unknown) return total;
    const sizes = sizesOf(runtime.sequence(lengths) ?? [], total);
    if (sizes === null) return runtime.unknown('lengths that are not known');
    if (sizes.reduce((a, b) => a + b, 0) !== total) {
      runtime.raise('ValueError', 'the lengths do not add up to that of the data');
    }
    runtime.spend(total);
    runtime.allocate(total);
    const draws = drawsOf(generator ?? keywords.get('generator')) ?? sharedDraws('torch', runtime);
    const order = draws.distinct(total);
    let start = 0;
    const parts = sizes.map((size) => {
      const indices = runtime.list(order.slice(start, start + size));
      start += size;
      return runtime.call(part, [dataset, indices]);
    });
    return runtime.list(parts);
  };
}

interface DataSets {
  readonly iterable: PyClass;
  readonly members: readonly (readonly [string, Value])[];
}

export function dataSets(): DataSets {
  const concat: { cls: PyClass | null } = { cls: null };
  const base = nativeClass('Dataset', [], {
    __add__: (self, [other = null], _, runtime) =>
      runtime.call(concat.cls, [runtime.list([self, other])]),
  });
  concat.cls = concatDataset(base);
  const iterable = nativeClass('IterableDataset', [base], {});
  const part = subset(base);
  return {
    iterable,
    members: [
      ['Dataset', base],
      ['IterableDataset', iterable],
      ['TensorDataset', tensorDataset(base)],
      ['Subset', part],
      ['ConcatDataset', concat.cls],
      ['random_split', new NativeFunction('random_split', randomSplit(part))],
    ],
  };
}
