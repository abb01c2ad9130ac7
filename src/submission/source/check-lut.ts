/**
 * Checks of a script's byte table: spaces, byte pieces and special pieces (the rule is
 * openai/parameter-golf train_gpt.py L180-L204).
 */

import type { SourceFacts } from './facts.js';
import { stringValue } from './literals.js';
import {
  type ByteTable,
  decodesOneToken,
  firstString,
  resolvedString,
  SPACE_MARKER,
} from './lut.js';
import { type Call, type PyNode, subtree, textOf } from './nodes.js';
import { BYTE_IS_ONE, BYTE_IS_ONE_ELSE_PIECE, KEEP_SPACE_FLAG, SPACE_ONCE } from './remedies.js';
import type { Words } from './report.js';

export type Found = readonly [PyNode, Words];

/** What ▁ turns into when it is lost or read in the wrong encoding, and what is taken for it. */
const WRONG_MARKER = /^(?:\?+|_|\s|\u0120|\ufffd+|[\u00c2\u00c3\u00e2].{0,5})$/;
const LEADING = /lead|space|has_sp/i;

/** Whether what is compared are bytes, in which the marker is three. */
function isBytes(facts: SourceFacts, node: PyNode): boolean {
  return /^[rR]?[bB]/.test(textOf(facts.source, node, 2));
}

/** Whether a piece cannot begin with it: `Ġ` is right in byte-level vocabularies, a space in decoded text. */
function isWrong(marker: string, { calls }: ByteTable): boolean {
  if (!WRONG_MARKER.test(marker)) return false;
  return (
    !/^[\s\u0120]/.test(marker) ||
    calls.some(({ method }) => /^(?:id_to_piece|IdToPiece)$/.test(method))
  );
}

export function checkMarkers(facts: SourceFacts, tables: readonly ByteTable[]): Found[] {
  const found: Found[] = [];
  const tableAround = (node: PyNode) =>
    tables.find(({ region }) => node.index >= region.index && node.index < region.end);
  const wrong = (node: PyNode, marker: string) =>
    found.push([
      node,
      {
        check: 'lut-marker',
        severity: 'fail',
        explanation: `${JSON.stringify(marker)} stands where SentencePiece has ▁ (U+2581): no piece begins with it, so no leading space is ever counted.`,
        remedy: 'Write the marker as "\\u2581", which survives any encoding of the file.',
      },
    ]);
  for (const table of tables) {
    const rightToo = table.calls.some((call) => firstString(facts, call)?.includes(SPACE_MARKER));
    // A table that knows the marker asks for other characters for other reasons.
    if (rightToo) continue;
    for (const call of table.calls) {
      if (!/^(?:startswith|removeprefix)$/.test(call.method) || call.receiver === null) continue;
      const marker = firstString(facts, call);
      if (marker === null || isBytes(facts, call.args[0]!) || !isWrong(marker, table)) continue;
      wrong(call.node, marker);
    }
  }
  // `piece[0] == "?"`
  for (const node of facts.binaries) {
    const table = tableAround(node);
    if (node.children[1]?.type !== 'CompareOp' || table === undefined) continue;
    const [left, , right] = node.children;
    const marker = resolvedString(facts, right) ?? resolvedString(facts, left);
    const subscript = /\[\s*:?\s*[01]\s*\]/.test(textOf(facts.source, node));
    if (marker !== null && subscript && isWrong(marker, table)) wrong(node, marker);
  }
  return found;
}

export function checkTable(facts: SourceFacts, table: ByteTable): Found[] {
  // Where something else is done with a piece, it may be what a mistake would lack.
  if (!table.understood) return [];
  const byDecode = decoded(facts, table);
  if (byDecode !== null) return [byDecode];
  return [
    ...spaces(facts, table),
    ...bytePieces(facts, table),
    // Texts are encoded to no control piece.
    ...(table.ofVocabulary ? special(facts, table) : []),
  ];
}

/** Bytes measured by decoding each id alone: byte pieces give U+FFFD (#1143, #1184). */
function decoded(facts: SourceFacts, { calls, lengths, names }: ByteTable): Found | null {
  const decode = calls.find((call) => decodesOneToken(facts, call));
  const pieces = calls.some((call) => /piece|token/i.test(call.method));
  if (decode === undefined || (pieces && lengths.length > 1)) return null;
  if (names.has('is_byte') || names.has('IsByte')) {
    return [
      decode.node,
      {
        check: 'lut-by-decode',
        severity: 'warn',
        explanation:
          'Bytes are measured by decoding each token alone: the decoder drops the leading space of a first piece, and what a token is in context may differ.',
        remedy: 'Measure the piece itself, and check the table against whole decoded documents.',
      },
    ];
  }
  return [
    decode.node,
    {
      check: 'replacement-character',
      severity: 'fail',
      explanation:
        'Each token is decoded alone: a byte piece gives the replacement character U+FFFD, which counts as 3 bytes instead of 1 (about 4 % too many bytes).',
      remedy: BYTE_IS_ONE_ELSE_PIECE,
    },
  ];
}

function spaces(facts: SourceFacts, table: ByteTable): Found[] {
  const where = table.lengths[0]!.call.node;
  const replaced = table.calls.find(
    (call) =>
      call.method === 'replace' &&
      firstString(facts, call) === SPACE_MARKER &&
      stringValue(facts.source, call.args[1]) === ' ',
  );
  const stripped = strips(facts, table);
  const plusOne = countsOneMore(facts, table);
  const adds = addsLeading(facts, table);
  if (replaced === undefined && !stripped) {
    return [
      [
        where,
        {
          check: adds ? 'leading-space-twice' : 'kept-marker',
          severity: 'fail',
          explanation: adds
            ? 'The piece is measured with its ▁ (three bytes) and the evaluation adds the leading space as well: about 1.5 times too many bytes.'
            : 'The piece is measured with its ▁, which has three bytes where the text has a space of one: about a third too many bytes.',
          remedy:
            'Strip one leading ▁ before measuring, and add leading[target] and not boundary[previous].',
        },
      ],
    ];
  }
  const counted = replaced?.node ?? plusOne;
  if (counted !== null && counted !== undefined && adds) {
    return [
      [
        counted,
        {
          check: 'leading-space-twice',
          severity: 'fail',
          explanation:
            'The table counts the leading space as a byte of the piece and the evaluation adds it again: bytes are about 1.17 times too many, the bpb as much too low (#1698).',
          remedy: SPACE_ONCE,
        },
      ],
    ];
  }
  if (adds || counted) return [];
  const tested = table.calls.some(
    (call) => call.method === 'startswith' && !firstString(facts, call)?.startsWith('<'),
  );
  if (tested || [...table.names].some((name) => LEADING.test(name))) {
    return [];
  }
  return [
    [
      where,
      {
        check: 'space-not-counted',
        severity: 'warn',
        explanation:
          'The ▁ is stripped and nothing counts the space that it stands for: a sixth of the bytes is missing, the bpb too high.',
        remedy: KEEP_SPACE_FLAG,
      },
    ],
  ];
}

/** `piece[1:]`, `removeprefix("▁")`, `lstrip("▁")`, `replace("▁", "")`. */
function strips(facts: SourceFacts, { region, calls }: ByteTable): boolean {
  const byMethod = calls.some(
    (call) =>
      /^(?:removeprefix|lstrip|strip|replace)$/.test(call.method) &&
      firstString(facts, call)?.includes(SPACE_MARKER) &&
      (call.method !== 'replace' || stringValue(facts.source, call.args[1]) === ''),
  );
  if (byMethod) return true;
  for (const node of subtree(facts.source, region)) {
    if (node.type !== 'MemberExpression') continue;
    if (/^\w+\s*\[\s*(?:1|len\([^()]*\))\s*:\s*\]$/.test(textOf(facts.source, node, 80)))
      return true;
  }
  return false;
}

/** `len(…) + 1`, or `base[i] += 1`, inside the table's own construction. */
function countsOneMore(facts: SourceFacts, { region, lengths }: ByteTable): PyNode | null {
  const measured = new Set(lengths.map(({ call }) => call.node));
  for (const node of subtree(facts.source, region)) {
    const [left, operator, right] = node.children;
    if (left === undefined || operator === undefined || right === undefined) continue;
    const sign = textOf(facts.source, operator);
    if (node.type === 'UpdateStatement' && sign === '+=') {
      const one = textOf(facts.source, right) === '1';
      if (one && left.type === 'MemberExpression' && /\[/.test(textOf(facts.source, left)))
        return node;
    }
    if (node.type !== 'BinaryExpression' || sign !== '+') continue;
    const [a, b] = measured.has(left) ? [left, right] : [right, left];
    if (!measured.has(a)) continue;
    // `+ 1`, or `+ (1 if piece.startswith("▁") else 0)`, or `+ int(leading)`
    const other = textOf(facts.source, b);
    if (/^\(?\s*1\b/.test(other) || LEADING.test(other) || other.includes(SPACE_MARKER))
      return node;
  }
  return null;
}

/** A sum outside the table's construction that has the leading-space flag in it. */
function addsLeading(facts: SourceFacts, { region }: ByteTable): boolean {
  return leadingSums(facts).some((index) => index < region.index || index >= region.end);
}

/** Sums are looked for this far above the flag: an index, a mask, a cast, a conversion. */
const ABOVE_MAX = 24;

/** Places of names that speak of leading spaces and are part of a `+` or a `+=`. */
function leadingSums({ source }: SourceFacts): number[] {
  const found: number[] = [];
  for (const node of source.nodes) {
    if (node.type !== 'VariableName' && node.type !== 'PropertyName') continue;
    if (!LEADING.test(textOf(source, node, 100))) continue;
    let at: PyNode = node;
    for (let depth = 0; depth < ABOVE_MAX && at.parent !== null; depth++, at = at.parent) {
      const { type, children } = at.parent;
      const operator = children[1];
      if (operator === undefined || /Definition$|^Body$/.test(type)) break;
      const sign = /^(?:ArithOp|UpdateOp)$/.test(operator.type) ? textOf(source, operator) : '';
      // The target of `space += 1` is no summand.
      if (sign === '+' || (sign === '+=' && at !== children[0])) {
        found.push(node.index);
        break;
      }
    }
  }
  return found;
}

function bytePieces(facts: SourceFacts, { calls, names, region, lengths }: ByteTable): Found[] {
  if (names.has('is_byte') || names.has('IsByte')) return [];
  for (const { node, value } of facts.strings) {
    if (node.index >= region.index && node.index < region.end && /<0x|0x\[/.test(value)) return [];
  }
  const piece: Call | undefined = calls.find((call) => /piece|token/i.test(call.method));
  return [
    [
      piece?.node ?? lengths[0]!.call.node,
      {
        check: 'byte-pieces',
        severity: 'fail',
        explanation:
          'Byte pieces are not told apart: "<0x0A>" is counted as its six characters instead of the one byte that it stands for.',
        remedy: BYTE_IS_ONE,
      },
    ],
  ];
}

/** BOS stands 50,000 times in the set; its name has bytes, the text has none for it. */
function special(facts: SourceFacts, { names, region, lengths }: ByteTable): Found[] {
  const has = (...any: string[]) => any.some((name) => names.has(name));
  const text = textOf(facts.source, region, 20_000);
  const byId =
    /\b(?:i|id|tid|tok|token|token_id|idx)\s*<\s*\w+|range\(\s*[3-9]|special|bos_id|<s>|<pad>/i;
  if (has('is_control', 'IsControl')) {
    if (has('is_unknown', 'IsUnknown', 'unk_id') || byId.test(text)) return [];
    return [
      [
        lengths[0]!.call.node,
        {
          check: 'control-pieces',
          severity: 'warn',
          explanation: 'The unknown piece is counted as the characters of its name.',
          remedy: 'Give control, unknown and unused pieces 0 bytes.',
        },
      ],
    ];
  }
  if (byId.test(text)) return [];
  return [
    [
      lengths[0]!.call.node,
      {
        check: 'control-pieces',
        severity: 'fail',
        explanation:
          'Control pieces are counted as the characters of their names: 3 bytes for each "<s>", of which there is one per document.',
        remedy: 'Give control, unknown and unused pieces 0 bytes, and treat them as a boundary.',
      },
    ],
  ];
}
