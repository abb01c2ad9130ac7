/**
 * Where the text of a piece goes in the region that builds a table, and what is done with it.
 */
import { bindingOf, type SourceFacts } from './facts.js';
import { type Call, callOf, dottedName, type PyNode, subtree, textOf, unwrapped } from './nodes.js';

/** What the checks of a table know the meaning of. */
const METHODS =
  /^(?:startswith|endswith|removeprefix|removesuffix|lstrip|strip|replace|encode|decode|append)$/;
const FUNCTIONS = /^(?:len|bytes|str|isinstance|max|min|int|enumerate|list|bool|print)$/;
const QUESTIONS =
  /^(?:is_control|is_unknown|is_unused|is_byte|IsControl|IsUnknown|IsUnused|IsByte|startswith|endswith|unk_id|bos_id|eos_id|pad_id|isinstance|len)$/;
/** Rounds of names that get their text from other names. */
const ROUNDS_MAX = 8;
/** Calls on calls that are followed. */
const DEPTH_MAX = 40;

export class PieceFlow {
  /** Names that hold a piece's text, or a list of them. */
  private readonly names = new Set<string>();

  constructor(
    private readonly facts: SourceFacts,
    private readonly region: PyNode,
    private readonly isPiece: (call: Call) => boolean,
  ) {
    for (let round = 0, before = -1; round < ROUNDS_MAX && this.names.size > before; round++) {
      before = this.names.size;
      this.spread();
    }
  }

  /** Whether the expression's own value is a piece's text, and not only chosen or cut by one. */
  carries(node: PyNode, depth = 0): boolean {
    if (depth > DEPTH_MAX) return false;
    const inner = unwrapped(node);
    const { source } = this.facts;
    switch (inner.type) {
      case 'VariableName':
        return this.names.has(textOf(source, inner));
      case 'CallExpression': {
        const call = callOf(source, inner);
        if (call === null) return false;
        if (this.isPiece(call)) return true;
        if (call.receiver !== null && this.carries(call.receiver, depth + 1)) return true;
        // `int(len(x))` and `f(piece)`: a number is no text, and what else is made of it is unknown.
        return call.name !== 'len' && call.args.some((arg) => this.carries(arg, depth + 1));
      }
      case 'MemberExpression':
        // `piece[1:]`, but not `text[at : at + len(piece)]`
        return this.carries(inner.children[0]!, depth + 1);
      case 'ConditionalExpression':
      case 'BinaryExpression':
      case 'NamedExpression':
      case 'ArrayExpression':
      case 'TupleExpression':
        return inner.children.some((child) => this.carries(child, depth + 1));
      case 'ArrayComprehensionExpression':
      case 'ComprehensionExpression':
      case 'SetComprehensionExpression':
        return this.carries(inner.children[1]!, depth + 1);
      default:
        return false;
    }
  }

  private spread(): void {
    const { source, assignments } = this.facts;
    const { index, end } = this.region;
    for (const { name, node, value } of assignments) {
      const inside = node.index >= index && node.index < end;
      if (inside && name !== null && this.carries(value)) this.names.add(name);
    }
    for (const node of subtree(source, this.region)) {
      const at = node.children.findIndex(({ type }) => type === 'for');
      const to = node.children.findIndex(({ type }) => type === 'in');
      if (at === -1 || to < at) continue;
      const over = node.children[to + 1];
      if (over === undefined || !this.carries(over)) continue;
      const targets = node.children.slice(at + 1, to).flatMap((target) => namesIn(source, target));
      // `for i, piece in enumerate(pieces)`: the number is no text.
      const counted = callOf(source, unwrapped(over))?.name === 'enumerate';
      for (const name of counted ? targets.slice(1) : targets) this.names.add(name);
    }
  }

  /** Whether nothing is done with a piece, or asked in the region, that the checks do not know. */
  understood(): boolean {
    const { source } = this.facts;
    for (const node of subtree(source, this.region)) {
      if (node.type === 'CallExpression' && !this.knownCall(callOf(source, node))) return false;
      if (node.type === 'MemberExpression' && !this.knownPart(node)) return false;
      if (isCondition(node) && !this.knownQuestion(node)) return false;
    }
    return true;
  }

  private knownCall(call: Call | null): boolean {
    const { source } = this.facts;
    if (call === null || this.isPiece(call)) return true;
    if (call.receiver !== null && this.carries(call.receiver)) return METHODS.test(call.method);
    if (!call.args.some((arg) => this.carries(arg))) return true;
    if (call.receiver !== null) return METHODS.test(call.method);
    const name = call.name ?? '';
    // Minified scripts rename the built-ins: `Q=len`.
    const bound = bindingOf(this.facts, name, call.node) ?? undefined;
    return FUNCTIONS.test(name) || FUNCTIONS.test(dottedName(source, bound) ?? '');
  }

  /** A slice of a piece: from its first or second character, or the first alone. */
  private knownPart(node: PyNode): boolean {
    if (node.children[1]?.type !== '[' || !this.carries(node.children[0]!)) return true;
    const part = this.facts.source.text.slice(node.children[1]!.from, node.to);
    return /^\[\s*(?:0|:\s*1|1\s*:|len\([^()]*\)\s*:|\w+)\s*\]$/.test(part);
  }

  /** A test that asks for a kind of piece or for the marker, by names that say so. */
  private knownQuestion(condition: PyNode): boolean {
    const { source } = this.facts;
    const text = textOf(source, condition, 1000);
    const calls = [...subtree(source, condition)].flatMap((node) => callOf(source, node) ?? []);
    if (calls.length > 0) return calls.every(({ method }) => QUESTIONS.test(method));
    // `piece[0] == "▁"`, `leading`
    return !/[<>]|\bin\b/.test(text);
  }
}

function namesIn(source: SourceFacts['source'], node: PyNode): string[] {
  if (node.type === 'VariableName') return [textOf(source, node)];
  return node.children.flatMap((child) => namesIn(source, child));
}

/** The test of an `if`, of a conditional expression, or of a comprehension. */
function isCondition({ parent, index }: PyNode): boolean {
  if (parent === null) return false;
  const { type, children } = parent;
  const at = children.findIndex((child) => child.index === index);
  if (!/^(?:IfStatement|ConditionalExpression|.*Comprehension.*|WhileStatement)$/.test(type)) {
    return false;
  }
  return /^(?:if|elif|while)$/.test(children[at - 1]?.type ?? '');
}
