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
import { PieceFlow } from './piece-flow.js';

export interface ByteTable {
  /** Where it is built: the function, else the outermost loop or the statement. */
  readonly region: PyNode;
  /** `len(x.encode("utf-8"))`: what is measured. */
  readonly lengths: readonly Length[];
  readonly calls: readonly Call[];
  /** Names and attributes that occur in the region. */
  readonly names: ReadonlySet<string>;
  /** Whether its ids are all of a vocabulary, not those that a text was encoded to. */
  readonly ofVocabulary: boolean;
  /** Whether all that is done with a piece, and all that is asked of an id, is understood. */
  readonly understood: boolean;
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
    const isPiece = (call: Call) => PIECE.test(call.method) || decodesOneToken(facts, call);
    const flow = new PieceFlow(facts, region, isPiece);
    // What is measured must be a piece's text: `len(ids)` and the length of a document are none.
    const lengths = calls
      .flatMap((call) => lengthOf(facts, call))
      .filter(({ measured }) => flow.carries(measured));
    if (lengths.length === 0) continue;
    const ofVocabulary = overVocabulary(facts, region);
    const understood = flow.understood() && lengths.every(({ call }) => isWhole(facts, call.node));
    tables.push({ region, lengths, calls, names, ofVocabulary, understood });
  }
  return tables;
}

/** A loop over `range(vocab_size)` or the like; the ids of a text are counted by `len` or enumerated. */
function overVocabulary(facts: SourceFacts, region: PyNode): boolean {
  for (const node of subtree(facts.source, region)) {
    const call = callOf(facts.source, node);
    if (call?.method !== 'range' && call?.method !== 'arange') continue;
    if (!/\blen\(/.test(textOf(facts.source, node))) return true;
  }
  // Minified scripts rename the built-ins: `M=range`.
  return [...subtree(facts.source, region)].some((node) => {
    const name = node.type === 'CallExpression' ? callOf(facts.source, node)?.name : null;
    const bound = name == null ? null : bindingOf(facts, name, node);
    return dottedName(facts.source, bound ?? undefined) === 'range';
  });
}

/** Whether a length stands as it is, or something is added: `len(x) - 3 * leading` is another number. */
function isWhole(facts: SourceFacts, node: PyNode): boolean {
  let at = node;
  for (let above = at.parent; above !== null; at = above, above = at.parent) {
    if (above.type === 'ParenthesizedExpression' || above.type === 'ConditionalExpression')
      continue;
    if (above.type === 'UpdateStatement') {
      return textOf(facts.source, above.children[1]!) === '+=';
    }
    if (above.type !== 'BinaryExpression') return true;
    const [, operator] = above.children;
    if (operator?.type === 'ArithOp' && textOf(facts.source, operator) !== '+') return false;
    if (operator?.type !== 'ArithOp') return true;
  }
  return true;
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
  // `sp.encode(text)` gives ids: their number is no number of bytes.
  const [encoding] = made.args;
  if (encoding !== undefined && !isCodec(facts, encoding)) return [];
  return [{ call, measured: made.receiver }];
}

/** The name of a text encoding, as `str.encode` takes it. */
function isCodec(facts: SourceFacts, node: PyNode): boolean {
  return /^(?:utf|ascii|latin|iso)/i.test(resolvedString(facts, node) ?? '');
}

/** The string argument of `startswith`, `lstrip`, … in this call, or null. */
export function firstString(facts: SourceFacts, call: Call): string | null {
  return resolvedString(facts, call.args[0]);
}

/** A literal, or what a name is bound to: `SPACE = "\u2581"`. */
export function resolvedString(facts: SourceFacts, node: PyNode | undefined): string | null {
  if (node === undefined) return null;
  const literal = stringValue(facts.source, node);
  const name = literal === null ? dottedName(facts.source, unwrapped(node)) : null;
  const bound = name === null ? null : bindingOf(facts, name, node);
  return literal ?? (bound === null ? null : stringValue(facts.source, bound));
}
