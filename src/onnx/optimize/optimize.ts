/**
 * The graph pass behind `--optimize`: what exporters spell out becomes the fused operators that a
 * GPU runs fast. Off for a reference score; docs/optimize.md says what it does and how it is proved.
 */
import { BpbError, inputError } from '../../errors.js';
import { OnnxGraph } from '../graph.js';
import type { Dim } from '../port.js';
import { fuseAttention } from './attention.js';
import type { Fused } from './attention-emit.js';
import { declareOwnShapes } from './declare.js';
import { mergeFactors, multiplyEmbeddings } from './factors.js';
import { fold } from './fold.js';
import { toHalf } from './half.js';
import { sliceHead } from './head.js';
import { sliceQueries } from './last-queries.js';
import { shapeBeforeHead } from './logits.js';
import type { OwnOperator } from './own-operators.js';
import { fusePartialRotary } from './partial-rotary.js';
import { fuseProducts } from './products.js';
import { separateProjections } from './projections.js';
import { fuseResidualNorms, separateAddends } from './residual.js';
import { fuseRmsNorms } from './rms-norm.js';
import { fuseRotary } from './rotary.js';
import { multiplyTables } from './rotary-factors.js';
import { sinkTransposes } from './sink.js';
import { liftSoftcap } from './softcap.js';
import { fuseSplitNormRotary } from './split-norm-rotary.js';
import { squarePowers } from './square.js';
import { fuseSquaredRelus } from './squared-relu.js';
import { type Carried, carriedShapes, doubtful, recurrentNodes } from './state-ports.js';
import { fuseSumNorms } from './sum-norm.js';
import { fuseSwiGlus } from './swiglu.js';
import { tidy } from './tidy.js';
import { Workspace } from './workspace.js';

export interface OptimizeOptions {
  /** Type of weights and activations. Logits come out in it too. */
  readonly precision: 'fp16' | 'fp32';
  /** Tokens a row: the time axis is fixed to it. Null where it stays open: nothing then rests on its length. */
  readonly seqLen: number | null;
  /** Rows a batch: fixed where given, else left open. */
  readonly batch?: number | undefined;
  /** The fused operator that attention becomes, by default ai.onnx Attention; or none. */
  readonly attention?: Fused | 'kept' | undefined;
  /** Operators of this project's own that the engine takes; by default none. */
  readonly operators?: ReadonlySet<OwnOperator> | undefined;
  /** Take a final `c · tanh(z / c)` out of the graph: the scorer applies it as it reads. */
  readonly liftSoftcap?: boolean | undefined;
  /** Compute logits of given positions only: a second input, see `Optimized.scoredInput`. */
  readonly scoredPositions?: boolean | undefined;
  /** Where the model came from, for messages. */
  readonly path?: string | undefined;
  /** Null for an adapt graph that takes no tokens. */
  readonly tokensInput?: string | null | undefined;
  /** Null for an adapt graph, which gives none. */
  readonly logitsOutput?: string | null | undefined;
  /** What else the graph takes and gives, from run to run. */
  readonly carried?: Carried | undefined;
}

const ATTENTION: Readonly<Record<Fused, string>> = {
  standard: 'attention',
  gqa: 'group-query-attention',
  mha: 'multi-head-attention',
  causal: 'causal-attention',
};

export interface Rewrite {
  readonly name: string;
  readonly count: number;
}

export interface Optimized {
  /** The rewritten `.onnx`. */
  readonly bytes: Uint8Array;
  readonly rewrites: readonly Rewrite[];
  /** What looked like something to rewrite and was left, with the reason. */
  readonly untouched: readonly string[];
  /** To be applied to the logits by the scorer; null where the graph still does it or never did. */
  readonly softcap: number | null;
  /** Name of the input of scored positions, int64 `[count]`; null where there is none. */
  readonly scoredInput: string | null;
  /** Type of the logits. */
  readonly logits: 'fp16' | 'fp32';
}

/**
 * Rewrites a model for speed.
 *
 * Deterministic: the same bytes and options give the same bytes.
 *
 * @throws BPB_MODEL_NOT_ONNX; BPB_OPTIMIZE where the model's axes contradict the options, or its
 * shapes each other
 */
export function optimize(model: Uint8Array, options: OptimizeOptions): Optimized {
  const { path = 'the model' } = options;
  try {
    return rewrite(model, { ...options, path });
  } catch (error) {
    // Models are untrusted: shapes that contradict each other surface here as RangeErrors.
    if (error instanceof BpbError || !(error instanceof Error)) throw error;
    throw refusal(path, 'a graph whose shapes agree with each other', error.message, error);
  }
}

function rewrite(model: Uint8Array, options: OptimizeOptions & { path: string }): Optimized {
  const { path, carried, tokensInput = 'input_ids', logitsOutput = 'logits' } = options;
  const graph = OnnxGraph.parse(model, path);
  checkOrder(graph, path);
  const twice = carried && doubtful(graph, carried, tokensInput);
  if (twice) {
    throw refusal(
      path,
      'inputs without a value in the file',
      `"${twice}" is an initializer as well`,
    );
  }
  dropDefaults(graph, path);
  if (tokensInput !== null) fixAxes(graph, tokensInput, logitsOutput, options, path);
  const ws = new Workspace(graph, carried ? carriedShapes(graph, carried) : new Map());
  const rewrites: Rewrite[] = [];
  const untouched: string[] = [];
  const note = (name: string, count: number) => {
    if (count > 0) rewrites.push({ name, count });
  };

  tidy(ws);
  const folded = fold(ws);
  tidy(ws);
  note('dequantized-weights', folded.dequantized);
  note('folded-constants', folded.folded);
  if (folded.kept > 0) untouched.push(`${folded.kept} DequantizeLinear of values not constant`);
  note('rms-norm', fuseRmsNorms(ws));
  note('rotary-embedding', fuseRotary(ws));
  note('partial-rotary-embedding', fusePartialRotary(ws));
  note('square', squarePowers(ws));
  tidy(ws);
  const own = options.operators ?? new Set();
  if (own.has('SquaredRelu')) {
    const squared = fuseSquaredRelus(ws);
    note('squared-relu', squared.count);
    untouched.push(...squared.left);
  }
  // Before products are taken apart: a gate and its values may stay halves of one.
  if (own.has('SwiGlu')) note('swiglu', fuseSwiGlus(ws));
  tidy(ws);
  const separated = separateProjections(ws);
  note('separate-projections', separated.count);
  untouched.push(...separated.left);
  tidy(ws);
  const kind = options.attention ?? 'standard';
  if (kind !== 'kept') {
    const instead = options.precision === 'fp16' ? 'gqa' : 'mha';
    const attended = fuseAttention(ws, kind, instead);
    note(ATTENTION[attended.fused], attended.count);
    untouched.push(...attended.left);
  }
  tidy(ws);
  while (sinkTransposes(ws) > 0) tidy(ws);
  note('merged-factors', mergeFactors(ws));
  const tables = () => {
    const multiplied = multiplyEmbeddings(ws);
    note('multiplied-tables', multiplied.tables);
    untouched.push(...multiplied.left);
  };
  // A sum that takes factors needs no second table for them.
  if (!own.has('SumNorm')) tables();
  if (own.has('SplitNormRotary')) {
    tidy(ws);
    const heads = fuseSplitNormRotary(ws);
    note('split-norm-rotary', heads.count);
    untouched.push(...heads.left);
    tidy(ws);
  }
  // A CPU's cache holds a table by position, and one by position and head not.
  if (kind !== 'kept' && kind !== 'causal') note('factors-into-rotary', multiplyTables(ws));
  tidy(ws);
  // Logits that the graph itself goes on with, for its next state, stay what they are.
  const last =
    logitsOutput !== null && ws.consumers(logitsOutput).length === 0 ? logitsOutput : null;
  const softcap = options.liftSoftcap && last !== null ? liftSoftcap(ws, last) : null;
  note('softcap-to-scorer', softcap === null ? 0 : 1);
  tidy(ws);
  const shaped = last === null ? null : shapeBeforeHead(ws, last);
  if (shaped === 'moved') note('logits-from-product', 1);
  else if (shaped !== null) untouched.push(`logits: ${shaped}`);
  tidy(ws);
  const sliced = options.scoredPositions && tokensInput !== null && last !== null;
  const head = sliced ? sliceHead(ws, tokensInput, last) : null;
  if (typeof head === 'string') untouched.push(`head: ${head}`);
  else note('scored-positions', head?.sliced ?? 0);
  tidy(ws);
  if (head !== null && typeof head !== 'string') {
    note('scored-queries', sliceQueries(ws, head.input));
    tidy(ws);
  }
  separateAddends(ws);
  if (own.has('SumNorm')) {
    const summed = fuseSumNorms(ws);
    note('sum-norm', summed.count);
    untouched.push(...summed.left);
    tidy(ws);
    tables();
    tidy(ws);
  }
  note('residual-norm', fuseResidualNorms(ws));
  tidy(ws);
  if (options.precision === 'fp16') {
    const half = toHalf(ws, logitsOutput, carried ? recurrentNodes(ws, carried) : new Set());
    note('half-precision-weights', half.weights);
    untouched.push(...half.left);
    tidy(ws);
  } else if (own.has('Product')) {
    const products = fuseProducts(ws);
    note('product', products.count);
    note('riding-on-product', products.riding);
    untouched.push(...products.left);
    tidy(ws);
  }
  declareOwnShapes(ws);
  return {
    bytes: graph.serialize(),
    rewrites,
    untouched,
    softcap,
    scoredInput: head !== null && typeof head !== 'string' ? head.input : null,
    logits: ws.fact(logitsOutput ?? '').type === 10 ? 'fp16' : 'fp32',
  };
}

/** Nodes are visited in their order, and edits cost time with their number. */
const MAX_NODES = 50_000;

/** ONNX asks for topological order; without it a cycle could be rewritten for ever. */
function checkOrder(graph: OnnxGraph, path: string): void {
  const { nodes } = graph;
  if (nodes.length > MAX_NODES) {
    throw refusal(path, `at most ${MAX_NODES} nodes`, `${nodes.length} nodes`);
  }
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const seen = new Set<string>();
  for (const { inputs, outputs } of nodes) {
    const early = inputs.find((name) => name !== '' && made.has(name) && !seen.has(name));
    if (early)
      throw refusal(path, 'nodes in topological order', `"${early}" used before it is made`);
    for (const name of outputs) seen.add(name);
  }
}

/** Initializers that are inputs as well are constants here: no caller overrides them. */
function dropDefaults(graph: OnnxGraph, path: string): void {
  const { irVersion } = graph;
  if (irVersion < 4) throw refusal(path, 'IR version 4 or later', `IR version ${irVersion}`);
  const constants = new Set(graph.initializers.map(({ name }) => name));
  const { items } = graph;
  const kept = items.filter((item) => item.kind !== 'input' || !constants.has(item.name));
  if (kept.length < items.length) items.splice(0, items.length, ...kept);
}

/** Writes batch and time into the tokens' input, from which all shapes follow. */
function fixAxes(
  graph: OnnxGraph,
  tokensInput: string,
  logitsOutput: string | null,
  { seqLen, batch, carried }: OptimizeOptions,
  path: string,
): void {
  const at = graph.items.findIndex((item) => item.kind === 'input' && item.name === tokensInput);
  const port = graph.items[at];
  if (port?.kind !== 'input' || port.dims?.length !== 2) {
    const actual = port?.kind === 'input' ? 'another shape' : 'no such input';
    throw refusal(path, `an input "${tokensInput}" of shape [batch, time]`, actual);
  }
  const [rows, time] = port.dims;
  const known = (dim: Dim | undefined) => (typeof dim === 'number' ? dim : null);
  const [fixedRows, fixedTime] = [known(rows), known(time)];
  const fits = (own: number | null, asked: number | null | undefined) =>
    own === null || (asked ?? null) === null || own === asked;
  if (!fits(fixedTime, seqLen) || !fits(fixedRows, batch)) {
    const asked = `[${batch ?? 'any'}, ${seqLen ?? 'any'}]`;
    const fixed = `[${fixedRows ?? 'any'}, ${fixedTime ?? 'any'}]`;
    throw refusal(path, asked, `${fixed} fixed in the graph`);
  }
  if (seqLen === null) return;
  graph.items[at] = { ...port, dims: [batch ?? rows!, seqLen], raw: null };
  // The outputs' axes follow, under names that the runtime may fill in; a state keeps what it declares.
  graph.items.forEach((item, k) => {
    const follows = item.kind === 'output' && (item.name === logitsOutput || !carried);
    if (follows && item.dims?.length === 3) {
      const dims = [batch ?? item.dims[0]!, seqLen, item.dims[2]!];
      graph.items[k] = { ...item, dims, raw: null };
    }
  });
}

function refusal(path: string, expected: string, actual: string, cause?: unknown): BpbError {
  return inputError('BPB_OPTIMIZE', {
    message: 'the model cannot be optimized',
    cause,
    path,
    expected,
    actual,
    hint: 'score without --optimize, or export with symbolic batch and time axes',
  });
}
