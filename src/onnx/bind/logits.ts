/**
 * The output of the logits: which one it is, and whether its shape can be that of logits.
 */
import { shellWord } from '../../shell-word.js';
import { TYPE } from '../element-types.js';
import { type Dim, describePort, type Port } from '../port.js';
import { isOpen, isSame, type TokenAxes } from './axes.js';
import { listed, outputRefusal } from './refuse.js';

const DEFAULT = 'logits';
const FLOATS: ReadonlySet<number> = new Set([
  TYPE.float32,
  TYPE.float16,
  TYPE.bfloat16,
  TYPE.float64,
]);
/** Outputs that are something else by their name: state that goes into the next call, hidden states. */
const STATE = /^(present|past)|cache|state|conv|recurrent/i;
const HIDDEN = /hidden|embed|attentions?$/i;

const EVERY_POSITION =
  'export the logits of every position, [batch, time, vocabulary], without selecting the last';

interface Logits {
  readonly port: Port;
  /** False where it was neither named nor has the usual name. */
  readonly isNamed: boolean;
}

/**
 * @param outputs those that something else reads left out
 * @throws BPB_MODEL_OUTPUT
 */
export function findLogits(
  outputs: readonly Port[],
  wanted: string | undefined,
  path: string,
): Logits {
  const named = outputs.find(({ name }) => name === (wanted ?? DEFAULT));
  if (named !== undefined) return { port: named, isNamed: true };
  const way = 'name it: --logits-output NAME, or `model.logits` of artifact.json';
  if (wanted !== undefined) {
    const message = `The model has no output "${wanted}".`;
    const other = outputs.find(({ dims }) => dims?.length === 3);
    const hint = other === undefined ? way : way.replace('NAME', shellWord(other.name));
    throw outputRefusal(path, message, `an output "${wanted}"`, listed(outputs), hint);
  }
  const others = outputs.filter(({ name }) => !STATE.test(name) && !HIDDEN.test(name));
  const ofRank = (rank: number) =>
    others.filter(({ dims, elementType }) => FLOATS.has(elementType) && dims?.length === rank);
  const open = others.filter(({ dims, elementType }) => FLOATS.has(elementType) && dims === null);
  const [first, second] = [ofRank(3), ofRank(2), open].find((each) => each.length > 0) ?? [];
  if (first === undefined) throw noLogits(outputs, path, way);
  if (second === undefined) return { port: first, isNamed: false };
  throw outputRefusal(
    path,
    `Two outputs may be the logits: "${first.name}" and "${second.name}".`,
    `an output "${DEFAULT}", or one output of floats [batch, time, vocabulary]`,
    listed(outputs),
    `say which: --logits-output ${shellWord(first.name)}, or \`model.logits\` of artifact.json`,
  );
}

function noLogits(outputs: readonly Port[], path: string, way: string) {
  const hidden = outputs.find(({ name }) => HIDDEN.test(name));
  if (hidden !== undefined) {
    return outputRefusal(
      path,
      `The model gives hidden states ("${hidden.name}") and no logits.`,
      `an output "${DEFAULT}" [batch, time, vocabulary]`,
      listed(outputs),
      `export the model with its language-model head (optimum: --task text-generation); or ${way}`,
    );
  }
  const loss = outputs.find(({ dims }) => dims !== null && dims.length < 2);
  if (loss !== undefined) return lossError(loss, path);
  return outputRefusal(
    path,
    'The model has no output of logits.',
    `an output "${DEFAULT}", or one of floats [batch, time, vocabulary]`,
    listed(outputs),
    way,
  );
}

function lossError(port: Port, path: string) {
  return outputRefusal(
    path,
    `The output "${port.name}" is a loss or another figure, not logits.`,
    'logits [batch, time, vocabulary]',
    describePort(port),
    'export the forward pass that returns the logits before the loss is computed',
  );
}

/** How the output becomes `[batch, time, vocabulary]`. */
export type LogitsShape =
  | { readonly kind: 'as-is' }
  /** `[batch * time, vocabulary]`; where the order of rows is in doubt, one row is run at a time. */
  | { readonly kind: 'flat'; readonly oneRow: boolean };

/** @throws BPB_MODEL_OUTPUT for a shape that is not that of every position's logits */
export function shapeOfLogits(port: Port, axes: TokenAxes, path: string): LogitsShape {
  const { dims, elementType, name } = port;
  const fail = (message: string, hint: string) =>
    outputRefusal(path, message, 'logits [batch, time, vocabulary]', describePort(port), hint);
  if (!FLOATS.has(elementType)) {
    throw outputRefusal(
      path,
      `The output "${name}" does not hold logits.`,
      'float32, float16, bfloat16 or float64 [batch, time, vocabulary]',
      describePort(port),
      'name another output with --logits-output NAME',
    );
  }
  if (dims === null) return { kind: 'as-is' };
  if (dims.length < 2) throw lossError(port, path);
  if (dims.length > 3) {
    const message = `The output "${name}" has ${dims.length} axes, and logits have three.`;
    throw fail(
      message,
      'name another output with --logits-output NAME, or export [batch, time, vocabulary]',
    );
  }
  const last = () =>
    fail(`The output "${name}" has the logits of the last position alone.`, EVERY_POSITION);
  if (dims.length === 2) {
    if (isLastOfRows(dims[0]!, axes)) throw last();
    return { kind: 'flat', oneRow: isOpen(axes.batch) && !isProduct(dims[0]!, axes) };
  }
  const [rows, time, width] = dims as [Dim, Dim, Dim];
  if (time === 1 && axes.time !== 1) throw last();
  if (isSame(width, axes.time) && !isSame(time, axes.time)) {
    throw fail(
      `The output "${name}" has its vocabulary before the time.`,
      'export the logits as [batch, time, vocabulary]: logits.transpose(1, 2)',
    );
  }
  // As many rows as positions say nothing of their order: the verification of a run does.
  if (isSame(rows, axes.time) && isSame(time, axes.batch) && axes.batch !== axes.time) {
    throw fail(
      `The output "${name}" has its time before the batch.`,
      'export the logits as [batch, time, vocabulary]: logits.transpose(0, 1)',
    );
  }
  return { kind: 'as-is' };
}

/** Whether an output with this many rows has one for every row of ids, and not one for every token. */
function isLastOfRows(rows: Dim, { batch, time }: TokenAxes): boolean {
  if (time === 1) return false;
  if (isOpen(rows)) return isSame(rows, batch);
  if (isOpen(batch)) return rows === 1;
  return rows === batch && (isOpen(time) || rows !== batch * time);
}

/** Whether the declared size says that rows of ids follow each other: `batch*time`, or 512 for [8, 64]. */
function isProduct(rows: Dim, { batch, time }: TokenAxes): boolean {
  if (!isOpen(rows)) return false;
  const plain = rows.replace(/[\s()]/g, '');
  return plain === `${batch}*${time}` || plain === `${batch}x${time}`;
}
