/**
 * The refusal of a batch by a graph, with its likely cause: an id or a length that the graph does not have.
 *
 * Tables of positions, caches of rotary factors and causal masks are made for one length. Beyond it
 * ONNX Runtime says which index is out of range, or which two sizes do not match.
 */
import { BpbError } from '../errors.js';
import { typedNodes } from '../onnx/value-types.js';
import type { Batch, GraphOptions } from './types.js';

const OUT_OF_RANGE = /idx=(-?\d+) must be within the inclusive range \[-?\d+,\s*(\d+)\]/;
const SIZES = [
  /dimension other than 1\. (\d+) by (\d+)/,
  /cannot broadcast.*?\b(\d+)\b.*?\b(\d+)\b/,
  /Got invalid dimensions.*Got: (\d+) Expected: (\d+)/,
];
const NODE = /while running (\S+) node\. Name:'([^']*)'/;
const CACHE = /cos_cache|sin_cache/;

/** The same error, or one of the same code that says more. */
export function explainRun(
  error: BpbError,
  { ids, time }: Pick<Batch, 'ids' | 'time'>,
  graph: Pick<GraphOptions, 'model' | 'path'>,
): BpbError {
  if (error.code !== 'BPB_MODEL_RUN' || error.actual === undefined) return error;
  const index = OUT_OF_RANGE.exec(error.actual);
  if (index !== null) {
    const [id, rows] = [Number(index[1]), Number(index[2]) + 1];
    // Positions are consecutive: the first that is out of range is the number of the table's rows.
    const isPosition = id === rows && time > rows;
    if (!isPosition && ids.includes(id)) return withCause(error, beyondEmbedding(id, rows));
    if (time > 1) return withCause(error, beyondTable(time, Math.min(rows, time - 1)));
  }
  const length = fixedLength(error.actual, time, graph);
  return length === null ? error : withCause(error, otherLength(time, length));
}

interface Cause {
  readonly message: string;
  readonly expected: string;
  readonly hint: string;
}

function beyondEmbedding(id: number, rows: number): Cause {
  return {
    message: `The id ${id} is beyond the embedding table of the model.`,
    expected: `ids below ${rows}`,
    hint: 'Is this the tokenizer that the model was trained with? Name it with --tokenizer.',
  };
}

function beyondTable(time: number, rows: number): Cause {
  return {
    message: `Rows of ${time} tokens are longer than a table of the model, most likely that of its positions.`,
    expected: `rows of at most ${rows} tokens`,
    hint: `--seq-len ${rows}`,
  };
}

function otherLength(time: number, length: number): Cause {
  const what = `The graph is fixed to rows of ${length} tokens by a constant (positions, rotary factors or a causal mask); these have ${time}.`;
  const fixed = `export the model with its time axis fixed to ${length} (then shorter rows are padded)`;
  return {
    message: what,
    expected: `rows of ${length} tokens`,
    hint: time > length ? `--seq-len ${length}` : `--seq-len ${length}, or ${fixed}`,
  };
}

/** The length that a constant of the graph has where a row has `time`; null where nothing says so. */
function fixedLength(
  reason: string,
  time: number,
  { model, path }: Pick<GraphOptions, 'model' | 'path'>,
): number | null {
  for (const pattern of SIZES) {
    const [, a, b] = pattern.exec(reason) ?? [];
    if (a === undefined) continue;
    if (Number(a) === time && Number(b) !== time) return Number(b);
    if (Number(b) === time && Number(a) !== time) return Number(a);
  }
  if (!CACHE.test(reason)) return null;
  const [, op, name] = NODE.exec(reason) ?? [];
  const nodes = typedNodes(model, path).filter(
    ({ node }) => node.op === op && (node.name === name || name === ''),
  );
  const rows = nodes.flatMap(({ constants }) =>
    constants.flatMap((constant) => (constant?.dims.length === 2 ? [constant.dims[0]!] : [])),
  );
  return rows.find((length) => length < time) ?? null;
}

function withCause(error: BpbError, { message, expected, hint }: Cause): BpbError {
  const { kind, code, path, actual, cause } = error;
  return new BpbError({ kind, code, path, actual, cause, message, expected, hint });
}
