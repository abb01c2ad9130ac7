/** Runs a text in the interpreter, with a host that knows nothing. */
import { DEFAULT_LIMITS, Interpreter } from '#bpb/submission/python/interpreter';
import type { Host } from '#bpb/submission/python/runtime';
import type { Stop, Value } from '#bpb/submission/python/values';
import { parsePython } from '#bpb/submission/source/nodes';

export const BARE_HOST: Host = {
  module: () => null,
  callUnknown: () => undefined,
  setting: (_name, value) => value,
  unbound: () => undefined,
  quotient: () => {},
};

export interface Ran {
  readonly interpreter: Interpreter;
  readonly names: ReadonlyMap<string, Value>;
  readonly stops: readonly Stop[];
  /** `repr` of a name; null where it is not known. */
  text(name: string): string | null;
}

export function ran(text: string, host: Partial<Host> = {}, limits = DEFAULT_LIMITS): Ran {
  const interpreter = new Interpreter({ ...BARE_HOST, ...host }, limits);
  const { names } = interpreter.runModule(parsePython(text, 'snippet.py'), 0, '__main__');
  return {
    interpreter,
    names,
    stops: interpreter.stops,
    text: (name) => interpreter.text(names.get(name) ?? null, true),
  };
}
