/**
 * Graph under rewriting: producers and consumers of each value, the facts known of it, and edits that
 * keep both up to date.
 */

import {
  type Attribute,
  type Initializer,
  makeInitializer,
  makeNode,
  type Node,
  type OnnxGraph,
} from '../graph.js';
import type { Tensor } from '../tensor.js';
import type { AttributeValue } from '../writer.js';
import { constantFact, type Fact, type KnownDim, type Lookup, UNKNOWN } from './facts.js';
import { inferNode } from './infer.js';
import { Links } from './links.js';
import { DOMAIN } from './own-operators.js';

export const MICROSOFT = 'com.microsoft';

export class Workspace implements Lookup {
  private readonly facts = new Map<string, Fact>();
  private readonly links = new Links();
  private readonly outputs: ReadonlySet<string>;
  private readonly names = new Set<string>();
  private made = 0;

  /** @param shapes what is known of inputs beyond what their ports say; null for nothing */
  constructor(
    readonly graph: OnnxGraph,
    private readonly shapes: ReadonlyMap<string, readonly KnownDim[] | null> = new Map(),
  ) {
    this.outputs = new Set(graph.ports('output').map(({ name }) => name));
    this.readPorts();
    for (const item of graph.initializers) this.recordInitializer(item);
    for (const node of graph.nodes) this.record(node);
  }

  /** Records the graph's inputs as they are now. */
  readPorts(): void {
    for (const { name, elementType, dims } of this.graph.ports('input')) {
      this.names.add(name);
      const declared = dims?.map((dim) => (typeof dim === 'number' ? dim : null)) ?? null;
      const known = this.shapes.get(name);
      const found = known === undefined ? declared : known;
      this.facts.set(name, { ...UNKNOWN, type: elementType, dims: found });
    }
  }

  /** Infers everything anew: a rewrite may have made known what follows from it. */
  refresh(): void {
    for (const node of this.graph.nodes) this.infer(node);
  }

  get opset(): number {
    return this.graph.opsets.get('') ?? 1;
  }

  set opset(version: number) {
    this.graph.opsets.set('', version);
  }

  fact(name: string): Fact {
    return this.facts.get(name) ?? UNKNOWN;
  }

  dims(name: string): readonly KnownDim[] | null {
    return this.fact(name).dims;
  }

  /** Whether both shapes are known and one, with at most one open axis, of as many places a row. */
  sameShape(one: string, other: string): boolean {
    const [a, b] = [this.fact(one), this.fact(other)];
    const open = a.dims?.filter((dim) => dim === null).length ?? 0;
    if (!a.dims || !b.dims || open > 1 || (open === 1 && a.perRow !== b.perRow)) return false;
    // An open axis is joined as nothing, and so is a scalar's shape.
    return a.dims.length === b.dims.length && a.dims.join() === b.dims.join();
  }

  constant(name: string): Tensor | null {
    return this.fact(name).constant?.() ?? null;
  }

  producer(name: string): Node | undefined {
    return this.links.producer(name);
  }

  /** The node that makes this value, if it is one of ai.onnx of that type. */
  madeBy(name: string, op: string): Node | undefined {
    const node = this.links.producer(name);
    return node?.op === op && node.domain === '' ? node : undefined;
  }

  consumers(name: string): readonly Node[] {
    return this.links.consumers(name);
  }

  isOutput(name: string): boolean {
    return this.outputs.has(name);
  }

  /** Whether anything but `users` sees this value. */
  seenOutside(name: string, users: ReadonlySet<Node>): boolean {
    return this.isOutput(name) || this.consumers(name).some((node) => !users.has(node));
  }

  /**
   * The nodes as they stood, in order, each as it now is: an edit to one may have given the next
   * another input, and left some without a place.
   */
  *walk(): Generator<Node> {
    for (const { outputs } of this.graph.nodes) {
      const node = this.links.producer(outputs.find((name) => name !== '') ?? '');
      if (node !== undefined) yield node;
    }
  }

  /** A name that nothing in the graph has. */
  fresh(stem: string): string {
    let name: string;
    do name = `bpb/${stem}_${this.made++}`;
    while (this.names.has(name));
    this.names.add(name);
    return name;
  }

  /** The name itself where nothing in the graph has it, else one like it. */
  unused(name: string): string {
    if (this.names.has(name)) return this.fresh(name);
    this.names.add(name);
    return name;
  }

  /** A new initializer; gives its name. */
  add(tensor: Tensor, stem = 'constant'): string {
    const item = makeInitializer(this.fresh(stem), tensor);
    this.graph.items.push(item);
    this.recordInitializer(item);
    return item.name;
  }

  /** Puts a node before another one; gives the name of its first output. */
  insert(
    before: Node,
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
    outputs: readonly string[] = [this.fresh(op)],
  ): string {
    const node = makeNode(op, inputs, outputs, attributes, domain);
    this.graph.items.splice(this.graph.items.indexOf(before), 0, node);
    this.import(domain);
    this.record(node);
    return outputs[0]!;
  }

  /**
   * Puts a copy of a node with other inputs, and with some other attributes, before a node, by default
   * itself; gives the name of its output.
   */
  insertCopy(
    node: Node,
    inputs: readonly string[],
    before = node,
    changes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const name = this.fresh(node.op);
    const { attributes: changed } = makeNode(node.op, [], [name], changes);
    const attributes = new Map([...node.attributes, ...changed]);
    const copy: Node = { ...node, name, inputs, outputs: [name], attributes, raw: null };
    this.graph.items.splice(this.graph.items.indexOf(before), 0, copy);
    this.record(copy);
    return name;
  }

  /** Puts a node in the place of another one. */
  swap(old: Node, node: Node): void {
    this.links.remove(old);
    this.graph.items[this.graph.items.indexOf(old)] = node;
    this.import(node.domain);
    this.record(node);
  }

  private import(domain: string): void {
    // A file may import any version of the own domain, and nothing from it.
    if (domain === DOMAIN || (domain !== '' && !this.graph.opsets.has(domain)))
      this.graph.opsets.set(domain, 1);
  }

  /** The same node with other inputs or type. */
  change(old: Node, changes: Partial<Pick<Node, 'inputs' | 'op' | 'domain'>>): Node {
    const node: Node = { ...old, ...changes, raw: null };
    this.swap(old, node);
    return node;
  }

  remove(node: Node): void {
    this.links.remove(node);
    this.graph.items.splice(this.graph.items.indexOf(node), 1);
  }

  /** Drops initializers by name. */
  dropInitializers(names: ReadonlySet<string>): void {
    const { items } = this.graph;
    const kept = items.filter((item) => item.kind !== 'initializer' || !names.has(item.name));
    items.splice(0, items.length, ...kept);
    for (const name of names) this.facts.delete(name);
  }

  /**
   * Lets all users of `old` read `name` instead; false where they cannot, because `old` is an
   * output of the graph or a subgraph reads it by name.
   */
  redirect(old: string, name: string): boolean {
    const users = this.consumers(old);
    if (this.isOutput(old) || users.some((node) => !node.inputs.includes(old))) return false;
    for (const node of users) {
      this.change(node, { inputs: node.inputs.map((input) => (input === old ? name : input)) });
    }
    return true;
  }

  /**
   * Makes `name` what `old` was: users are redirected, or, where they cannot be, an Identity stands
   * in the place of the node that made it. That node must have one output.
   */
  replace(node: Node, name: string): void {
    const [old] = node.outputs;
    if (this.redirect(old!, name)) this.remove(node);
    else this.swap(node, makeNode('Identity', [name], [old!]));
  }

  /** Lets the node give its output `name` another name, which it returns; users keep the old one. */
  detach(node: Node, name: string): string {
    const fresh = this.fresh(node.op);
    const outputs = node.outputs.map((output) => (output === name ? fresh : output));
    this.swap(node, { ...node, outputs, raw: null });
    return fresh;
  }

  /** Lets the maker of `x` give `y` itself, in the place of the node that passed it on. */
  take(node: Node, x: string, y: string): void {
    const maker = this.links.producer(x)!;
    this.remove(node);
    const outputs = maker.outputs.map((output) => (output === x ? y : output));
    this.swap(maker, { ...maker, outputs, raw: null });
  }

  /** A node at the end. */
  append(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
  ): void {
    // Exporters name nodes by their outputs: what makes the value now may have that name already.
    const node = { ...makeNode(op, inputs, outputs, attributes), name: this.fresh(op) };
    this.graph.items.push(node);
    this.record(node);
  }

  /** The value of an attribute that is a number. */
  number(node: Node, name: string): number | undefined {
    const value = node.attributes.get(name)?.value;
    return typeof value === 'number' ? value : undefined;
  }

  list(node: Node, name: string): readonly number[] | undefined {
    const value: Attribute['value'] | undefined = node.attributes.get(name)?.value;
    return Array.isArray(value) ? value : undefined;
  }

  private record(node: Node): void {
    for (const name of node.outputs) this.names.add(name);
    this.links.add(node);
    this.infer(node);
  }

  /** Infers what is known of a node's outputs from what is now known of its inputs. */
  infer(node: Node): void {
    inferNode(this, node).forEach((fact, k) => {
      const name = node.outputs[k];
      if (name) this.facts.set(name, fact);
    });
  }

  private recordInitializer(item: Initializer): void {
    this.names.add(item.name);
    this.facts.set(item.name, constantFact(item));
  }
}
