/**
 * The input of the token ids: the one that is named, `input_ids`, or the only one that can be.
 */
import { shellWord } from '../../shell-word.js';
import { TYPE } from '../element-types.js';
import { describePort, type Port } from '../port.js';
import { isOpen, type TokenAxes } from './axes.js';
import { isKnownName } from './recognise.js';
import { inputRefusal, listed } from './refuse.js';

const DEFAULT = 'input_ids';

interface Tokens {
  readonly port: Port;
  /** False where it was neither named nor has the usual name. */
  readonly isNamed: boolean;
}

/**
 * @param inputs that the caller must give, those that something else feeds left out
 * @param hasRule whether a caller or the manifest says what an input is given
 * @throws BPB_MODEL_INPUT
 */
export function findTokens(
  inputs: readonly Port[],
  wanted: string | undefined,
  hasRule: (name: string) => boolean,
  path: string,
): Tokens {
  const named = inputs.find(({ name }) => name === (wanted ?? DEFAULT));
  if (named !== undefined) {
    checkTokens(named, path);
    return { port: named, isNamed: true };
  }
  const way = 'name it: --tokens-input NAME, or `model.tokens` of artifact.json';
  if (wanted !== undefined) {
    const message = `The model has no input "${wanted}".`;
    const other = inputs.find((port) => isIds(port) && port.dims?.length === 2);
    const hint = other === undefined ? way : way.replace('NAME', shellWord(other.name));
    throw inputRefusal(path, message, `an input "${wanted}"`, listed(inputs), hint);
  }
  const free = inputs.filter(({ name }) => !isKnownName(name) && !hasRule(name));
  const candidates = free.filter((port) => isIds(port) && port.dims?.length === 2);
  const flat = free.filter((port) => isIds(port) && port.dims?.length === 1);
  const [first, second] = candidates.length > 0 ? candidates : flat;
  if (first === undefined) {
    throw inputRefusal(
      path,
      'The model has no input of token ids.',
      `an input "${DEFAULT}", or one of integers [batch, time]`,
      listed(inputs),
      way,
    );
  }
  if (second === undefined) return { port: first, isNamed: false };
  throw inputRefusal(
    path,
    `Two inputs may be the token ids: "${first.name}" and "${second.name}".`,
    `an input "${DEFAULT}", or one input of integers [batch, time]`,
    listed(inputs),
    `say which: --tokens-input ${shellWord(first.name)}, and what the other is given: --input ${shellWord(second.name)}=zeros`,
  );
}

/** The axes of the ids; of a vector of ids, which is one row, the batch is 1. */
export function axesOf({ dims }: Port): TokenAxes {
  if (dims?.length === 1) return { batch: 1, time: dims[0]! };
  const [batch = '?', time = '?'] = dims ?? [];
  // One name for both axes says nothing of either.
  return batch === time && isOpen(batch) ? { batch: '?', time: '?' } : { batch, time };
}

function checkTokens(port: Port, path: string): void {
  const { dims, name } = port;
  if (isIds(port) && (dims === null || dims.length === 2 || dims.length === 1)) return;
  throw inputRefusal(
    path,
    `The input "${name}" does not take token ids.`,
    'int64 or int32 [batch, time]',
    describePort(port),
    'name another input with --tokens-input NAME, or export one that takes ids [batch, time]',
  );
}

function isIds({ elementType }: Port): boolean {
  return elementType === TYPE.int64 || elementType === TYPE.int32;
}
