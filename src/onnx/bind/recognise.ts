/**
 * Inputs that exporters of decoders write beside the token ids, by name, type and shape.
 */
import { isFloat, TYPE } from '../element-types.js';
import type { OnnxGraph } from '../graph.js';
import type { Port } from '../port.js';
import { isOpen, type Layout, NO_FIXES, placed, type TokenAxes } from './axes.js';
import { withHeadSize } from './head-size.js';
import { readState } from './state.js';
import type { InputKind } from './types.js';

/** How an input is to be computed. */
export interface Binding extends Layout {
  readonly kind: InputKind;
  /** Name of an axis along which a past is empty. */
  readonly pastAxis?: string | null;
}

/** A binding, or why an input of a known name cannot have one. */
export type Reading = Binding | { readonly reason: string };

interface Rule {
  readonly names: RegExp;
  readonly types: (type: number) => boolean;
  readonly read: (port: Port, axes: TokenAxes, graph: OnnxGraph) => Binding | null;
  /** What is recognised under these names. */
  readonly expected: string;
}

const isInteger = (type: number) => type === TYPE.int64 || type === TYPE.int32;
const isNumber = (type: number) => isInteger(type) || isFloat(type) || type === TYPE.bool;

const PER_TOKEN = ['batch', 'time'] as const;

const RULES: readonly Rule[] = [
  {
    names: /^(attention|input|attn)_mask$/i,
    types: (type) => isNumber(type) || type === TYPE.int8 || type === TYPE.uint8,
    expected: 'a mask [batch, time] of integers, floats or booleans',
    read: (port, axes) => ofKind('ones', placed(port, PER_TOKEN, axes)),
  },
  {
    names: /^(position_?ids?|positions?|pos_ids?|cache_position|input_pos(itions)?)$/i,
    types: (type) => isInteger(type) || type === TYPE.float32,
    expected: 'positions [time], [batch, time] or [3 or 4, batch, time] of integers',
    read: (port, axes) => ofKind('positions', placedPositions(port, axes)),
  },
  {
    names: /^(token_type_ids?|segment_ids?)$/i,
    types: isInteger,
    expected: 'types [batch, time] of integers',
    read: (port, axes) => ofKind('zeros', placed(port, PER_TOKEN, axes)),
  },
  {
    names: /^use_cache_branch$/i,
    types: (type) => type === TYPE.bool,
    expected: 'one boolean',
    read: (port) => ofKind('zeros', single(port)),
  },
  {
    names: /^(num_)?logits_to_keep$/i,
    types: isInteger,
    expected: 'one integer',
    read: (port) => ofKind('zeros', single(port)),
  },
  {
    names: /^(seqlens_k|seq_lens_k)$/i,
    types: isInteger,
    expected: 'integers [batch] or [batch, 1]',
    read: (port, axes) => ofKind('last', perRow(port, axes)),
  },
  {
    names: /^total_(sequence_length|seq(uence)?_len(gth)?)$/i,
    types: isInteger,
    expected: 'one integer',
    read: (port) => ofKind('length', single(port)),
  },
  {
    names: /^past_seq(uence)?_len(gth)?s?$/i,
    types: isInteger,
    expected: 'one integer, or integers [batch, 1]',
    read: readPastLength,
  },
];

/** Null for an input that nothing is known of. */
export function recognise(
  port: Port,
  axes: TokenAxes,
  graph: OnnxGraph,
  outputs: readonly Port[],
): Reading | null {
  const rule = RULES.find(({ names }) => names.test(port.name));
  if (rule === undefined) return readState(withHeadSize(port, graph), axes, outputs);
  const binding = rule.types(port.elementType) ? rule.read(port, axes, graph) : null;
  return binding ?? { reason: `under this name ${rule.expected} would be recognised` };
}

/** Whether the name is one that `recognise` has a rule for: then the input takes no token ids. */
export function isKnownName(name: string): boolean {
  return RULES.some(({ names }) => names.test(name));
}

function ofKind(kind: InputKind, layout: Layout | null): Binding | null {
  return layout && { kind, ...layout };
}

function placedPositions(port: Port, axes: TokenAxes): Layout | null {
  const { dims } = port;
  if (dims?.length === 1) return placed(port, ['time'], axes);
  if (dims?.length === 3 && dims[0] !== 3 && dims[0] !== 4) return null;
  return placed(port, dims?.length === 3 ? ['any', ...PER_TOKEN] : PER_TOKEN, axes);
}

/** A scalar, or a vector of one element. */
export function single({ dims }: Pick<Port, 'dims'>): Layout | null {
  if (dims === null) return null;
  if (dims.length === 0) return { sizes: [], fixes: NO_FIXES };
  const [only] = dims;
  return dims.length === 1 && (only === 1 || isOpen(only!))
    ? { sizes: [1], fixes: NO_FIXES }
    : null;
}

/** `[batch]` or `[batch, 1]`. */
export function perRow(port: Pick<Port, 'dims'>, axes: TokenAxes): Layout | null {
  if (port.dims?.length !== 2) return placed(port, ['batch'], axes);
  const [batch, one] = port.dims;
  const rows = placed({ dims: [batch!] }, ['batch'], axes);
  return rows === null || one !== 1 ? null : { ...rows, sizes: [...rows.sizes, 1] };
}

/**
 * For GroupQueryAttention it is the index of the last key of each row, `[batch, 1]`, under the name of a
 * length; anywhere else it is how much came before: nothing.
 */
function readPastLength(port: Port, axes: TokenAxes, graph: OnnxGraph): Binding | null {
  const perRowIndex = port.dims?.length === 2 || feedsLastKeys(port.name, graph);
  return perRowIndex
    ? ofKind('last', port.dims?.length === 0 ? single(port) : perRow(port, axes))
    : ofKind('zeros', single(port));
}

/** Whether a value is the sixth input of a GroupQueryAttention, as it is or in another type or shape. */
function feedsLastKeys(name: string, { nodes }: OnnxGraph): boolean {
  const same = new Set([name]);
  for (const { op, inputs, outputs } of nodes) {
    if (op === 'GroupQueryAttention' && same.has(inputs[5] ?? '')) return true;
    const passes = /^(Cast|Identity|Reshape|Squeeze|Unsqueeze|Expand)$/.test(op);
    if (passes && same.has(inputs[0] ?? '')) same.add(outputs[0] ?? '');
  }
  return false;
}
