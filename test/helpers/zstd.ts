/** Zstandard frames of uncompressed and repeated blocks (RFC 8878), which Node.js 20 cannot write. */

const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Largest block, and the window that frames below name: 128 KiB. */
const BLOCK = 1 << 17;

/** A block header: size, type (0 stored, 1 repeated byte), last. */
function blockHeader(size: number, type: 0 | 1, last: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((size << 3) | (type << 1) | (last ? 1 : 0), 0, 3);
  return header;
}

/** Frame descriptor without content size, and the window descriptor of 2^(10 + 7). */
const FRAME_HEADER = Buffer.from([0x00, 7 << 3]);

/** One frame that holds `content` as it is. */
export function zstdFrame(content: Uint8Array): Buffer {
  const parts: Buffer[] = [MAGIC, FRAME_HEADER];
  for (let at = 0; at === 0 || at < content.length; at += BLOCK) {
    const block = content.subarray(at, at + BLOCK);
    parts.push(blockHeader(block.length, 0, at + BLOCK >= content.length), Buffer.from(block));
  }
  return Buffer.concat(parts);
}

/** One frame of `blocks` blocks, each 128 KiB of `byte`. */
export function zstdRepeated(byte: number, blocks: number): Buffer {
  const parts: Buffer[] = [MAGIC, FRAME_HEADER];
  for (let k = 0; k < blocks; k++) {
    parts.push(blockHeader(BLOCK, 1, k === blocks - 1), Buffer.from([byte]));
  }
  return Buffer.concat(parts);
}
