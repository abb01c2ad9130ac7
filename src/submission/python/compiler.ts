/**
 * Turns the tree of a script into closures, each node once.
 */
import type { PyNode } from '../source/nodes.js';
import { compileCall, compileCallWith } from './compile-calls.js';
import { compileNamed } from './compile-classes.js';
import { compileComprehension, compileGenerator, unpackedInto } from './compile-comprehensions.js';
import { compileForget } from './compile-forget.js';
import { compileLambda } from './compile-functions.js';
import { generationOfBlock, yieldsIn } from './compile-generators.js';
import { compileFor, compileIf, compileTry, compileWhile, compileWith } from './compile-loops.js';
import { compileMatch } from './compile-match.js';
import { loadName, storeName } from './compile-names.js';
import {
  compileBinary,
  compileCondition,
  compileConditional,
  compileUnary,
} from './compile-operators.js';
import { mark, stated } from './compile-stated.js';
import { failing, SIMPLE_STATEMENTS } from './compile-statements.js';
import { compileContinued, compileFormat, compileText } from './compile-texts.js';
import {
  compileDict,
  compileIndex,
  compileList,
  compileMember,
  compileNumber,
  compileSet,
  compileTuple,
} from './compile-values.js';
import {
  type Compiler,
  type Condition,
  type Execution,
  type Expression,
  type Forget,
  type Generation,
  type Machine,
  NORMAL,
  type Statement,
  type Store,
} from './machine.js';
import type { SourceModule } from './runtime.js';
import type { Scope } from './scope.js';

/** Expressions and statements nested deeper than this are not followed. */
const NESTING_MAX = 150;

type Compile<T> = (c: Compiler, node: PyNode) => T;

const EXPRESSIONS: ReadonlyMap<string, Compile<Expression>> = new Map<string, Compile<Expression>>([
  ['Number', compileNumber],
  ['String', compileText],
  ['FormatString', compileFormat],
  ['ContinuedString', compileContinued],
  ['None', () => () => null],
  ['Boolean', (c, node) => constant(c.text(node) === 'True')],
  ['Ellipsis', (c) => c.name('Ellipsis')],
  ['VariableName', (c, node) => c.name(c.text(node))],
  ['print', (c) => c.name('print')],
  ['BinaryExpression', compileBinary],
  ['UnaryExpression', compileUnary],
  ['ConditionalExpression', compileConditional],
  ['LambdaExpression', compileLambda],
  ['ParenthesizedExpression', (c, node) => c.parts(node.children)],
  ['TupleExpression', (c, node) => compileTuple(c, node.children)],
  ['ArrayExpression', compileList],
  ['SetExpression', compileSet],
  ['DictionaryExpression', compileDict],
  ['ComprehensionExpression', (c, node) => compileGenerator(c, node.children.slice(1, -1), node)],
  ['ArrayComprehensionExpression', compileComprehension],
  ['SetComprehensionExpression', compileComprehension],
  ['DictionaryComprehensionExpression', compileComprehension],
  ['CallExpression', compileCall],
  ['MemberExpression', compileMember],
  ['NamedExpression', compileWalrus],
  ['AwaitExpression', (c, node) => c.parts(node.children.slice(1))],
]);

const BODIED: ReadonlyMap<string, Compile<Execution>> = new Map<string, Compile<Execution>>([
  ['IfStatement', compileIf],
  ['ForStatement', compileFor],
  ['WhileStatement', compileWhile],
  ['WithStatement', compileWith],
  ['TryStatement', compileTry],
  ['MatchStatement', compileMatch],
  ['FunctionDefinition', compileNamed],
  ['ClassDefinition', compileNamed],
  ['DecoratedStatement', compileNamed],
]);

function constant(value: boolean): Expression {
  return () => value;
}

function compileWalrus(c: Compiler, node: PyNode): Expression {
  const [name, , value] = node.children;
  if (name === undefined || value === undefined) return c.unfollowed(node, 'an expression cut off');
  mark(c, value, [c.text(name)]);
  const [store, result] = [c.storeName(c.text(name)), c.expression(value)];
  return (frame) => {
    const bound = result(frame);
    store(frame, bound);
    return bound;
  };
}

export class ScriptCompiler implements Compiler {
  constructor(
    readonly machine: Machine,
    readonly module: SourceModule,
    readonly scope: Scope,
    private readonly nesting = { depth: 0 },
  ) {}
  inside(scope: Scope): Compiler {
    return new ScriptCompiler(this.machine, this.module, scope, this.nesting);
  }
  text(node: PyNode): string {
    return this.module.source.text.slice(node.from, node.to);
  }
  #nested<T>(node: PyNode, compile: () => T, deep: (reason: string) => T): T {
    if (this.nesting.depth >= NESTING_MAX) return deep('code that is nested too deep');
    this.nesting.depth++;
    try {
      return compile();
    } catch (failure) {
      if (!(failure instanceof RangeError)) throw failure;
      return deep(`code that cannot be followed at ${node.type}`);
    } finally {
      this.nesting.depth--;
    }
  }
  expression(node: PyNode): Expression {
    const compile = EXPRESSIONS.get(node.type);
    if (compile === undefined) return this.unfollowed(node, `syntax that is not followed`);
    return this.#nested(
      node,
      () => stated(this.machine, node, compile(this, node)),
      (reason) => this.unfollowed(node, reason),
    );
  }
  condition(node: PyNode): Condition {
    return this.#nested(
      node,
      () => compileCondition(this, node),
      (reason) => {
        const value = this.unfollowed(node, reason);
        return (frame) => this.machine.undecided(value(frame));
      },
    );
  }
  statement(node: PyNode): Statement {
    const compile = SIMPLE_STATEMENTS.get(node.type) ?? BODIED.get(node.type);
    const reason = 'a statement that is not followed';
    let forget: Forget | null = null;
    const site = { module: this.module, node };
    const execution = this.#nested(
      node,
      () => (compile === undefined || this.#yields(node) ? null : compile(this, node)),
      (deep) => failing(this, node, deep),
    );
    return {
      run: execution ?? failing(this, node, reason),
      site,
      cost: BODIED.has(node.type) ? 1 : 1 + Math.floor((node.end - node.index) / 8),
      forget: () => {
        forget ??= this.forget(node);
        return forget;
      },
    };
  }
  /** Statements that yield are run by what drives the generator. */
  #yields(node: PyNode): boolean {
    const named = /^(?:FunctionDefinition|ClassDefinition|DecoratedStatement)$/.test(node.type);
    return !named && yieldsIn(this, node);
  }
  block(node: PyNode): Execution {
    const { machine } = this;
    const statements = this.#statementsOf(node).map((each) => this.statement(each));
    const count = statements.length;
    return (frame) => {
      let i = 0;
      for (;;) {
        try {
          for (; i < count; i++) {
            const statement = statements[i]!;
            machine.left -= statement.cost;
            if (machine.left < 0) machine.exhausted();
            machine.at = statement.site;
            const completion = statement.run(frame);
            if (completion !== NORMAL) return completion;
          }
          return NORMAL;
        } catch (failure) {
          machine.recover(failure, statements[i]!, frame);
          i++;
        }
      }
    };
  }
  generation(node: PyNode): Generation {
    return generationOfBlock(this, this.#statementsOf(node));
  }
  #statementsOf(node: PyNode): PyNode[] {
    return node.children.flatMap((kid) => {
      if (kid.type === 'StatementGroup') return this.#statementsOf(kid);
      return kid.type === ':' || kid.type === ';' || kid.type === '⚠' ? [] : [kid];
    });
  }
  target(node: PyNode): Store {
    switch (node.type) {
      case 'VariableName':
        return this.storeName(this.text(node));
      case 'ParenthesizedExpression':
      case 'TupleExpression':
      case 'ArrayExpression': {
        const inner = node.children.filter(({ type }) => !/^(?:[()]|⚠)$/.test(type));
        if (node.type === 'ParenthesizedExpression' && inner.length === 1) {
          return this.target(inner[0]!);
        }
        return unpackedInto(this, node.children);
      }
      case 'MemberExpression':
        return this.#memberTarget(node);
      default: {
        const unfollowed = this.unfollowed(node, 'an assignment to what has no name');
        return (frame) => void unfollowed(frame);
      }
    }
  }
  #memberTarget(node: PyNode): Store {
    const { machine } = this;
    const object = this.expression(node.children[0]!);
    if (node.children[1]?.type === '.') {
      const name = node.children[2] === undefined ? '' : this.text(node.children[2]);
      return (frame, value) => machine.setAttribute(object(frame), name, value);
    }
    const index = compileIndex(this, node);
    return (frame, value) => machine.setItem(object(frame), index(frame), value);
  }
  name(name: string): Expression {
    return loadName(this, name);
  }
  storeName(name: string): Store {
    return storeName(this, name);
  }
  callWith(callee: Expression, list: PyNode): Expression {
    return compileCallWith(this, callee, list);
  }
  parts(nodes: readonly PyNode[]): Expression {
    const inner = nodes.filter(({ type }) => !/^(?:[()]|⚠)$/.test(type));
    if (inner.length === 0) {
      return nodes[0] === undefined
        ? () => null
        : this.unfollowed(nodes[0], 'an expression cut off');
    }
    const several = inner.length > 1 && inner.some(({ type }) => type === ',' || type === '*');
    return several ? compileTuple(this, inner) : this.expression(inner[0]!);
  }
  forget(node: PyNode): Forget {
    return compileForget(this, node);
  }
  unfollowed(node: PyNode, reason: string): Expression {
    const { machine } = this;
    const site = { module: this.module, node };
    return () => machine.unknownAt(site, reason);
  }
}
