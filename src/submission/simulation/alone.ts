/**
 * Functions of a script that are run alone, where running the whole script came to no score.
 *
 * Builders of byte tables get the small tokenizer, evaluations get arguments by the names of their parameters.
 */
import { PyClass, PyFunction } from '../python/objects.js';
import type { Runtime } from '../python/runtime.js';
import {
  type Keywords,
  NativeFunction,
  PyObject,
  type Stop,
  Unknown,
  type Value,
} from '../python/values.js';
import type { BuiltTable } from './types.js';

/** The interpreter, after the module's own code has run. */
interface Follower extends Runtime {
  /** A call from outside of the script; unknown where it does not come to its end. */
  follow(callee: Value, args: readonly Value[], keywords?: Keywords): Value;
  /** Null where an exception or a spent budget ends it. */
  attempt<T>(run: () => T): T | null;
}

interface Alone {
  readonly runtime: Follower;
  /** Names of the module after its own code has run. */
  readonly names: ReadonlyMap<string, Value>;
  readonly rank: number;
  readonly ranks: number;
  readonly vocabulary: number;
}

const BUILDER = /is_byte|IsByte|id_to_piece|IdToPiece|\.decode\(/;
const LOSS = /cross_entropy|nll|log_softmax|logsumexp|loss/i;
const BYTES = /byte|bpb|bits/i;
const STREAM = /^(val_?)?(tokens|ids|stream|toks|data)(_np|_t)?$|val_tokens|val_ids/;
const MODEL_CODE = /self\.training|nn\.Module|backward\(\)/;

/** Most functions of each kind that are tried. */
const FUNCTIONS_MAX = 12;

/** Rows, strides and batches of an evaluation that is called without its script. */
const ROW = 32;
const STRIDE = 8;
const ROWS = 8;

function functionsIn(names: ReadonlyMap<string, Value>): PyFunction[] {
  return [...names.values()].filter((value) => value instanceof PyFunction);
}

function textOf(one: PyFunction): string {
  const { node, module } = one.code;
  return module.source.text.slice(node.from, node.to);
}

/** Where a function begins. */
function placeOf({ code: { module, node } }: PyFunction): Stop {
  const line = module.source.text.slice(0, node.from).split('\n').length;
  return { path: module.source.path, layer: module.layer, line, reason: '' };
}

const isBuilder = (one: PyFunction): boolean =>
  BUILDER.test(textOf(one)) && !LOSS.test(one.name) && !/^main$|train/.test(one.name);

/** What it gives for ids is no table of all ids. */
const takesIds = ({ code }: PyFunction): boolean =>
  code.parameters.some(({ name }) => STREAM.test(name.toLowerCase()));

const isEvaluation = (one: PyFunction): boolean => {
  const text = textOf(one);
  return scores(one.name, text) && !MODEL_CODE.test(text);
};

/** A function of this name and text may make losses and bytes a score. */
export const scores = (name: string, text: string): boolean =>
  LOSS.test(text) && BYTES.test(text) && !/^main$|^train/.test(name);

/** What builders of the script return, and the tables among it. */
export function buildTables(alone: Alone): { values: Value[]; tables: BuiltTable[] } {
  const values: Value[] = [];
  const tables: BuiltTable[] = [];
  const builders = functionsIn(alone.names).filter((one) => isBuilder(one) && !takesIds(one));
  for (const builder of builders.slice(0, FUNCTIONS_MAX)) {
    const result = callAlone(builder, alone, []);
    if (result === null) continue;
    const items = alone.runtime.sequence(result) ?? [result];
    const arrays = alone.runtime.attempt(() => numbersIn(items, alone));
    if (arrays === null || arrays.length === 0) continue;
    for (const item of items) values.push(item);
    tables.push({ at: placeOf(builder), name: builder.name, arrays });
  }
  return { values, tables };
}

/** Numbers of those that have one for each piece of the vocabulary. */
function numbersIn(items: readonly Value[], { runtime, vocabulary }: Alone): number[][] {
  return items.flatMap((item) => {
    const numbers = numbersOf(item, runtime);
    return numbers !== null && numbers.length >= vocabulary ? [numbers] : [];
  });
}

/** Calls what looks like an evaluation; what it makes of its sums goes to the host. */
export function evaluateAlone(alone: Alone, tables: readonly Value[]): void {
  for (const one of functionsIn(alone.names).filter(isEvaluation).slice(0, FUNCTIONS_MAX)) {
    callAlone(one, alone, tables);
  }
}

/** Null where it did not come to its end. */
function callAlone(one: PyFunction, alone: Alone, tables: readonly Value[]): Value | null {
  const given = alone.runtime.attempt(() => argumentsOf(one, alone, tables));
  if (given === null) return null;
  const result = alone.runtime.follow(one, given.positional, given.keywords);
  return result instanceof Unknown ? null : result;
}

function argumentsOf(one: PyFunction, alone: Alone, tables: readonly Value[]) {
  const keywords = new Map<string, Value>();
  const positional: Value[] = [];
  for (const [i, { name, kind }] of one.code.parameters.entries()) {
    if (kind === '*' || kind === '**') continue;
    const value = assumed(name, alone, tables) ?? one.defaults[i];
    if (value === undefined && kind !== 'keyword') {
      const reason = `${one.name} was called alone, and its argument ${name} is not known`;
      positional.push(new Unknown({ ...placeOf(one), reason }));
    } else if (kind === 'keyword') keywords.set(name, value ?? null);
    else positional.push(value!);
  }
  return { positional, keywords };
}

/** Undefined where the name says nothing. */
function assumed(name: string, alone: Alone, tables: readonly Value[]): Value | undefined {
  const { runtime, names, rank, ranks, vocabulary } = alone;
  const word = name.toLowerCase();
  const library = (module: string, member: string, ...args: Value[]): Value | undefined => {
    const found = runtime.host.module(module, runtime);
    return found === null ? undefined : runtime.call(runtime.attribute(found, member), args);
  };
  if (/^(sp|spm|tok|tokenizer|processor|encoder|sp_model)$/.test(word)) {
    return library('sentencepiece', 'SentencePieceProcessor');
  }
  if (/tokenizer_path|model_path|model_file/.test(word)) return 'data/fineweb_1024_bpe.model';
  if (/vocab/.test(word)) return vocabulary;
  if (/^(device|dev)$/.test(word)) return 'cpu';
  if (/^(args|h|hp|hps|hyp|cfg|config|hparams|hyperparameters|opt|opts)$/.test(word)) {
    return settingsOf(names, runtime);
  }
  if (/^rank$|local_rank/.test(word)) return rank;
  if (/world_size|^ranks$|^ws$/.test(word)) return ranks;
  if (/grad_accum/.test(word)) return Math.max(1, 8 / ranks);
  if (/base_?bytes|bytes_lut|byte_lut|base_lut/.test(word)) return tables[0];
  if (/lead|space/.test(word)) return tables[1];
  if (/bound/.test(word)) return tables[2];
  if (/stride/.test(word)) return STRIDE;
  if (/seq_?len|ctx|context|block_size|window/.test(word)) return ROW;
  if (/batch.*tokens|val_batch_size/.test(word)) return ROW * ROWS * 8;
  if (/batch/.test(word)) return ROWS;
  if (/files|pattern|glob/.test(word)) return 'data/fineweb_val_*.bin';
  if (STREAM.test(word)) {
    return streamOf(runtime);
  }
  return undefined;
}

/** An instance of the script's own class of settings. */
function settingsOf(names: ReadonlyMap<string, Value>, runtime: Follower): Value | undefined {
  for (const [name, value] of names) {
    if (!(value instanceof PyClass) || !/hyper|config|args|settings|hparams/i.test(name)) continue;
    const made = runtime.follow(value, []);
    if (!(made instanceof Unknown)) return made;
  }
  return undefined;
}

/** The whole stream as a tensor. */
function streamOf(runtime: Runtime): Value | undefined {
  const [numpy, torch] = ['numpy', 'torch'].map((name) => runtime.host.module(name, runtime));
  if (!numpy || !torch) return undefined;
  const fromfile = runtime.attribute(numpy, 'fromfile');
  const options = new Map<string, Value>([
    ['dtype', '<u2'],
    ['offset', 1024],
  ]);
  const array = runtime.call(fromfile, ['data/fineweb_val.bin'], options);
  return runtime.call(runtime.attribute(torch, 'from_numpy'), [array]);
}

/** Numbers of an array, a list or a tuple; null for everything else. */
function numbersOf(value: Value, runtime: Runtime): number[] | null {
  if (!(value instanceof PyObject) || value instanceof Unknown) return null;
  const method = value.attribute('tolist', runtime);
  const list = method instanceof NativeFunction ? runtime.call(method, []) : value;
  const numbers = runtime.sequence(list)?.map((each) => {
    if (typeof each === 'boolean') return Number(each);
    return typeof each === 'number' ? each : Number.NaN;
  });
  return numbers === undefined || numbers.some(Number.isNaN) ? null : numbers;
}
