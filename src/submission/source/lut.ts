/**
 * Search for the tables of bytes per token that a script builds from its tokenizer's pieces.
 */
import { bindingOf, type SourceFacts } from './facts.js';
import { stringValue } from './literals.js';
import {
  type Call,
  callOf,
  dottedName,
  enclosing,
  type PyNode,
  subtree,
  textOf,
  unwrapped,
} from './nodes.js';

export interface ByteTable {
  /** Where it is built: the function, else the outermost loop or the statement. */
  readonly region: PyNode;
  /** `len(x.encode("utf-8"))`: what is measured. */
  readonly lengths: readonly Length[];
  readonly calls: readonly Call[];
  /** Names and attributes that occur in the region. */
  readonly names: ReadonlySet<string>;
}

interface Length {
  readonly call: Call;
  /** The text whose UTF-8 length is taken. */
  readonly measured: PyNode;
}

/** Calls that give the piece of an id. */
const PIECE = /^(?:id_to_piece|IdToPiece|id_to_token|convert_ids_to_tokens)$/;
/** Calls that give the text of ids. */
const DECODE = /^(?:decode|Decode|decode_ids|DecodeIds|decode_pieces|DecodePieces)$/;

/** A script has one or two; each is compared with the whole script. */
const TABLES_MAX = 20;

export const SPACE_MARKER = '\u2581';

export function findByteTables(facts: SourceFacts): ByteTable[] {
  const regions = new Set<PyNode>();
  for (const call of facts.calls) {
    if (PIECE.test(call.method) || decodesOneToken(facts, call)) regions.add(regionOf(call.node));
  }
  const tables: ByteTable[] = [];
  for (const region of regions) {
    if (tables.length >= TABLES_MAX) break;
    const calls: Call[] = [];
    const names = new Set<string>();
    for (const node of subtree(facts.source, region)) {
      const call = callOf(facts.source, node);
      if (call !== null) calls.push(call);
      if (/^(?:VariableName|PropertyName)$/.test(node.type)) names.add(textOf(facts.source, node));
    }
    const lengths = calls.flatMap((call) => lengthOf(facts, call));
    if (lengths.length > 0) tables.push({ region, lengths, calls, names });
  }
  return tables;
}

/** `sp.decode([i])`: the text of a single token, out of its context. */
export function decodesOneToken(facts: SourceFacts, call: Call): boolean {
  const [first] = call.args;
  if (!DECODE.test(call.method) || call.receiver === null || first === undefined) return false;
  const argument = unwrapped(first);
  if (argument.type === 'ArrayExpression') {
    return argument.children.filter(({ type }) => !/^[[\],]$/.test(type)).length === 1;
  }
  if (argument.type !== 'VariableName') return false;
  // `sp.decode(i)` with i from a loop over ids; `text.decode("utf-8")` has a string.
  const loop = enclosing(call.node, 'ForStatement', 'ArrayComprehensionExpression');
  if (loop === null) return false;
  const name = textOf(facts.source, argument);
  const head = textOf(facts.source, loop, 400);
  return new RegExp(`\\bfor\\s+${name}\\s+in\\s+range\\(`).test(head);
}

const STATEMENTS = [
  'ForStatement',
  'WhileStatement',
  'IfStatement',
  'WithStatement',
  'TryStatement',
  'AssignStatement',
  'ExpressionStatement',
  'ReturnStatement',
];

function regionOf(node: PyNode): PyNode {
  const inFunction = enclosing(node, 'FunctionDefinition');
  if (inFunction !== null) return inFunction;
  let outermost: PyNode = node;
  for (let at = enclosing(node, ...STATEMENTS); at !== null; at = enclosing(at, ...STATEMENTS)) {
    outermost = at;
  }
  return outermost;
}

function lengthOf(facts: SourceFacts, call: Call): Length[] {
  const [argument] = call.args;
  if (call.name === null || argument === undefined || call.args.length !== 1) return [];
  // Minified scripts rename the built-ins: `Q=len`.
  const builtin = call.name === 'len' ? null : bindingOf(facts, call.name, call.node);
  if (call.name !== 'len' && dottedName(facts.source, builtin ?? undefined) !== 'len') return [];
  const inner = unwrapped(argument);
  // `raw = piece.encode("utf-8")`, measured as `len(raw)`
  const name = dottedName(facts.source, inner);
  const bound = name === null ? inner : bindingOf(facts, name, inner);
  const made = bound === null ? null : callOf(facts.source, bound);
  if (made?.name === 'bytes' && made.args[0] !== undefined) {
    return [{ call, measured: made.args[0] }];
  }
  if (made === null || made.method !== 'encode' || made.receiver === null) return [];
  return [{ call, measured: made.receiver }];
}

/** The string argument of `startswith`, `lstrip`, … in this call, or null. */
export function firstString(facts: SourceFacts, call: Call): string | null {
  return stringValue(facts.source, call.args[0]);
}
