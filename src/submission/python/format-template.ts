/**
 * `'{} {name:.3f}'.format(…)`
 */
import { formatted } from './format-number.js';
import type { Runtime } from './runtime.js';
import { type Keywords, Unknown, type Value } from './values.js';

const FIELD = /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}/g;

export function formatTemplate(
  text: string,
  args: readonly Value[],
  keywords: Keywords,
  runtime: Runtime,
): Value {
  let next = 0;
  let missing: Value | undefined;
  runtime.spend(text.length / 16);
  const field = (name: string): Value => {
    const [first = '', ...path] = name.split(/[.[]/);
    const base =
      first === '' ? args[next++] : /^\d+$/.test(first) ? args[Number(first)] : keywords.get(first);
    if (base === undefined) return runtime.raise('IndexError', 'Replacement index out of range');
    return path.reduce<Value>((owner, part) => {
      if (!part.endsWith(']')) return runtime.attribute(owner, part);
      const key = part.slice(0, -1);
      return runtime.item(owner, /^\d+$/.test(key) ? Number(key) : key);
    }, base);
  };
  const result = text.replace(
    FIELD,
    (all, name: string | undefined, conversion, spec, from: number) => {
      if (name === undefined) return all[0]!;
      const value = field(name);
      const wanted = (spec ?? '').replace(
        /\{([^{}]*)\}/g,
        (_all: string, inner: string) => runtime.text(field(inner)) ?? '',
      );
      const given =
        conversion === undefined || conversion === 's' ? value : runtime.text(value, true);
      const piece = given === null && value !== null ? null : formatted(given, wanted, runtime);
      if (piece === null) {
        missing ??= value;
        const after = text.slice(from + all.length);
        runtime.host.formatted?.(text.slice(0, from), value, runtime, after);
      }
      return piece ?? '';
    },
  );
  if (missing === undefined) return result;
  return missing instanceof Unknown
    ? new Unknown(missing.stop)
    : runtime.unknown('a text of what is not known');
}
