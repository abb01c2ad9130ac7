/**
 * Schemas of protobuf messages: field numbers, names and types, as a `.proto` file declares them.
 */
import { type NumberKind, WIRE } from './wire.js';

type Kind = NumberKind | 'string' | 'bytes' | 'message';

export interface FieldType {
  readonly number: number;
  readonly name: string;
  readonly kind: Kind;
  readonly repeated: boolean;
  /** Wire type of one value (protobuf.dev/programming-guides/encoding). */
  readonly wire: number;
  /** Whether repeated values may also stand together in one length-delimited field. */
  readonly packable: boolean;
  /** Name of the message's type; '' for others. */
  readonly message: string;
  /** Name of the `oneof` that it belongs to: one of its fields may be set. */
  readonly choice: string | null;
  /** Number of an enum's values, from 0 on; C++ keeps any other value as an unknown field. */
  readonly values: number | null;
}

export interface MessageType {
  readonly name: string;
  readonly fields: ReadonlyMap<number, FieldType>;
}

/** Message types by name. */
export type Schema = ReadonlyMap<string, MessageType>;

const WIRE_OF: Readonly<Record<Kind, number>> = {
  int32: WIRE.varint,
  int64: WIRE.varint,
  uint64: WIRE.varint,
  float: WIRE.fixed32,
  double: WIRE.fixed64,
  string: WIRE.bytes,
  bytes: WIRE.bytes,
  message: WIRE.bytes,
};

type Declared = Omit<FieldType, 'name'>;

/** A field that stands at most once; `type` is a scalar's name, or that of a message. */
export function optional(number: number, type: string, choice: string | null = null): Declared {
  const kind = type in WIRE_OF ? (type as Kind) : 'message';
  const wire = WIRE_OF[kind];
  const message = kind === 'message' ? type : '';
  const packable = wire !== WIRE.bytes;
  return { number, kind, repeated: false, wire, packable, message, choice, values: null };
}

export function repeated(number: number, type: string): Declared {
  return { ...optional(number, type), repeated: true };
}

/** An enum of that many values, from 0 on. */
export function enumeration(number: number, values: number): Declared {
  return { ...optional(number, 'int32'), values };
}

/** Adds a message type to a schema; gives its fields by name. */
export function declare<Name extends string>(
  schema: Map<string, MessageType>,
  name: string,
  declared: Readonly<Record<Name, Declared>>,
): Readonly<Record<Name, FieldType>> {
  const entries = Object.entries<Declared>(declared);
  const fields = entries.map(([field, type]): [Name, FieldType] => [
    field as Name,
    { ...type, name: field },
  ]);
  schema.set(name, { name, fields: new Map(fields.map(([, type]) => [type.number, type])) });
  return Object.fromEntries(fields) as Record<Name, FieldType>;
}
