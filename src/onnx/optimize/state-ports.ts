/**
 * Ports of a graph that carries state: what is known of their shapes, and which nodes lead from one state
 * to the next.
 */
import type { Node, OnnxGraph } from '../graph.js';
import type { KnownDim } from './facts.js';
import type { Workspace } from './workspace.js';

/** State and targets of a graph. */
export interface Carried {
  /** Known shape of one row of each further input that a run gives; null for an axis that varies. */
  readonly inputs: ReadonlyMap<string, readonly KnownDim[]>;
  /** Outputs that become inputs of a later run: their names, types and shapes stay. */
  readonly outputs: ReadonlySet<string>;
}

/** The name of a port that a run gives and that has a value of its own as well: which of them counts is not said. */
export function doubtful(
  graph: OnnxGraph,
  { inputs }: Carried,
  tokens: string | null,
): string | undefined {
  const constants = new Set(graph.initializers.map(({ name }) => name));
  const given = graph.ports('input').map(({ name }) => name);
  return given.find((name) => (name === tokens || inputs.has(name)) && constants.has(name));
}

/**
 * What may be known of each input's shape. An open axis is that of the batch, the same one everywhere: so
 * where another axis is open too, nothing is known.
 */
export function carriedShapes(
  graph: OnnxGraph,
  { inputs }: Carried,
): ReadonlyMap<string, readonly KnownDim[] | null> {
  const shapes = new Map<string, readonly KnownDim[] | null>();
  for (const { name, dims } of graph.ports('input')) {
    const declared = dims?.map((dim) => (typeof dim === 'number' ? dim : null)) ?? null;
    const row = inputs.get(name);
    const known = row === undefined ? declared : [declared?.[0] ?? null, ...row];
    shapes.set(name, known?.slice(1).includes(null) ? null : known);
  }
  return shapes;
}

/**
 * Nodes between a state that the graph reads and one that it writes: a rounding there would be carried on from
 * run to run.
 */
export function recurrentNodes(ws: Workspace, { inputs, outputs }: Carried): ReadonlySet<Node> {
  const { nodes } = ws.graph;
  const after = new Set(inputs.keys());
  for (const node of nodes) {
    if (node.inputs.some((name) => after.has(name)))
      for (const name of node.outputs) after.add(name);
  }
  const before = new Set(outputs);
  const between = new Set<Node>();
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((name) => before.has(name))) continue;
    for (const name of node.inputs) before.add(name);
    if (node.inputs.some((name) => after.has(name))) between.add(node);
  }
  return between;
}
