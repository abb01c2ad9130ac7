/**
 * Facts of a script, collected in one walk: calls, assignments, functions.
 */
import { stringValue } from './literals.js';
import {
  type Call,
  callOf,
  dottedName,
  enclosing,
  type PyNode,
  type PySource,
  textOf,
} from './nodes.js';

interface Assignment {
  readonly node: PyNode;
  /** `bpb`, `self.val_bpb`; null for subscripts and unpacking. */
  readonly name: string | null;
  readonly target: PyNode;
  readonly value: PyNode;
  /** `=` or the operator of an update, such as `+=`. */
  readonly operator: string;
  readonly scope: PyNode;
}

interface PyFunction {
  readonly node: PyNode;
  readonly name: string;
}

export interface SourceFacts {
  readonly source: PySource;
  readonly calls: readonly Call[];
  readonly assignments: readonly Assignment[];
  readonly functions: readonly PyFunction[];
  readonly binaries: readonly PyNode[];
  readonly strings: readonly { readonly node: PyNode; readonly value: string }[];
  /** Every name and attribute that is read or written, by how often. */
  readonly names: ReadonlyMap<string, number>;
  /** Modules imported, `a.b` as written. */
  readonly imports: readonly { readonly node: PyNode; readonly module: string }[];
  /** Modules by the name that they have in the script: `import lzma as L` gives L → lzma. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Assignments to a plain name, by scope and name. */
  readonly bindings: ReadonlyMap<PyNode, ReadonlyMap<string, readonly Assignment[]>>;
  /** Assignments in class bodies, by name: what `args.name` may mean. */
  readonly attributes: ReadonlyMap<string, readonly Assignment[]>;
  /** Results of the constant propagation so far. */
  readonly constants: Map<PyNode, number | null>;
}

export function collectFacts(source: PySource): SourceFacts {
  const calls: Call[] = [];
  const assignments: Assignment[] = [];
  const functions: PyFunction[] = [];
  const binaries: PyNode[] = [];
  const strings: { node: PyNode; value: string }[] = [];
  const imports: Imported[] = [];
  const names = new Map<string, number>();
  // The scope of a node is known when its parent's is: parents come first in document order.
  const scopes: PyNode[] = [];
  for (const node of source.nodes) {
    const opens = node.parent !== null && isScope(node.parent);
    scopes[node.index] =
      node.parent === null ? node : opens ? node.parent : (scopes[node.parent.index] ?? node);
    switch (node.type) {
      case 'CallExpression': {
        const call = callOf(source, node);
        if (call !== null) calls.push(call);
        break;
      }
      case 'AssignStatement':
      case 'UpdateStatement':
      case 'NamedExpression':
        assignments.push(...assignmentsOf(source, node, scopes[node.index]!));
        break;
      case 'ParamList':
        assignments.push(...defaultsOf(source, node, scopes[node.index]!));
        break;
      case 'FunctionDefinition': {
        const name = node.children.find(({ type }) => type === 'VariableName');
        functions.push({ node, name: name === undefined ? '' : textOf(source, name) });
        break;
      }
      case 'BinaryExpression':
        binaries.push(node);
        break;
      case 'String':
        // A continued string is taken as a whole, at its own node.
        if (node.parent?.type === 'ContinuedString') break;
        collectString(source, node, strings);
        break;
      case 'ContinuedString':
        collectString(source, node, strings);
        break;
      case 'ImportStatement':
        imports.push(...importsOf(source, node));
        break;
      case 'VariableName':
      case 'PropertyName': {
        const name = textOf(source, node, 100);
        names.set(name, (names.get(name) ?? 0) + 1);
        break;
      }
    }
  }
  const inClasses = assignments.filter(({ scope }) => scope.type === 'ClassDefinition');
  return {
    source,
    calls,
    assignments,
    functions,
    binaries,
    strings,
    names,
    imports,
    aliases: new Map(imports.map(({ alias, module }) => [alias, module])),
    bindings: bindingsOf(assignments),
    attributes: byName(inClasses),
    constants: new Map(),
  };
}

function isScope(node: PyNode): boolean {
  return node.type === 'FunctionDefinition' || node.type === 'ClassDefinition';
}

function collectString(
  source: PySource,
  node: PyNode,
  strings: { node: PyNode; value: string }[],
): void {
  const value = stringValue(source, node);
  if (value !== null) strings.push({ node, value });
}

/** `a = b = v` gives two, `a, b = v, w` one per pair where both sides have as many. */
function assignmentsOf(source: PySource, node: PyNode, scope: PyNode): Assignment[] {
  const sides: PyNode[][] = [[]];
  let operator = '=';
  for (const child of node.children) {
    if (child.type === 'AssignOp' || child.type === 'UpdateOp') {
      operator = textOf(source, child);
      sides.push([]);
    } else if (child.type !== ',' && child.type !== 'TypeDef') sides.at(-1)!.push(child);
  }
  const values = sides.pop()!;
  return sides.flatMap((targets) =>
    targets.flatMap((target, i) => {
      const value = targets.length === values.length ? values[i] : values[0];
      if (value === undefined) return [];
      const paired = targets.length === values.length;
      const name = paired ? dottedName(source, target) : null;
      return [{ node, name, target, value, operator, scope }];
    }),
  );
}

interface Imported {
  readonly node: PyNode;
  readonly module: string;
  readonly alias: string;
}

function importsOf(source: PySource, node: PyNode): Imported[] {
  const text = textOf(source, node, 2000).replace(/\s+/g, ' ');
  const from = /^from ([\w.]+) import (.*)/.exec(text);
  const prefix = from === null ? '' : `${from[1]}.`;
  const list = from === null ? text.replace(/^import /, '') : from[2]!.replace(/[()]/g, '');
  return list.split(',').map((part) => {
    const [name = '', , alias = name] = part.trim().split(' ');
    return { node, module: prefix + name, alias };
  });
}

/** Defaults of parameters, as assignments: `def f(bytes_per_token=3.5)`. */
function defaultsOf(source: PySource, node: PyNode, scope: PyNode): Assignment[] {
  const found: Assignment[] = [];
  let target: PyNode | null = null;
  node.children.forEach((child, i) => {
    if (child.type === 'VariableName' && node.children[i - 1]?.type !== 'AssignOp') target = child;
    const value = child.type === 'AssignOp' ? node.children[i + 1] : undefined;
    if (target === null || value === undefined) return;
    const name = textOf(source, target);
    found.push({ node, name, target, value, operator: '=', scope });
  });
  return found;
}

function bindingsOf(
  assignments: readonly Assignment[],
): Map<PyNode, Map<string, readonly Assignment[]>> {
  const scopes = new Map<PyNode, Assignment[]>();
  for (const assignment of assignments) {
    const list = scopes.get(assignment.scope);
    if (list === undefined) scopes.set(assignment.scope, [assignment]);
    else list.push(assignment);
  }
  return new Map([...scopes].map(([scope, list]) => [scope, byName(list)]));
}

function byName(assignments: readonly Assignment[]): Map<string, Assignment[]> {
  const names = new Map<string, Assignment[]>();
  for (const assignment of assignments) {
    if (assignment.name === null) continue;
    const list = names.get(assignment.name);
    if (list === undefined) names.set(assignment.name, [assignment]);
    else list.push(assignment);
  }
  return names;
}

/** The one value that a name is bound to where `at` stands; null if it has none or several. */
export function bindingOf(facts: SourceFacts, name: string, at: PyNode): PyNode | null {
  let scope: PyNode | null = enclosing(at, 'FunctionDefinition', 'ClassDefinition');
  for (let depth = 0; depth < 32; depth++) {
    const found = facts.bindings.get(scope ?? facts.source.root)?.get(name);
    if (found !== undefined) return found.length === 1 ? found[0]!.value : null;
    if (scope === null) break;
    scope = enclosing(scope, 'FunctionDefinition', 'ClassDefinition');
  }
  // `args.name` and `h.name`: an attribute that only one class body gives.
  const attribute = name.includes('.') ? facts.attributes.get(name.split('.').at(-1)!) : undefined;
  return attribute?.length === 1 ? attribute[0]!.value : null;
}
