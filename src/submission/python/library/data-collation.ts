/**
 * `torch.utils.data.default_collate`: samples of one batch, joined.
 */
import { PyDict } from '../object-mappings.js';
import { PyTuple } from '../object-sequences.js';
import type { Runtime } from '../runtime.js';
import { Unknown, type Value } from '../values.js';
import { NdArray } from './array.js';
import { operationsOf } from './operations.js';
import { isElement } from './storage.js';

/** Samples in samples beyond this depth are not joined. */
const DEPTH_MAX = 8;

const torch = (name: string, args: readonly Value[], runtime: Runtime): Value =>
  operationsOf('torch').get(name)!(args, new Map(), runtime);

/** Arrays are stacked, numbers become a tensor, texts a list; of tuples and dictionaries each part is joined. */
export function collate(samples: readonly Value[], runtime: Runtime, depth = 0): Value {
  const first = samples[0] ?? null;
  const unknown = samples.find((each) => each instanceof Unknown);
  if (unknown instanceof Unknown) return unknown;
  runtime.spend(samples.length);
  if (depth > DEPTH_MAX) return runtime.unknown('samples in samples');
  if (samples.every((each) => each instanceof NdArray)) {
    const tensors = samples.map((each) => torch('as_tensor', [each], runtime));
    return torch('stack', [runtime.list(tensors)], runtime);
  }
  if (samples.every(isElement)) return torch('tensor', [runtime.list([...samples])], runtime);
  if (samples.every((each) => typeof each === 'string')) return runtime.list([...samples]);
  if (first instanceof PyDict) {
    const entries = [...first.entries.values()].map(([key]): [Value, Value] => [
      key,
      collate(
        samples.map((each) => runtime.item(each, key)),
        runtime,
        depth + 1,
      ),
    ]);
    return runtime.dict(entries);
  }
  const parts = samples.map((each) => runtime.sequence(each));
  const length = parts[0]?.length ?? 0;
  if (parts.some((part) => part === null)) return runtime.unknown('samples that are not joined');
  if (parts.some((part) => part!.length !== length)) {
    runtime.raise('RuntimeError', 'each element in list of batch should be of equal size');
  }
  const joined = Array.from({ length }, (_, i) =>
    collate(
      parts.map((part) => part![i]!),
      runtime,
      depth + 1,
    ),
  );
  return first instanceof PyTuple && first.names !== null
    ? new PyTuple(joined, first.names, first.typeName)
    : runtime.list(joined);
}

/** A sample on its own: arrays of numpy become tensors. */
export function convert(sample: Value, runtime: Runtime, depth = 0): Value {
  runtime.spend(1);
  if (depth > DEPTH_MAX) return runtime.unknown('samples in samples');
  if (sample instanceof NdArray) return torch('as_tensor', [sample], runtime);
  if (sample instanceof PyDict) {
    const entries = [...sample.entries.values()];
    return runtime.dict(
      entries.map(([key, value]): [Value, Value] => [key, convert(value, runtime, depth + 1)]),
    );
  }
  const items = runtime.sequence(sample);
  if (items === null) return sample;
  const converted = items.map((each) => convert(each, runtime, depth + 1));
  return sample instanceof PyTuple
    ? new PyTuple(converted, sample.names, sample.typeName)
    : runtime.list(converted);
}
