/**
 * Parsers of flag values; each error says what was expected.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { ENGINE_FLAGS } from '../evaluation/session-options.js';

/** A plain decimal integer, at least `least`. */
export function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`expected an integer from ${least}.`);
  };
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

/** Adds the flags that say how the sessions of a model are opened. */
export function addEngineFlags(command: Command): Command {
  for (const { flags, help, least } of ENGINE_FLAGS) {
    if (least === undefined) command.option(flags, help);
    else command.option(flags, help, integer(least));
  }
  return command;
}
