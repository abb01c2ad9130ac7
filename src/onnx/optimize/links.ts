/**
 * Producer and consumers of each value of a graph.
 */
import type { Node } from '../graph.js';

export class Links {
  private readonly producers = new Map<string, Node>();
  private readonly users = new Map<string, Set<Node>>();

  add(node: Node): void {
    for (const name of node.outputs) {
      if (name !== '') this.producers.set(name, node);
    }
    for (const name of reads(node)) {
      let users = this.users.get(name);
      if (users === undefined) {
        users = new Set();
        this.users.set(name, users);
      }
      users.add(node);
    }
  }

  remove(node: Node): void {
    for (const name of node.outputs) {
      if (this.producers.get(name) === node) this.producers.delete(name);
    }
    for (const name of reads(node)) this.users.get(name)?.delete(node);
  }

  producer(name: string): Node | undefined {
    return this.producers.get(name);
  }

  consumers(name: string): readonly Node[] {
    return [...(this.users.get(name) ?? [])];
  }
}

/** Inputs, and what subgraphs in the attributes read by name. */
function reads(node: Node): string[] {
  const captured = [...node.attributes.values()].flatMap(({ captures }) => captures);
  return [...node.inputs, ...captured].filter((name) => name !== '');
}
