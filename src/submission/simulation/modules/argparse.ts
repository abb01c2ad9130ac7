/**
 * The module `argparse`: what parsing gives is the options' defaults in the sizes of the small set.
 */
import { NativeType, PyClass, PyInstance } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import {
  type Keywords,
  type Native,
  NativeFunction,
  type PyModule,
  PyObject,
  Unknown,
  type Value,
} from '../../python/values.js';
import { moduleOf } from '../arguments.js';

type Setting = (name: string, value: number) => number;

interface Option {
  readonly name: string;
  readonly positional: boolean;
  readonly keywords: Keywords;
}

class Parser extends PyObject {
  readonly typeName = 'ArgumentParser';
  private readonly options: Option[] = [];
  private readonly defaults = new Map<string, Value>();

  constructor(
    private readonly namespace: PyClass,
    private readonly setting: Setting,
  ) {
    super();
  }
  override attribute(name: string): Value | undefined {
    const itself = () => this;
    const natives: Record<string, Native> = {
      add_argument: (args, keywords) => this.#add(args, keywords),
      add_argument_group: itself,
      add_mutually_exclusive_group: itself,
      set_defaults: (_args, keywords) => {
        for (const [key, value] of keywords) this.defaults.set(key, value);
        return null;
      },
      parse_args: (_args, _, runtime) => this.#parse(runtime),
      parse_known_args: (_args, _, runtime) =>
        runtime.tuple([this.#parse(runtime), runtime.list([])]),
      print_help: () => null,
      error: (_args, _, runtime) => runtime.unknown('an error of the command line'),
    };
    const native = natives[name];
    return native === undefined ? undefined : new NativeFunction(name, native);
  }

  #add(flags: readonly Value[], keywords: Keywords): Value {
    const names = flags.map(String);
    const long = names.find((each) => each.startsWith('--')) ?? names[0] ?? '';
    const name = keywords.get('dest') ?? long.replace(/^-+/, '').replaceAll('-', '_');
    this.options.push({ name: String(name), positional: !long.startsWith('-'), keywords });
    return null;
  }

  #parse(runtime: Runtime): Value {
    const result = new PyInstance(this.namespace);
    for (const option of this.options) {
      if (result.attributes.has(option.name)) continue;
      result.attributes.set(option.name, this.#valueOf(option, runtime));
    }
    for (const [key, value] of this.defaults) {
      const own = typeof value === 'number' ? this.setting(key, value) : value;
      result.attributes.set(key, own);
    }
    return result;
  }

  #valueOf({ name, positional, keywords }: Option, runtime: Runtime): Value {
    const given = keywords.get('default');
    const action = keywords.get('action');
    if (given === undefined) {
      if (action === 'store_true') return false;
      if (action === 'store_false') return true;
      if (!positional && keywords.get('required') !== true) return null;
    }
    const value = given ?? assumed(name, keywords, runtime);
    if (typeof value === 'number') return this.setting(name, value);
    const type = keywords.get('type');
    if (typeof value !== 'string' || type === undefined || type instanceof Unknown) return value;
    const converted = runtime.call(type, [value]);
    return typeof converted === 'number' ? this.setting(name, converted) : converted;
  }
}

/** What a user gives for an option that has no default: the files of the run. */
function assumed(name: string, keywords: Keywords, runtime: Runtime): Value {
  const choices = runtime.sequence(keywords.get('choices') ?? null);
  if (choices !== null && choices.length > 0) return choices[0]!;
  const path = assumedPath(name);
  if (path === null) return runtime.unknown(`the option ${name}, which has no default`);
  const many = keywords.get('nargs');
  return many === '+' || many === '*' ? runtime.list([path]) : path;
}

function assumedPath(name: string): string | null {
  const word = name.toLowerCase();
  if (/tokenizer|model|^sp$|vocab|spm/.test(word)) return 'data/fineweb_1024_bpe.model';
  if (/docs|jsonl|texts?$|documents|corpus/.test(word)) return 'data/docs_selected.jsonl';
  if (/out|dest|save/.test(word)) return 'out';
  if (/byte|sidecar/.test(word)) return 'data/fineweb_val_bytes_*.bin';
  if (/val|shard|pattern|tokens|input|files?$/.test(word)) return 'data/fineweb_val_*.bin';
  return /dir|root|path|data|folder/.test(word) ? 'data' : null;
}

export function argparseModule(setting: Setting): PyModule {
  const namespace = new PyClass('Namespace', [], new Map());
  const parser = new NativeType(
    'ArgumentParser',
    () => new Parser(namespace, setting),
    (value) => (value instanceof Unknown ? null : value instanceof Parser),
  );
  const natives: Record<string, Native> = {
    Namespace: (_args, keywords) => {
      const result = new PyInstance(namespace);
      for (const [key, value] of keywords) result.attributes.set(key, value);
      return result;
    },
  };
  return moduleOf('argparse', natives, {
    ArgumentParser: parser,
    SUPPRESS: '==SUPPRESS==',
    BooleanOptionalAction: 'boolean',
    RawDescriptionHelpFormatter: 'raw',
    ArgumentDefaultsHelpFormatter: 'defaults',
  });
}
