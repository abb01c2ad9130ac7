/**
 * Reads what a shared library (64-bit ELF, little-endian) wants of others: without loading it, without
 * binutils. Sections and their fields are those of the System V ABI, chapter 4, and of the GNU symbol
 * versions (Linux Standard Base, 10.7).
 */
import { closeSync, openSync, readSync } from 'node:fs';

export interface WantedSymbol {
  readonly name: string;
  /** The library that has to bring it, by the version that the symbol is bound to; null without one. */
  readonly library: string | null;
}

const SECTION = { symbols: 11, versionIndex: 0x6fffffff, versionNeeds: 0x6ffffffe } as const;
const SYMBOL_BYTES = 24;

interface Section {
  readonly type: number;
  readonly bytes: Buffer;
  readonly link: number;
}

/** Symbols that the library uses and does not define. */
export function wantedSymbols(path: string): WantedSymbol[] {
  const file = openSync(path, 'r');
  try {
    const read = (offset: number, length: number): Buffer => {
      const buffer = Buffer.alloc(length);
      readSync(file, buffer, 0, length, offset);
      return buffer;
    };
    const header = read(0, 64);
    const [entry, count] = [header.readUInt16LE(58), header.readUInt16LE(60)];
    const table = read(Number(header.readBigUInt64LE(40)), entry * count);
    const section = (index: number): Section => {
      const at = index * entry;
      const offset = Number(table.readBigUInt64LE(at + 24));
      const length = Number(table.readBigUInt64LE(at + 32));
      return {
        type: table.readUInt32LE(at + 4),
        bytes: read(offset, length),
        link: table.readUInt32LE(at + 40),
      };
    };
    const find = (type: number): Section | undefined => {
      for (let index = 0; index < count; index++) {
        if (table.readUInt32LE(index * entry + 4) === type) return section(index);
      }
      return undefined;
    };
    const symbols = find(SECTION.symbols);
    if (symbols === undefined) return [];
    const names = section(symbols.link).bytes;
    const libraries = readNeeds(find(SECTION.versionNeeds), names);
    const versions = find(SECTION.versionIndex)?.bytes;
    const wanted: WantedSymbol[] = [];
    for (let index = 1; index * SYMBOL_BYTES < symbols.bytes.length; index++) {
      const at = index * SYMBOL_BYTES;
      if (symbols.bytes.readUInt16LE(at + 6) !== 0) continue; // defined here
      const version = versions === undefined ? 0 : versions.readUInt16LE(index * 2) & 0x7fff;
      wanted.push({
        name: text(names, symbols.bytes.readUInt32LE(at)),
        library: libraries.get(version) ?? null,
      });
    }
    return wanted;
  } finally {
    closeSync(file);
  }
}

/** Libraries by the index of the version that a symbol is bound to. */
function readNeeds(section: Section | undefined, names: Buffer): Map<number, string> {
  const libraries = new Map<number, string>();
  if (section === undefined) return libraries;
  const { bytes } = section;
  for (let at = 0, more = true; more; ) {
    const library = text(names, bytes.readUInt32LE(at + 4));
    let version = at + bytes.readUInt32LE(at + 8);
    for (let left = bytes.readUInt16LE(at + 2); left > 0; left--) {
      libraries.set(bytes.readUInt16LE(version + 6), library);
      version += bytes.readUInt32LE(version + 12);
    }
    const next = bytes.readUInt32LE(at + 12);
    at += next;
    more = next !== 0;
  }
  return libraries;
}

function text(names: Buffer, offset: number): string {
  return names.toString('utf8', offset, names.indexOf(0, offset));
}
