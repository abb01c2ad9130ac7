/**
 * Size of the heads of a past whose last axis is open: what its GroupQueryAttention has.
 */
import type { OnnxGraph } from '../graph.js';
import type { Node } from '../graph-items.js';
import type { Port } from '../port.js';
import { isOpen } from './axes.js';

/** Inputs of GroupQueryAttention: the query or all three packed, the key, the past keys and values. */
const [QUERY, KEY, PAST_KEY, PAST_VALUE] = [0, 1, 3, 4] as const;

/**
 * The port with a number for its last axis; as it is where no attention says what it must be.
 *
 * GenAI's builder leaves that axis open (`kv_cache_dim`). The attention has `num_heads` heads in a query of
 * the declared width, and `num_heads + 2 · kv_num_heads` where keys and values are packed into it.
 */
export function withHeadSize(port: Port, graph: OnnxGraph): Port {
  const { name, dims } = port;
  if (dims?.length !== 4 || !isOpen(dims[3]!)) return port;
  const attention = graph.nodes.find(
    ({ op, inputs }) =>
      op === 'GroupQueryAttention' && (inputs[PAST_KEY] === name || inputs[PAST_VALUE] === name),
  );
  const size = attention === undefined ? null : headSize(attention, graph);
  return size === null ? port : { ...port, dims: [...dims.slice(0, 3), size] };
}

function headSize({ inputs, attributes }: Node, graph: OnnxGraph): number | null {
  const query = graph.ports('value').find(({ name }) => name === inputs[QUERY]);
  const width = query?.dims?.at(-1);
  const heads = Number(attributes.get('num_heads')?.value);
  const shared = Number(attributes.get('kv_num_heads')?.value);
  const size = Number(width) / (heads + (inputs[KEY] ? 0 : 2 * shared));
  return Number.isInteger(size) && size > 0 ? size : null;
}
