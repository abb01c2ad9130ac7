/**
 * Unpacking of `exec(lzma.decompress(base64.b85decode(b"…")))` without running it.
 *
 * Only literals, how strings are put together, and decoders are followed, within a size limit; every
 * other expression is left packed, and the audit reports why.
 */
import { constantOf } from './constants.js';
import {
  CODECS,
  DECODERS,
  type DecoderOptions,
  LZMA_CONSTANTS,
  type LzmaFilter,
  UNPACKED_BYTES_MAX,
  Unreadable,
} from './decoders.js';
import { bindingOf, type SourceFacts } from './facts.js';
import { stringValue } from './literals.js';
import { type Call, callOf, dottedName, type PyNode, textOf, unwrapped } from './nodes.js';

/** Decoders, names and sums inside each other. */
const DEPTH_MAX = 200;
/** Parts of lists that are joined. */
const ITEMS_MAX = 100_000;

/** Decoders of objects and byte code, which are no text. */
const OPAQUE: Readonly<Record<string, string>> = {
  'marshal.loads': 'it is byte code of Python (marshal), which is not decompiled',
  'marshal.load': 'it is byte code of Python (marshal), which is not decompiled',
  'pickle.loads': 'it is a pickled object, which only Python could make',
  'pickle.load': 'it is a pickled object, which only Python could make',
  'dill.loads': 'it is a pickled object, which only Python could make',
  'cloudpickle.loads': 'it is a pickled object, which only Python could make',
  'bz2.decompress': 'it is packed by bz2, for which there is no decoder here',
};

/** The source text that the expression decodes to, or why it is not known. */
export async function unpackedText(
  facts: SourceFacts,
  node: PyNode,
): Promise<{ text: string } | { reason: string }> {
  try {
    const { bytes } = await new Unpacker(facts).value(node, 0);
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof Unreadable) return { reason: error.message };
    // A damaged, oversized or foreign stream: the audit reports it as one it cannot see into.
    return { reason: 'its data is damaged, too large, or no text' };
  }
}

/** A string, as UTF-8, or bytes. */
interface Value {
  readonly bytes: Buffer;
  readonly text: boolean;
}

class Unpacker {
  private left = 16 * UNPACKED_BYTES_MAX;

  constructor(private readonly facts: SourceFacts) {}

  async value(node: PyNode, depth: number): Promise<Value> {
    if (depth > DEPTH_MAX) throw new Unreadable('it is nested too deeply');
    const result = await this.evaluated(unwrapped(node), depth);
    // Names bound to sums of names could double at every step.
    this.left -= result.bytes.length;
    if (result.bytes.length > UNPACKED_BYTES_MAX || this.left < 0) {
      throw new Unreadable('it unpacks to too much');
    }
    return result;
  }

  private async evaluated(node: PyNode, depth: number): Promise<Value> {
    const { source } = this.facts;
    const literal = stringValue(source, node);
    if (literal !== null) {
      const first = node.type === 'ContinuedString' ? node.children[0]! : node;
      const text = !/^[a-z]*b/i.test(textOf(source, first, 4));
      return { bytes: Buffer.from(literal, text ? 'utf8' : 'latin1'), text };
    }
    switch (node.type) {
      case 'VariableName': {
        const bound = bindingOf(this.facts, textOf(source, node), node);
        if (bound === null) throw new Unreadable(`${textOf(source, node, 40)} is computed`);
        return this.value(bound, depth + 1);
      }
      case 'BinaryExpression':
        return this.sum(node, depth);
      case 'MemberExpression':
        return this.part(node, depth);
      case 'CallExpression': {
        const call = callOf(source, node);
        if (call !== null) return this.call(call, depth);
      }
    }
    throw new Unreadable('it is computed, not decoded from constants');
  }

  /** `a + b`, a long chain of which leans to the left. */
  private async sum(node: PyNode, depth: number): Promise<Value> {
    const parts: PyNode[] = [];
    let at = node;
    for (; at.type === 'BinaryExpression'; at = unwrapped(at.children[0]!)) {
      const [left, operator, right] = at.children;
      if (left === undefined || right === undefined) break;
      if (textOf(this.facts.source, operator!) !== '+') {
        throw new Unreadable('it is computed, not decoded from constants');
      }
      parts.push(right);
    }
    return this.joined([at, ...parts.reverse()], null, depth);
  }

  private async joined(
    parts: readonly PyNode[],
    separator: Value | null,
    depth: number,
  ): Promise<Value> {
    const values: Value[] = [];
    for (const part of parts) {
      if (separator !== null && values.length > 0) values.push(separator);
      values.push(await this.value(part, depth + 1));
    }
    const text = (separator ?? values[0])?.text ?? true;
    return { bytes: Buffer.concat(values.map(({ bytes }) => bytes)), text };
  }

  /** `x[::-1]`, the one slice that hides a text. */
  private async part(node: PyNode, depth: number): Promise<Value> {
    const subscript = textOf(this.facts.source, node, 1e7).slice(node.children[0]!.to - node.from);
    if (node.children[1]?.type !== '[' || !/^\s*\[\s*:\s*:\s*-\s*1\s*\]$/.test(subscript)) {
      const name = dottedName(this.facts.source, node);
      const bound = name === null ? null : bindingOf(this.facts, name, node);
      if (bound !== null) return this.value(bound, depth + 1);
      throw new Unreadable('it is computed, not decoded from constants');
    }
    const { bytes, text } = await this.value(node.children[0]!, depth + 1);
    if (!text) return { bytes: Buffer.from(bytes).reverse(), text };
    return { bytes: Buffer.from(Array.from(bytes.toString()).reverse().join('')), text };
  }

  private async call(call: Call, depth: number): Promise<Value> {
    const [first] = call.args;
    const name = this.qualified(call);
    if (name !== null && Object.hasOwn(OPAQUE, name)) throw new Unreadable(OPAQUE[name]!);
    if (name !== null && Object.hasOwn(DECODERS, name) && first !== undefined) {
      const { bytes } = await this.value(first, depth + 1);
      return { bytes: await DECODERS[name]!(bytes, this.options(call)), text: false };
    }
    if (name === 'codecs.decode' && first !== undefined) {
      return this.coded(first, call.args[1] ?? call.keywords.get('encoding'), depth);
    }
    if (
      /^(?:compile|bytes|bytearray|str|memoryview)$/.test(call.name ?? '') &&
      first !== undefined
    ) {
      return this.converted(call, first, depth);
    }
    if (call.receiver === null) throw new Unreadable('it is computed, not decoded from constants');
    switch (call.method) {
      case 'join': {
        const separator = await this.value(call.receiver, depth + 1);
        const list = first === undefined ? null : unwrapped(this.bound(first));
        const items = list === null ? null : itemsOf(list);
        if (items === null) break;
        return this.joined(items, separator, depth);
      }
      case 'decode': {
        const { bytes } = await this.value(call.receiver, depth + 1);
        const encoding = call.args[0] ?? call.keywords.get('encoding');
        const which = encoding === undefined ? null : stringValue(this.facts.source, encoding);
        const latin = /^(?:latin|iso).?(?:8859)?.?1$/i.test(which ?? '');
        return { bytes: latin ? Buffer.from(bytes.toString('latin1')) : bytes, text: true };
      }
      case 'encode':
        return { bytes: (await this.value(call.receiver, depth + 1)).bytes, text: false };
      case 'strip': {
        const { bytes, text } = await this.value(call.receiver, depth + 1);
        if (call.args.length > 0) break;
        return { bytes: Buffer.from(bytes.toString('latin1').trim(), 'latin1'), text };
      }
      case 'replace': {
        const of = await this.value(call.receiver, depth + 1);
        const [from, to] = [call.args[0], call.args[1]];
        if (from === undefined || to === undefined || call.args.length > 2) break;
        const [a, b] = [await this.value(from, depth + 1), await this.value(to, depth + 1)];
        const [text, old, fresh] = [of, a, b].map(({ bytes }) => bytes.toString('latin1'));
        if (old === '') break;
        return {
          bytes: Buffer.from(
            text!.replaceAll(old!, () => fresh!),
            'latin1',
          ),
          text: of.text,
        };
      }
    }
    throw new Unreadable('it is computed, not decoded from constants');
  }

  private async coded(data: PyNode, codec: PyNode | undefined, depth: number): Promise<Value> {
    const name = codec === undefined ? 'utf-8' : stringValue(this.facts.source, codec);
    const { bytes } = await this.value(data, depth + 1);
    const key = (name ?? '').toLowerCase().replaceAll('-', '_');
    if (Object.hasOwn(CODECS, key)) {
      return { bytes: await CODECS[key]!(bytes, NO_OPTIONS), text: key.startsWith('rot') };
    }
    if (/^utf_?8$|^ascii$/.test(key)) return { bytes, text: true };
    throw new Unreadable('its codec is not read here');
  }

  /** `compile(text, …)`, `bytes([1, 2])`, `bytes("x", "utf-8")`. */
  private async converted(call: Call, first: PyNode, depth: number): Promise<Value> {
    const items = itemsOf(unwrapped(this.bound(first)));
    if (items === null) {
      const { bytes, text } = await this.value(first, depth + 1);
      return { bytes, text: call.name === 'str' || (call.name === 'compile' && text) };
    }
    const numbers = items.map((item) => constantOf(this.facts, item));
    if (!numbers.every((value) => value !== null && value >= 0 && value < 256)) {
      throw new Unreadable('it is computed, not decoded from constants');
    }
    return { bytes: Buffer.from(numbers as number[]), text: false };
  }

  private bound(node: PyNode): PyNode {
    const inner = unwrapped(node);
    if (inner.type !== 'VariableName') return inner;
    return bindingOf(this.facts, textOf(this.facts.source, inner), inner) ?? inner;
  }

  /** `L.decompress` under `import lzma as L`, `__import__("lzma").decompress`, `b85decode`, `d=B.b85decode`. */
  private qualified(call: Call): string | null {
    const { facts } = this;
    const imported = call.receiver === null ? null : callOf(facts.source, call.receiver);
    if (imported !== null) {
      const dynamic = /^(?:__import__|(?:importlib\.)?import_module)$/.test(imported.name ?? '');
      const module = dynamic ? stringValue(facts.source, imported.args[0]) : null;
      if (module !== null) return `${module}.${call.method}`;
      const made = imported.name === null ? '' : this.resolved(imported.name);
      // `zstandard.ZstdDecompressor().decompress(x)`
      return made === 'zstandard.ZstdDecompressor' ? `zstandard.${call.method}` : null;
    }
    if (call.name === null) return null;
    const name = this.resolved(call.name);
    if (name !== call.name || call.receiver !== null) return name;
    const bound = bindingOf(facts, call.name, call.node);
    const other = bound === null ? null : dottedName(facts.source, unwrapped(bound));
    return other === null ? name : this.resolved(other);
  }

  private resolved(name: string): string {
    const [root = '', ...rest] = name.split('.');
    return [this.facts.aliases.get(root) ?? root, ...rest].join('.');
  }

  private options(call: Call): DecoderOptions {
    const name = this.qualified(call) ?? '';
    const second = call.args[1];
    const wbits = call.keywords.get('wbits') ?? (name === 'zlib.decompress' ? second : undefined);
    const format = call.keywords.get('format') ?? (name === 'lzma.decompress' ? second : undefined);
    const filters = call.keywords.get('filters') ?? call.args[3];
    return {
      wbits: wbits === undefined ? null : this.number(wbits),
      format: format === undefined ? null : this.number(format),
      filters: filters === undefined ? [] : this.filters(filters),
    };
  }

  private filters(node: PyNode): LzmaFilter[] {
    const items = itemsOf(unwrapped(this.bound(node)));
    if (items === null) throw new Unreadable('its filters are computed');
    return items.map((item) => {
      const dictionary = unwrapped(this.bound(item));
      const filter = new Map<string, number>();
      const parts = dictionary.children.filter(({ type }) => !/^[{},:]$/.test(type));
      for (let i = 0; i + 1 < parts.length; i += 2) {
        const key = stringValue(this.facts.source, parts[i]!);
        if (key !== null) filter.set(key, this.number(parts[i + 1]!));
      }
      return filter;
    });
  }

  /** A constant, among them those of `lzma` and `zlib`. */
  private number(node: PyNode): number {
    const inner = unwrapped(node);
    if (inner.type === 'UnaryExpression' && textOf(this.facts.source, inner, 1) === '-') {
      return -this.number(inner.children[1]!);
    }
    const name = dottedName(this.facts.source, inner);
    const full = name === null ? '' : this.resolved(name);
    if (full === 'zlib.MAX_WBITS') return 15;
    const [module, constant] = full.split('.');
    if (module === 'lzma' && constant !== undefined && Object.hasOwn(LZMA_CONSTANTS, constant)) {
      return LZMA_CONSTANTS[constant as keyof typeof LZMA_CONSTANTS];
    }
    const value = constantOf(this.facts, inner);
    if (value === null) throw new Unreadable('its decoder has computed arguments');
    return value;
  }
}

const NO_OPTIONS: DecoderOptions = { wbits: null, format: null, filters: [] };

/** The items of `[a, b]`, `(a, b)` and `{a, b}`; null for anything else. */
function itemsOf(node: PyNode): PyNode[] | null {
  if (!/^(?:Array|Tuple|Set)Expression$/.test(node.type)) return null;
  if (node.children.length > 2 * ITEMS_MAX) throw new Unreadable('it is in too many parts');
  return node.children.filter(({ type }) => !/^[[\](){},]$/.test(type));
}
