/**
 * Protobuf messages read by a schema: every field of every message, known or not, in file order.
 *
 * The C++ parser merges a message field that stands twice, lets the last of two scalars win, and keeps
 * a field of another wire type as an unknown one. A reader that resolves any of these in another way
 * reads another file than the runtime does, so all of them are refused here. What is left has one
 * reading. Nothing is copied: values are views of the file, decoded on demand.
 */
import type { BpbError } from '../errors.js';
import type { FieldType, MessageType, Schema } from './schema.js';
import { type NumberKind, WIRE, WireReader, type WireSource } from './wire.js';

/** Nesting of messages at most; the C++ parser has the same default. */
const MAX_DEPTH = 100;
/** Fields of a file at most, a run of unpacked numbers being one: bounds the memory of the tree. */
const MAX_FIELDS = 2 ** 21;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const scratch = new Float64Array(1);

/** Characters of a path that a refusal repeats. */
const SHOWN_PATH = 200;

/** A field as it stands in the file; of unpacked numbers a whole run of fields. */
export interface FieldValue {
  /** Null for a number that the schema does not have. */
  readonly type: FieldType | null;
  readonly number: number;
  /** The field with its key is at `[start, end)` of the file, its payload from `from` on. */
  readonly start: number;
  readonly from: number;
  end: number;
  /** Whether the payload is length-delimited. */
  readonly delimited: boolean;
  readonly message: Message | null;
}

interface File {
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly buffer: Buffer;
  readonly source: WireSource;
  readonly schema: Schema;
  fields: number;
  /** Whether a field without a name in the schema was met. */
  hasUnknown: boolean;
}

/** @throws the source's code, naming the field's path and its offset in the file */
export function readMessage(
  bytes: Uint8Array,
  type: MessageType,
  schema: Schema,
  source: WireSource,
): Message {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const file = { bytes, buffer, source, schema, fields: 0, hasUnknown: false };
  return new Message(file, type, 0, bytes.length, null, null, 0);
}

function isAscii(bytes: Uint8Array, from: number, end: number): boolean {
  for (let k = from; k < end; k++) if (bytes[k]! >= 0x80) return false;
  return true;
}

export class Message {
  /** In file order. */
  readonly fields: FieldValue[] = [];

  constructor(
    private readonly file: File,
    readonly type: MessageType,
    private readonly from: number,
    private readonly end: number,
    /** The message that holds this one, and the field that it is; null at the root. */
    readonly holder: Message | null,
    private readonly field: FieldType | null,
    depth: number,
  ) {
    if (depth > MAX_DEPTH) throw this.refuse(`messages nested deeper than ${MAX_DEPTH}`);
    const reader = this.reader(from, end);
    for (let start = from; reader.next(); start = reader.offset) this.add(reader, start, depth);
  }

  /** Field names and indexes from the file's root on, such as `graph.node[3].attribute[0]`. */
  get path(): string {
    const { holder, field } = this;
    if (holder === null || field === null) return '';
    const above = holder.path;
    const outer = above === '' ? '' : `${above}.`;
    if (!field.repeated) return `${outer}${field.name}`;
    // The field is not among its holder's yet while it is read.
    const at = holder.all(field).findIndex(({ message }) => message === this);
    return `${outer}${field.name}[${at < 0 ? holder.all(field).length : at}]`;
  }

  /** Names the message in refusals. */
  get place(): string {
    const { path } = this;
    if (path === '') return '';
    return ` in ${path.length > SHOWN_PATH ? `…${path.slice(-SHOWN_PATH)}` : path}`;
  }

  /** The message's own bytes, without a key. */
  get bytes(): Uint8Array {
    return this.file.bytes.subarray(this.from, this.end);
  }

  /** The fields in file order, each as it stands or as `replace` gives it: several, none, or null to keep it. */
  rewritten(replace: (value: FieldValue) => readonly Uint8Array[] | null): Uint8Array[] {
    return this.fields.flatMap((value) => replace(value) ?? [this.raw(value)]);
  }

  all(field: FieldType): readonly FieldValue[] {
    const found: FieldValue[] = [];
    for (const value of this.fields) if (value.type === field) found.push(value);
    return found;
  }

  has(field: FieldType): boolean {
    return this.fields.some(({ type }) => type === field);
  }

  /** The field with its key. */
  raw({ start, end }: FieldValue): Uint8Array {
    return this.file.bytes.subarray(start, end);
  }

  payload({ from, end }: FieldValue): Uint8Array {
    return this.file.bytes.subarray(from, end);
  }

  child(field: FieldType): Message | undefined {
    return this.fields.find(({ type }) => type === field)?.message ?? undefined;
  }

  children(field: FieldType): Message[] {
    return this.all(field).map(({ message }) => message!);
  }

  /** '' where it is not given; invalid UTF-8 is refused. */
  string(field: FieldType): string {
    const value = this.fields.find(({ type }) => type === field);
    return value === undefined ? '' : this.text(value);
  }

  strings(field: FieldType): string[] {
    return this.all(field).map((value) => this.text(value));
  }

  /** Views of the file. */
  byteStrings(field: FieldType): Uint8Array[] {
    return this.all(field).map((value) => this.payload(value));
  }

  /** A number that stands once, 0 where it is not given; int64 beyond 2^53 is rounded. */
  number(field: FieldType): number {
    const value = this.fields.find(({ type }) => type === field);
    return value === undefined ? 0 : this.numberAt(value);
  }

  /** As `number`, refused outside the safe integers. */
  integer(field: FieldType): number {
    return this.safe(field, this.number(field));
  }

  /** As `numbers`, refused outside the safe integers. */
  integers(field: FieldType): number[] {
    return Array.from(this.numbers(field), (value) => this.safe(field, value));
  }

  /** Numbers of a field, packed or not, in file order; fp32 values in fp32. */
  numbers(field: FieldType): Float32Array | Float64Array {
    const kind = field.kind as NumberKind;
    const length = this.count(field);
    const values = kind === 'float' ? new Float32Array(length) : new Float64Array(length);
    let at = 0;
    for (const { start, end } of this.all(field)) {
      const reader = this.reader(start, end);
      while (reader.next()) at = reader.numbers(kind, values, at);
    }
    return values;
  }

  /** How many numbers, strings or messages a field holds. */
  count(field: FieldType): number {
    const found = this.all(field);
    if (!field.packable) return found.length;
    let count = 0;
    for (const { start, end } of found) {
      const reader = this.reader(start, end);
      while (reader.next()) count += reader.countNumbers(field.kind as NumberKind);
    }
    if (!Number.isInteger(count)) throw this.refuse(`a ${field.name} of no whole number of values`);
    return count;
  }

  /** Paths of fields without a name in the schema, here and below, such as `graph.node[3].99`. */
  unknown(): string[] {
    const found: string[] = [];
    if (!this.file.hasUnknown) return found;
    // Paths are made on the way: `path` looks for each message among all of its holder's.
    const open: [Message, string][] = [[this, this.path]];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const [message, path] = at;
      const outer = path === '' ? '' : `${path}.`;
      const counts = new Map<FieldType, number>();
      const inner: typeof open = [];
      for (const value of message.fields) {
        const { type } = value;
        if (type === null) found.push(`${outer}${value.number}`);
        else if (value.message !== null) {
          const index = counts.get(type) ?? 0;
          counts.set(type, index + 1);
          const name = type.repeated ? `${type.name}[${index}]` : type.name;
          inner.push([value.message, `${outer}${name}`]);
        }
      }
      for (const each of inner.reverse()) open.push(each);
    }
    return found;
  }

  /** This message and all below it, each before what it holds, in file order. */
  *walk(): Generator<Message> {
    const open: Message[] = [this];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      yield at;
      for (let k = at.fields.length - 1; k >= 0; k--) {
        const { message } = at.fields[k]!;
        if (message !== null) open.push(message);
      }
    }
  }

  refuse(problem: string, hint?: string): BpbError {
    return this.reader(this.from, this.end).refuse(problem, hint);
  }

  private text({ type, from, end }: FieldValue): string {
    const { bytes, buffer } = this.file;
    // Names are ASCII nearly always: several times faster than a decoder's call for each.
    if (isAscii(bytes, from, end)) return buffer.toString('latin1', from, end);
    try {
      return utf8.decode(bytes.subarray(from, end));
    } catch {
      throw this.refuse(`invalid UTF-8 in ${type!.name}`);
    }
  }

  private safe(field: FieldType, value: number): number {
    if (!Number.isSafeInteger(value)) throw this.refuse(`the ${field.name} ${value}`);
    return value;
  }

  private numberAt({ type, start, end }: FieldValue): number {
    const reader = this.reader(start, end);
    reader.next();
    reader.numbers(type!.kind as NumberKind, scratch, 0);
    return scratch[0]!;
  }

  private reader(from: number, end: number): WireReader {
    return new WireReader(this.file.bytes, this.file.source, from, end, this);
  }

  private add(reader: WireReader, start: number, depth: number): void {
    const { field: number, wire } = reader;
    const delimited = wire === WIRE.bytes;
    const type = this.type.fields.get(number) ?? null;
    const before = this.fields.at(-1);
    if (type === null) this.file.hasUnknown = true;
    else this.expectWire(reader, type);
    reader.skip();
    const end = reader.offset;
    // A run of unpacked numbers, or of unknown ones, may be as long as the weights: one entry.
    const joins = !delimited && (type === null || type.repeated) && before?.delimited === false;
    if (joins && before.number === number) {
      before.end = end;
      return;
    }
    if (++this.file.fields > MAX_FIELDS) throw reader.refuse(`more than ${MAX_FIELDS} fields`);
    const from = delimited ? end - reader.length : start;
    if (type !== null && !type.repeated) this.expectOnce(reader, type);
    const inner = type?.kind === 'message' ? this.file.schema.get(type.message)! : null;
    const message = inner && new Message(this.file, inner, from, end, this, type, depth + 1);
    const value = { type, number, start, from, end, delimited, message };
    this.fields.push(value);
    if (type?.kind === 'int32' && !type.repeated) this.expectValue(type, value);
  }

  private expectWire(reader: WireReader, type: FieldType): void {
    if (type.repeated && type.packable && reader.wire === WIRE.bytes) return;
    if (reader.wire === type.wire) return;
    throw reader.refuse(`${type.name} with wire type ${reader.wire} instead of ${type.wire}`);
  }

  /** An int32 or an enum that stands once has a value that its type holds. */
  private expectValue(type: FieldType, field: FieldValue): void {
    const value = this.numberAt(field);
    if (type.values === null || (value >= 0 && value < type.values)) return;
    throw this.refuse(
      `${type.name} ${value}, which is none of the ${type.values} values of its enum,`,
    );
  }

  private expectOnce(reader: WireReader, type: FieldType): void {
    for (const { type: other } of this.fields) {
      if (other === type) throw reader.refuse(`a second ${type.name}`);
      if (type.choice !== null && other?.choice === type.choice) {
        throw reader.refuse(`both ${other.name} and ${type.name}, of which one may be set`);
      }
    }
  }
}
