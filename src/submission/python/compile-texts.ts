/**
 * Text literals and f-strings.
 */
import type { PyNode } from '../source/nodes.js';
import { PyBytes } from './bytes.js';
import { formatted } from './format-number.js';
import { literalOf, unescaped } from './literals.js';
import type { Compiler, Expression, Frame } from './machine.js';
import { PyObject, Unknown, type Value } from './values.js';

export function compileText(c: Compiler, node: PyNode): Expression {
  const written = c.text(node);
  const { bytes, raw, from, to } = literalOf(written);
  const contents = written.slice(from, to).replaceAll('\r\n', '\n');
  const text = raw ? contents : unescaped(contents, bytes);
  if (!bytes) return () => text;
  const data = Buffer.from(text, 'latin1');
  return () => new PyBytes(Uint8Array.from(data));
}

export function compileContinued(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const parts = node.children.filter(({ type }) => type !== '⚠').map((kid) => c.expression(kid));
  return (frame) => {
    let result = parts[0]!(frame);
    for (const part of parts.slice(1)) result = machine.binary('+', result, part(frame));
    return result;
  };
}

type Piece =
  | string
  | { readonly value: Expression; readonly text: (value: Value, frame: Frame) => string | null };

export function compileFormat(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const pieces = piecesOf(c, node);
  return (frame) => {
    let result = '';
    let unknown: Unknown | null = null;
    for (const [i, piece] of pieces.entries()) {
      if (typeof piece === 'string') {
        result += piece;
        continue;
      }
      const value = piece.value(frame);
      const text = piece.text(value, frame);
      if (text !== null) result += text;
      else {
        if (value instanceof PyObject) {
          machine.host.formatted?.(result, value, machine, textAfter(pieces, i));
        }
        // In the text before the next value it stands for a number.
        result += '0';
        unknown ??=
          value instanceof Unknown ? value : machine.unknown('a text of what is not known');
      }
    }
    machine.spend(result.length / 64);
    machine.allocate(result.length / 8);
    return unknown === null ? result : new Unknown(unknown.stop);
  };
}

/** The text from a value to the next, which begins with `{`. */
function textAfter(pieces: readonly Piece[], at: number): string {
  const [next = '', ...others] = pieces.slice(at + 1);
  return typeof next === 'string' ? `${next}${others.length > 0 ? '{' : ''}` : '{';
}

function piecesOf(c: Compiler, node: PyNode): Piece[] {
  const written = c.text(node);
  const { raw, from, to } = literalOf(written);
  const pieces: Piece[] = [];
  let at = node.from + from;
  const plain = (end: number) => {
    const text = c.module.source.text.slice(at, end).replaceAll('{{', '{').replaceAll('}}', '}');
    if (text !== '') pieces.push(raw ? text : unescaped(text, false));
  };
  for (const kid of node.children) {
    if (kid.type !== 'FormatReplacement') continue;
    plain(kid.from);
    pieces.push(...replacement(c, kid));
    at = kid.to;
  }
  plain(node.from + to);
  return pieces;
}

function replacement(c: Compiler, node: PyNode): Piece[] {
  const { machine } = c;
  const kids = node.children.filter(({ type }) => !/^(?:[{}]|⚠)$/.test(type));
  const inner = kids.filter(({ type }) => !/^Format(?:SelfDoc|Conversion|Spec)$/.test(type));
  const conversion = kids.find(({ type }) => type === 'FormatConversion');
  const specification = kids.find(({ type }) => type === 'FormatSpec');
  const documented = kids.find(({ type }) => type === 'FormatSelfDoc');
  const value = c.parts(inner);
  const quoted =
    (conversion === undefined && documented !== undefined && specification === undefined) ||
    (conversion !== undefined && c.text(conversion) !== '!s');
  const spec = specification === undefined ? null : specificationOf(c, specification);
  const piece: Piece = {
    value,
    text(result, frame) {
      if (spec === null || quoted) {
        const text = machine.text(result, quoted);
        if (text === null || spec === null) return text;
        const wanted = spec(frame);
        return wanted === null ? null : formatted(text, wanted, machine);
      }
      const wanted = spec(frame);
      if (wanted === null || result instanceof Unknown) return null;
      if (wanted !== '' && result instanceof PyObject && machine.text(result) === null) return null;
      return formatted(result, wanted, machine);
    },
  };
  if (documented === undefined) return [piece];
  return [c.module.source.text.slice(node.from + 1, documented.to), piece];
}

function specificationOf(c: Compiler, node: PyNode): (frame: Frame) => string | null {
  const pieces: Piece[] = [];
  let at = node.from + 1;
  const { text } = c.module.source;
  for (const kid of node.children) {
    if (kid.type !== 'FormatReplacement') continue;
    pieces.push(text.slice(at, kid.from), ...replacement(c, kid));
    at = kid.to;
  }
  pieces.push(text.slice(at, node.to));
  return (frame) => {
    let result = '';
    for (const piece of pieces) {
      const part = typeof piece === 'string' ? piece : piece.text(piece.value(frame), frame);
      if (part === null) return null;
      result += part;
    }
    return result;
  };
}
