/**
 * Reader of the protobuf wire format: one field after the other, from memory, without copies.
 *
 * Shared by the SentencePiece and the ONNX reader. Malformed fields are refused. The caller recurses
 * into messages and so bounds the depth; groups are refused, so no other nesting exists.
 */
import { type BpbError, type ErrorCode, inputError } from '../errors.js';

/** Wire types of the protobuf encoding, by number (protobuf.dev/programming-guides/encoding). */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Numeric types of a `.proto` file that are in use here. */
export type NumberKind = 'int32' | 'int64' | 'uint64' | 'float' | 'double';

export interface WireSource {
  /** File the bytes came from, for messages. */
  readonly path: string;
  /** Code of the refusals. */
  readonly code: ErrorCode;
  /** What the file should be, e.g. "an ONNX model". */
  readonly what: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class WireReader {
  /** Number of the field that `next()` stopped at. */
  field = 0;
  /** Its wire type. */
  wire = 0;
  /** Bytes of the last length-delimited payload that was read or skipped. */
  length = 0;
  private dataView: DataView | undefined;

  constructor(
    /** The whole file. */
    private readonly buffer: Uint8Array,
    readonly source: WireSource,
    /** What is read is at `[position, end)` of the file. */
    private position = 0,
    private readonly end = buffer.length,
    /** Names the message that is read, such as " in graph.node[3]", in refusals. */
    private readonly holder: { readonly place: string } | null = null,
  ) {}

  /** Offset in the file of the next byte to be read. */
  get offset(): number {
    return this.position;
  }

  /** @param hint the way out; by default that of a damaged file */
  refuse(
    problem: string,
    hint = 'Check that the file was downloaded whole; compare its size and sha256 with the source.',
  ): BpbError {
    const { path, code, what } = this.source;
    const at = `${problem}${this.holder?.place ?? ''}`;
    return inputError(code, {
      message: `${at} at byte ${this.offset}: this is not ${what}, or it is damaged.`,
      path,
      expected: what,
      actual: at,
      hint,
    });
  }

  /** Moves to the next field; false at the end. The value must then be read or skipped. */
  next(): boolean {
    if (this.position >= this.end) return false;
    const key = this.varint();
    if (key > 0xffffffff) throw this.refuse('a field number that is too large');
    this.field = key >>> 3;
    this.wire = key & 7;
    if (this.field === 0) throw this.refuse('field number 0');
    if (this.wire === 3 || this.wire === 4) throw this.refuse('a protobuf group');
    if (this.wire > 5) throw this.refuse(`wire type ${this.wire}`);
    return true;
  }

  /** Refuses the field if its wire type is not the one that its declaration has. */
  expect(wire: number): void {
    if (this.wire !== wire) {
      throw this.refuse(`field ${this.field} with wire type ${this.wire} instead of ${wire}`);
    }
  }

  /** A varint as an unsigned number; beyond 2^53 the nearest double. */
  private varint(): number {
    const { buffer, position } = this;
    // Keys and lengths are short: no BigInt for them.
    for (let i = 0, value = 0; i < 4 && position + i < this.end; i++) {
      const byte = buffer[position + i]!;
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        this.position = position + i + 1;
        return value;
      }
    }
    return Number(this.unsigned());
  }

  /** A varint as an unsigned 64-bit number. */
  unsigned(): bigint {
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.position >= this.end) throw this.refuse('a varint cut short');
      const byte = this.buffer[this.position++]!;
      const bits = byte & 0x7f;
      // Two halves of 35 and 35 bits: exact in doubles, and BigInt only once at the end.
      if (i < 5) low += bits * 2 ** (7 * i);
      else high += bits * 2 ** (7 * (i - 5));
      if (byte < 0x80) {
        if (i === 9 && byte > 1) throw this.refuse('a varint beyond 64 bits');
        return high === 0 ? BigInt(low) : (BigInt(high) << 35n) | BigInt(low);
      }
    }
    throw this.refuse('a varint longer than 10 bytes');
  }

  /** A varint field as a signed 64-bit number. */
  int64(): bigint {
    this.expect(WIRE.varint);
    return BigInt.asIntN(64, this.unsigned());
  }

  /** A varint field as a number; refused outside the safe integers. */
  integer(): number {
    const value = this.int64();
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw this.refuse(`the integer ${value}`);
    return number;
  }

  bool(): boolean {
    return this.int64() !== 0n;
  }

  float(): number {
    this.expect(WIRE.fixed32);
    return this.view.getFloat32(this.take(4), true);
  }

  /** A length-delimited field as a view of the buffer. */
  bytes(): Uint8Array {
    this.expect(WIRE.bytes);
    const start = this.takeBytes();
    return this.buffer.subarray(start, start + this.length);
  }

  /** Moves beyond a length-delimited payload; gives where it begins. */
  private takeBytes(): number {
    const length = this.varint();
    if (length > this.end - this.position) {
      throw this.refuse(
        `field ${this.field} of ${BigInt(length)} bytes where ${this.end - this.position} are left`,
      );
    }
    this.length = length;
    return this.take(length);
  }

  private get view(): DataView {
    const { buffer, byteOffset, byteLength } = this.buffer;
    this.dataView ??= new DataView(buffer, byteOffset, byteLength);
    return this.dataView;
  }

  /** A length-delimited field as text; invalid UTF-8 is refused. */
  string(): string {
    const bytes = this.bytes();
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.refuse(`field ${this.field} holds invalid UTF-8`);
    }
  }

  /** A length-delimited field as a message of its own. */
  message(): WireReader {
    this.expect(WIRE.bytes);
    const start = this.takeBytes();
    return new WireReader(this.buffer, this.source, start, start + this.length);
  }

  /**
   * Writes the field's numbers into `values` from index `at` on: one, or all of a packed field.
   *
   * @returns the index after the last
   */
  numbers(kind: NumberKind, values: { [index: number]: number }, at: number): number {
    if (this.wire !== WIRE.bytes) {
      values[at] = this.number(kind);
      return at + 1;
    }
    const packed = this.message();
    let index = at;
    while (packed.position < packed.end) values[index++] = packed.number(kind);
    return index;
  }

  /** How many numbers the field holds, packed or not; moves beyond it. */
  countNumbers(kind: NumberKind): number {
    if (this.wire !== WIRE.bytes) {
      this.skip();
      return 1;
    }
    const packed = this.bytes();
    const width = kind === 'float' ? 4 : kind === 'double' ? 8 : 0;
    if (width > 0) return packed.length / width;
    let count = 0;
    for (let i = 0; i < packed.length; i++) if (packed[i]! < 0x80) count++;
    return count;
  }

  skip(): void {
    if (this.wire === WIRE.varint) this.varint();
    else if (this.wire === WIRE.bytes) this.takeBytes();
    else this.take(this.wire === WIRE.fixed64 ? 8 : 4);
  }

  /** A number without its key; of 64-bit integers the nearest double. */
  private number(kind: NumberKind): number {
    if (kind === 'float') return this.view.getFloat32(this.take(4), true);
    if (kind === 'double') return this.view.getFloat64(this.take(8), true);
    if (kind === 'uint64') return this.varint();
    const first = this.buffer[this.position] ?? 0x80;
    if (first < 0x80) {
      this.position++;
      return first;
    }
    const value = Number(BigInt.asIntN(64, this.unsigned()));
    // C++ drops the upper bits of a larger number.
    if (kind === 'int32' && (value | 0) !== value) {
      throw this.refuse(`the integer ${value}, which 32 bits do not hold,`);
    }
    return value;
  }

  private take(count: number): number {
    const start = this.position;
    if (count > this.end - start) throw this.refuse(`field ${this.field} cut short`);
    this.position = start + count;
    return start;
  }
}
