/**
 * Arrays of texts, which are followed as lists: `numpy.char`, and functions that go with such tables.
 */
import { PyBytes } from '../bytes.js';
import type { Runtime } from '../runtime.js';
import { type Native, type PyModule, Unknown, type Value } from '../values.js';
import { asArray, bind, dtypeOf } from './convert.js';
import { converted } from './converting.js';
import { LibraryModule, natives } from './library-module.js';
import { operationsOf } from './operations.js';

/** For each text what its method of the same name gives. */
const METHODS = [
  ...['startswith', 'endswith', 'encode', 'decode', 'replace', 'lower', 'upper', 'strip'],
  ...['lstrip', 'rstrip', 'find', 'count', 'isalpha', 'isdigit', 'isspace'],
];

/** Results that are numbers make an array of numbers. */
function together(results: Value[], runtime: Runtime): Value {
  const plain = results.every((each) => typeof each === 'number' || typeof each === 'boolean');
  const list = runtime.list(results);
  return plain ? (asArray(list, 'numpy', runtime) ?? list) : list;
}

function eachText(of: (text: Value, rest: readonly Value[], runtime: Runtime) => Value): Native {
  return ([texts = null, ...rest], keywords, runtime) => {
    if (texts instanceof Unknown) return texts;
    const more = [...rest, ...keywords.values()];
    if (typeof texts === 'string' || texts instanceof PyBytes) return of(texts, more, runtime);
    return together(
      [...runtime.iterate(texts)].map((text) => of(text, more, runtime)),
      runtime,
    );
  };
}

export function textsModule(): PyModule {
  const methods = METHODS.map((name): [string, Native] => [
    name,
    eachText((text, rest, runtime) => runtime.call(runtime.attribute(text, name), rest)),
  ]);
  const others: Record<string, Native> = {
    str_len: eachText((text, _, runtime) => runtime.length(text) ?? runtime.unknown('a length')),
    add: ([texts = null, other = null], _, runtime) => {
      const ends = typeof other === 'string' ? null : [...runtime.iterate(other)];
      const sums = [...runtime.iterate(texts)].map((text, i) =>
        runtime.binary('+', text, ends === null ? other : (ends[i] ?? '')),
      );
      return runtime.list(sums);
    },
  };
  const table = natives({ ...Object.fromEntries(methods), ...others });
  return new LibraryModule('numpy.char', new Map(table), false);
}

/** `np.fromiter(iterable, dtype, count)` */
export const fromiter: Native = (args, keywords, runtime) => {
  const [values, type, count] = bind(args, keywords, ['iter|iterable', 'dtype', 'count']);
  if (values === undefined || values instanceof Unknown) return values ?? null;
  const most = typeof count === 'number' && count >= 0 ? count : Number.POSITIVE_INFINITY;
  const items: Value[] = [];
  for (const item of runtime.iterate(values)) {
    if (items.length >= most) break;
    runtime.spend(1);
    items.push(item);
  }
  const array = asArray(runtime.list(items), 'numpy', runtime);
  if (array === null) return runtime.unknown('an array of such elements');
  const dtype = dtypeOf(type, 'numpy');
  return dtype === null ? array : converted(array, dtype, 'numpy', runtime);
};

/** `np.select(conditions, choices, default)`: the first condition that holds decides. */
export const select: Native = (args, keywords, runtime) => {
  const [conditions, choices, otherwise] = bind(args, keywords, [
    'condlist',
    'choicelist',
    'default',
  ]);
  const tests = runtime.sequence(conditions ?? null);
  const values = runtime.sequence(choices ?? null);
  if (tests === null || values === null || tests.length !== values.length) {
    return runtime.unknown('choices that are not known');
  }
  const where = operationsOf('numpy').get('where')!;
  return tests.reduceRight<Value>(
    (rest, test, i) => where([test, values[i]!, rest], new Map(), runtime),
    otherwise ?? 0,
  );
};
