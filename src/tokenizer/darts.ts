/**
 * Darts-clone double array of a normalizer's compiled character map, read unit by unit.
 *
 * The map is `uint32 size, trie, replacements`: a double array whose leaves are offsets into
 * NUL-terminated replacements (darts.h, DoubleArrayUnit). Nodes that have the same rules below them
 * are stored once, so that it is a graph without circles and not a tree.
 */

/** An arrow of the graph. */
interface Arrow {
  readonly byte: number;
  /** Base of the node that it leads to. */
  readonly child: number;
  /** Whether a rule's key ends there: its replacement is at `valueAt(child)`. */
  readonly ends: boolean;
}

export class DoubleArray {
  readonly units: number;
  readonly root: number;
  private readonly view: DataView;
  private readonly replacements: Buffer;

  /** What makes `map` unreadable; null where it can be opened. */
  static problem(map: Uint8Array): string | null {
    if (map.length < 4) return `a character map of ${map.length} bytes`;
    const trieBytes = new DataView(map.buffer, map.byteOffset).getUint32(0, true);
    if (trieBytes % 4 !== 0 || trieBytes === 0 || 4 + trieBytes >= map.length) {
      return `a character map of ${map.length} bytes with a trie of ${trieBytes}`;
    }
    return map[map.length - 1] === 0 ? null : 'replacements that do not end';
  }

  constructor(map: Uint8Array) {
    this.view = new DataView(map.buffer, map.byteOffset, map.byteLength);
    const trieBytes = this.view.getUint32(0, true);
    this.units = trieBytes / 4;
    this.replacements = Buffer.from(map.buffer, map.byteOffset, map.length).subarray(4 + trieBytes);
    this.root = this.offset(this.unit(0));
  }

  /** The arrows of the node with this base, which must not be `outside`. */
  arrows(base: number): Arrow[] {
    const arrows: Arrow[] = [];
    for (let byte = 1; byte < 256; byte++) {
      const at = base ^ byte;
      const unit = this.unit(at);
      if ((unit & 0x800000ff) >>> 0 !== byte) continue;
      const child = (at ^ this.offset(unit)) >>> 0;
      arrows.push({ byte, child, ends: ((unit >>> 8) & 1) === 1 });
    }
    return arrows;
  }

  /** Whether the node with this base has arrows beyond the array. */
  outside(base: number): boolean {
    return (base | 0xff) >>> 0 >= this.units;
  }

  /** Offset of the replacement of a key that ends at `child`; null where it is out of bounds. */
  valueAt(child: number): number | null {
    if (child >= this.units) return null;
    const value = this.unit(child) & 0x7fffffff;
    return value < this.replacements.length ? value : null;
  }

  replacement(value: number): Buffer {
    return this.replacements.subarray(value, this.replacements.indexOf(0, value));
  }

  private unit(index: number): number {
    return this.view.getUint32(4 + 4 * index, true);
  }

  private offset(unit: number): number {
    return ((unit >>> 10) << ((unit & (1 << 9)) >>> 6)) >>> 0;
  }
}
