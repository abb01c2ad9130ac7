/**
 * Parsers of flag values; each error says what was expected.
 */
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { usageError } from '../errors.js';
import { CUTS_MAX, type ScoreOptions } from '../evaluation/options.js';
import {
  ALLOW_OP_HELP,
  INPUT_EXPECTED,
  INPUT_HELP,
  PORT_FLAGS,
  parseInput,
} from '../evaluation/port-options.js';
import { ENGINE_FLAGS } from '../evaluation/session-options.js';
import { flagOf } from '../option-check.js';
import { SEED_MAX } from '../random.js';
import { WINDOW_MODES } from '../windows/options.js';
import { flag, GROUPS } from './help.js';

/** A plain decimal integer, at least `least`, and at most `most`. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`expected an integer ${range}.`);
  };
}

/** The flag of the seed, the same wherever something is drawn. */
export function seedFlag(help: string): Option {
  return flag('--seed <n>', help, { parse: integer(0, SEED_MAX), default: 'drawn anew' });
}

/** The flag of the cuts of every row. */
export function cutsFlag(): Option {
  return flag('--cuts <k>', 'such places a row', { parse: integer(1, CUTS_MAX), default: '1' });
}

/** An id, or the word `none`. */
export function documentStart(text: string): number | 'none' {
  if (text === 'none') return text;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError('expected the id of a piece, such as 0, or none.');
}

/** `i/n` as `[i, n]`; their relation is checked where parts are cut. */
export function part(text: string): readonly [number, number] {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('expected i/n, such as 1/4.');
  return [Number(match[1]), Number(match[2])];
}

/** A positive decimal number, also as `1e-4`. */
export function decimal(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('expected a positive number.');
}

/**
 * Refuses a command line that lacks required flags, naming all of them at once.
 *
 * @param flags the required ones, by their names in the options of the command's function
 * @throws BPB_USAGE_MISSING
 */
export function requireFlags(command: string, flags: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(flags);
  const missing = names.filter((name) => flags[name] === undefined).map(flagOf);
  if (missing.length === 0) return;
  throw usageError('BPB_USAGE_MISSING', {
    message: `bpb ${command} lacks ${missing.join(', ')}`,
    path: missing.join(', '),
    expected: names.map(flagOf).join(', '),
    actual: missing.length === names.length ? 'none of them' : `no ${missing.join(', no ')}`,
    hint: `bpb ${command} --help shows a complete command line`,
  });
}

/** One `--input NAME=KIND`, added to those before it. */
function input(text: string, before: ScoreOptions['input'] = {}): ScoreOptions['input'] {
  const parsed = parseInput(text);
  if (parsed === null) throw new InvalidArgumentError(`expected ${INPUT_EXPECTED}.`);
  const [name, kind] = parsed;
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...before, [name]: kind };
}

/** An integer from 1, or the word `none`. */
function integerOrNone(text: string): number | 'none' {
  return text === 'none' ? text : integer(1)(text);
}

/** One value of a flag that may be repeated, added to those before it. */
export function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Adds the flags that say what a model's inputs and outputs are, and what it may be made of. */
export function addPortFlags(command: Command): Command {
  for (const { flags, help, choices, byDefault } of PORT_FLAGS) {
    command.addOption(flag(flags, help, { choices, default: byDefault }));
  }
  return command
    .option('--input <name=kind>', INPUT_HELP, input)
    .addOption(
      flag('--allow-op <domain::name>', ALLOW_OP_HELP, { parse: repeated, default: 'none' }),
    );
}

/**
 * Adds the flags that name a token stream, under their heading.
 *
 * @param byDefault what is read where none is named
 */
export function addDataFlags(command: Command, byDefault: string): Command {
  return command
    .optionsGroup(GROUPS.data)
    .addOption(
      flag('--data <path...>', 'shards (a directory or files), or a built-in set: sotu-val', {
        default: byDefault,
      }),
    )
    .option('--docs <file>', 'documents: JSON Lines, an array, Parquet; also compressed')
    .addOption(
      flag('--document-start <id>', 'id before each document, or none', {
        parse: documentStart,
        default: "the artifact's, else BOS",
      }),
    )
    .addOption(
      flag('--accept <finding>', 'a finding about the data that is meant; repeatable', {
        parse: repeated,
        default: 'none',
      }),
    )
    .option('--text-field <name>', 'field of the documents that holds the text (default: text)')
    .addOption(
      flag('--limit-docs <n>', 'the first documents only', { parse: integer(1), default: 'all' }),
    );
}

/** Adds the flags that say how the stream is cut into rows, under their heading. */
export function addWindowFlags(command: Command): Command {
  return command
    .optionsGroup(GROUPS.windows)
    .addOption(
      flag('--window <mode>', 'how the stream is cut', {
        choices: WINDOW_MODES,
        default: "the artifact's",
      }),
    )
    .addOption(
      flag('--seq-len <n>', 'input tokens a row', {
        parse: integer(1),
        default: "the artifact's",
      }),
    )
    .addOption(
      flag('--stride <n>', 'targets a row scores after the first; none: whole rows', {
        parse: integerOrNone,
        default: "the artifact's, else whole rows",
      }),
    );
}

/** Adds the flag that names the organizer's rules, under the heading that stands. */
export function addRulesFlag(command: Command): Command {
  return command.addOption(
    flag('--rules <file>', "the organizer's: a JSON file, or parameter-golf", { default: 'none' }),
  );
}

/** Adds the flags that say how the sessions of a model are opened, under their heading. */
export function addEngineFlags(command: Command): Command {
  command.optionsGroup(GROUPS.engine);
  for (const { flags, help, least, choices, byDefault } of ENGINE_FLAGS) {
    const parse = least === undefined ? undefined : integer(least);
    command.addOption(flag(flags, help, { parse, choices, default: byDefault }));
  }
  return command;
}
