/**
 * Device code of one architecture only, so that a CUDA library packs small.
 *
 * A library holds the same kernels once for each architecture, in containers of the section
 * .nv_fatbin; the driver picks one entry of a container by the device. Of every container that has
 * machine code for the wanted architecture all other entries are filled with zeros. Nothing moves, so
 * the library stays valid; on another architecture its kernels are not found any more.
 *
 * ELF: 64 bits, little-endian. A container: magic u32, version u16, size of the header u16, size of what
 * follows u64. An entry: kind u16 (1 PTX, 2 machine code), version u16, size of the header u32, size
 * of the payload u64, and at byte 28 the architecture u32, 90 for sm_90.
 */
const ELF_MAGIC = 0x464c457f;
const CONTAINER_MAGIC = 0xba55ed50;
const CONTAINER_HEADER = 16;
const ENTRY_HEADER_MIN = 32;
const MACHINE_CODE = 2;

/** Offset and size of every section of this name. */
function sections(elf, name) {
  if (elf.length < 64 || elf.readUInt32LE(0) !== ELF_MAGIC || elf[4] !== 2 || elf[5] !== 1) {
    throw new Error('no ELF file of 64 bits, little-endian');
  }
  const table = Number(elf.readBigUInt64LE(0x28));
  const [size, count, names] = [0x3a, 0x3c, 0x3e].map((at) => elf.readUInt16LE(at));
  const header = (index) => {
    const at = table + index * size;
    return {
      name: elf.readUInt32LE(at),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
    };
  };
  const strings = header(names).offset;
  return Array.from({ length: count }, (_, index) => header(index)).filter((section) => {
    const start = strings + section.name;
    return elf.toString('latin1', start, elf.indexOf(0, start)) === name;
  });
}

/** Payloads of a container that begins at `at` and ends at `end`. */
function entries(elf, at, end) {
  const found = [];
  for (let next = at; next < end; ) {
    const header = elf.readUInt32LE(next + 4);
    const size = Number(elf.readBigUInt64LE(next + 8));
    const stop = next + header + size;
    if (header < ENTRY_HEADER_MIN || stop > end) {
      throw new Error(`device code at byte ${next}: an entry of ${header} + ${size} bytes`);
    }
    const [kind, architecture] = [elf.readUInt16LE(next), elf.readUInt32LE(next + 28)];
    found.push({ kind, architecture, start: next + header, stop });
    next = stop;
  }
  return found;
}

/**
 * Clears, in place, the device code of other architectures than `architecture` (90 for sm_90).
 *
 * Returns how many containers there are, how many of them have the architecture and are therefore
 * smaller now, and the bytes that were cleared. Throws where `elf` is no ELF file or a container is
 * damaged; one without the architecture is left as it is.
 */
export function keepArchitecture(elf, architecture) {
  const count = { containers: 0, reduced: 0, cleared: 0 };
  for (const { offset, size } of sections(elf, '.nv_fatbin')) {
    const end = offset + size;
    for (let at = offset; at + CONTAINER_HEADER <= end; ) {
      if (elf.readUInt32LE(at) !== CONTAINER_MAGIC) {
        at += 8; // padding between containers
        continue;
      }
      const begin = at + elf.readUInt16LE(at + 6);
      const stop = begin + Number(elf.readBigUInt64LE(at + 8));
      if (stop > end) throw new Error(`device code at byte ${at}: a container beyond its section`);
      const found = entries(elf, begin, stop);
      const wanted = (entry) => entry.kind === MACHINE_CODE && entry.architecture === architecture;
      count.containers += 1;
      if (found.some(wanted)) {
        count.reduced += 1;
        for (const entry of found) {
          if (wanted(entry)) continue;
          elf.fill(0, entry.start, entry.stop);
          count.cleared += entry.stop - entry.start;
        }
      }
      at = stop;
    }
  }
  return count;
}
