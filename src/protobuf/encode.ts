/**
 * Writer of the protobuf wire format: fields as chunks of bytes, joined once at the end.
 */

export type Chunk = Uint8Array;

function varint(value: number | bigint): Chunk {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

export function join(chunks: readonly Chunk[]): Chunk {
  return new Uint8Array(Buffer.concat(chunks));
}

/** A varint field. */
export function int(field: number, value: number | bigint): Chunk {
  return join([varint(field << 3), varint(value)]);
}

/** A length-delimited field: bytes, a string, or an embedded message. */
export function bytes(field: number, payload: Chunk | string | readonly Chunk[]): Chunk {
  const body =
    typeof payload === 'string'
      ? new TextEncoder().encode(payload)
      : payload instanceof Uint8Array
        ? payload
        : join(payload);
  return join([prefix(field, body.length), body]);
}

/** The key and the length of a length-delimited field, whose payload the caller writes after it. */
export function prefix(field: number, length: number): Chunk {
  return join([varint((field << 3) | 2), varint(length)]);
}

/** An fp32 field. */
export function float(field: number, value: number): Chunk {
  return join([varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);
}
