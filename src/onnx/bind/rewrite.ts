/**
 * The rewrite of a graph whose ports are bound: inputs become nodes, logits get their shape and type.
 */
import { inputError } from '../../errors.js';
import { TYPE } from '../element-types.js';
import type { OnnxGraph } from '../graph.js';
import type { Item, PortItem } from '../graph-items.js';
import type { Dim, Port } from '../port.js';
import { ints } from '../tensor.js';
import { type FixedSizes, isOpen } from './axes.js';
import { Emitter } from './emit.js';
import type { LogitsShape } from './logits.js';
import type { Binding } from './recognise.js';
import type { BindRequest, BoundModel, InputKind } from './types.js';

/** Of a model that has only operators of other domains. */
const ASSUMED_OPSET = 13;

export interface Plan extends Pick<BindRequest, 'given' | 'logitsAre'> {
  readonly tokens: Port;
  readonly logits: Port;
  readonly shape: LogitsShape;
  readonly fixes: FixedSizes;
  readonly bound: readonly { readonly port: Port; readonly binding: Binding }[];
}

/** @throws BPB_MODEL_OPSET */
export function rewrite(
  graph: OnnxGraph,
  model: Uint8Array,
  plan: Plan,
  path: string,
): Pick<BoundModel, 'model' | 'tokens' | 'logits'> {
  const { tokens, logits, bound, given } = plan;
  const stem = newStem(model);
  const isVector = tokens.dims?.length === 1;
  const ids = isVector ? `${stem}ids` : tokens.name;
  const opset = graph.opsets.get('') ?? ASSUMED_OPSET;
  const before = new Emitter(ids, `${stem}in_`, opset);
  if (isVector) before.op('Reshape', [ids, before.constant(ints([-1]))], {}, tokens.name);
  for (const { port, binding } of bound) emit(before, port, binding);

  const after = new Emitter(ids, `${stem}out_`, opset);
  const type = emitLogits(after, plan, `${stem}logits`);
  const isFixed = plan.fixes.batch !== undefined || plan.fixes.time !== undefined;
  const unchanged = before.nodes.length + after.nodes.length === 0 && !isFixed;
  if (unchanged) return { model, tokens: tokens.name, logits: logits.name };
  if (bound.length > 0) requireOpset(opset, path);
  graph.opsets.set('', opset);

  const output = after.nodes.length === 0 ? logits.name : `${stem}logits`;
  const [batch, time] = idsDims(plan);
  const removed = new Set(bound.map(({ port }) => port.name));
  const replaced = (item: Item): Item[] => {
    switch (item.kind) {
      case 'input': {
        if (removed.has(item.name)) return [];
        const touched = item.name === tokens.name && (isVector || isFixed);
        return [touched ? { ...item, name: ids, dims: [batch, time], raw: null } : item];
      }
      case 'initializer':
        return removed.has(item.name) ? [] : [item];
      case 'output': {
        if (given.outputs.has(item.name)) return [item];
        if (item.name !== logits.name) return [];
        if (output === item.name) return [item];
        const dims = [batch, time, logits.dims?.at(-1) ?? '?'];
        const port: PortItem = { ...item, name: output, elementType: type, dims, raw: null };
        return [port];
      }
      default:
        return [item];
    }
  };
  const items = graph.items.flatMap(replaced);
  const firstNode = items.findIndex(({ kind }) => kind === 'node');
  const at = firstNode < 0 ? items.length : firstNode;
  const lastNode = items.findLastIndex(({ kind }) => kind === 'node') + 1;
  const end = firstNode < 0 ? items.length : lastNode;
  graph.items.splice(
    0,
    graph.items.length,
    ...items.slice(0, at),
    ...before.nodes,
    ...items.slice(at, end),
    ...after.nodes,
    ...items.slice(end),
  );
  return { model: graph.serialize(), tokens: ids, logits: output };
}

function emit(to: Emitter, { name, elementType }: Port, { kind, sizes }: Binding): void {
  if (kind === 'positions') to.positions(elementType, sizes, name);
  else if (kind === 'length' || kind === 'last') {
    to.length(elementType, sizes, kind === 'last' ? 1 : 0, name);
  } else to.filled(elementType, sizes, valueOfKind(kind), name);
}

function valueOfKind(kind: InputKind): number {
  if (typeof kind === 'object') return kind.constant;
  return kind === 'ones' ? 1 : 0;
}

/** Nodes behind the logits, the last of which gives `output`; returns the type that they have then. */
function emitLogits(to: Emitter, { logits, shape, logitsAre }: Plan, output: string): number {
  let { name: value, elementType: type } = logits;
  const steps: ((output?: string) => void)[] = [];
  if (shape.kind === 'flat') {
    steps.push((out) => {
      const width = to.op('Gather', [to.op('Shape', [value]), to.constant(ints([1]))], {
        axis: { int: 0 },
      });
      // The time is left to the data, so that logits of the last position come out as such.
      const target = to.concat([to.axis('batch'), to.constant(ints([-1])), width]);
      value = to.op('Reshape', [value, target], {}, out);
    });
  }
  const cast = (wanted: number) => {
    if (type === wanted) return;
    type = wanted;
    steps.push((out) => {
      value = to.cast(value, wanted, out);
    });
  };
  if (logitsAre === 'probabilities') {
    // Logarithms of small numbers need the range and the precision of fp32 at least.
    if (type !== TYPE.float64) cast(TYPE.float32);
    steps.push((out) => {
      value = to.op('Log', [value], {}, out);
    });
  }
  if (type === TYPE.float64) cast(TYPE.float32);
  for (const [k, step] of steps.entries()) step(k === steps.length - 1 ? output : undefined);
  return type;
}

/** The axes of the token ids, as they are run. */
function idsDims({ tokens: { dims }, fixes }: Plan): [Dim, Dim] {
  const [batch, time] = dims?.length === 1 ? [1, dims[0]!] : [dims?.[0] ?? '?', dims?.[1] ?? '?'];
  const fixed = (dim: Dim, size: number | undefined) => (isOpen(dim) ? (size ?? dim) : dim);
  return [fixed(batch, fixes.batch), fixed(time, fixes.time)];
}

/** Beginning of new names, which nothing in the file has. */
function newStem(model: Uint8Array): string {
  const all = Buffer.from(model.buffer, model.byteOffset, model.byteLength);
  let stem = 'bpb_';
  while (all.includes(stem)) stem = `_${stem}`;
  return stem;
}

/** @throws BPB_MODEL_OPSET */
function requireOpset(opset: number, path: string): void {
  if (opset >= 9) return;
  throw inputError('BPB_MODEL_OPSET', {
    message: 'the model needs inputs that its operator set cannot compute',
    path,
    expected: 'opset 9 or newer',
    actual: `opset ${opset}`,
    hint: 'export it again, or convert it: onnx.version_converter.convert_version(model, 17)',
  });
}
