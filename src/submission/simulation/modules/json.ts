/**
 * The module `json`.
 */
import { PyBytes, PyDict } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import { type PyModule, PyObject, Unknown, type Value } from '../../python/values.js';
import { moduleOf } from '../arguments.js';

/** Deeper documents are not known. */
const DEPTH_MAX = 50;

function toValue(json: unknown, runtime: Runtime, depth = 0): Value {
  runtime.spend(1);
  if (json === null || typeof json === 'string' || typeof json === 'number') return json;
  if (typeof json === 'boolean') return json;
  if (depth >= DEPTH_MAX) return runtime.unknown('a JSON document that is too deep');
  if (Array.isArray(json)) {
    runtime.allocate(json.length);
    return runtime.list(json.map((each) => toValue(each, runtime, depth + 1)));
  }
  const entries = Object.entries(json as object).map(([key, value]): [Value, Value] => [
    key,
    toValue(value, runtime, depth + 1),
  ]);
  return runtime.dict(entries);
}

/** Plain data of a value; undefined where some of it is not known. What is no number is shown to the host. */
function toJson(value: Value, runtime: Runtime, depth = 0): unknown {
  if (!(value instanceof PyObject)) return value;
  if (value instanceof Unknown || depth >= DEPTH_MAX) return undefined;
  const items = runtime.sequence(value);
  if (items !== null) {
    const made = items.map((each) => toJson(each, runtime, depth + 1));
    return made.includes(undefined) ? undefined : made;
  }
  if (!(value instanceof PyDict)) {
    runtime.host.printed?.([value], runtime);
    return undefined;
  }
  const made: [string, unknown][] = [];
  for (const [key, item] of value.entries.values()) {
    if (item instanceof PyObject && typeof key === 'string') {
      runtime.host.formatted?.(`${key}:`, item, runtime);
    }
    made.push([String(key), toJson(item, runtime, depth + 1)]);
  }
  return made.some(([, item]) => item === undefined) ? undefined : Object.fromEntries(made);
}

function parsed(value: Value, runtime: Runtime): Value {
  const text = value instanceof PyBytes ? new TextDecoder().decode(value.data) : value;
  if (typeof text !== 'string') return runtime.unknown('a JSON document that is not known');
  runtime.spend(text.length / 8);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return runtime.raise('JSONDecodeError', 'the text is no JSON document');
  }
  return toValue(json, runtime);
}

function dumped(value: Value, indent: Value | undefined, runtime: Runtime): Value {
  const json = toJson(value, runtime);
  if (json === undefined) return runtime.unknown('a JSON document that is not known');
  return JSON.stringify(json, null, typeof indent === 'number' ? indent : undefined);
}

export function jsonModule(): PyModule {
  return moduleOf('json', {
    loads: ([text], _, runtime) => parsed(text ?? null, runtime),
    load: ([file], _, runtime) =>
      parsed(runtime.call(runtime.attribute(file ?? null, 'read'), []), runtime),
    dumps: ([value], keywords, runtime) => dumped(value ?? null, keywords.get('indent'), runtime),
    dump: ([value, file], keywords, runtime) => {
      const text = dumped(value ?? null, keywords.get('indent'), runtime);
      return runtime.call(runtime.attribute(file ?? null, 'write'), [text]);
    },
  });
}
