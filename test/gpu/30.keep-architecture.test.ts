/** Device code of one architecture is kept, everything else in the library stays as it was. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { providerFiles } from '#bpb/engine/cuda/provider-files';
import { findRuntimeLibrary } from '#bpb/engine/library';
import { ortLib } from '../helpers/gpu.js';

interface Kept {
  containers: number;
  reduced: number;
  cleared: number;
}
const script = new URL('../../scripts/gpu/keep-architecture.mjs', import.meta.url).href;
const { keepArchitecture } = (await import(script)) as {
  keepArchitecture: (elf: Buffer, architecture: number) => Kept;
};

const PTX = 1;
const MACHINE_CODE = 2;
type Entry = [kind: number, architecture: number, size: number];

/** A container whose payloads are filled with their architecture's number. */
function container(entries: readonly Entry[]): Buffer {
  const parts = entries.map(([kind, architecture, size], index) => {
    const header = Buffer.alloc(64 + 8 * index); // headers may differ in length
    header.writeUInt16LE(kind, 0);
    header.writeUInt16LE(0x101, 2);
    header.writeUInt32LE(header.length, 4);
    header.writeBigUInt64LE(BigInt(size), 8);
    header.writeUInt32LE(architecture, 28);
    return Buffer.concat([header, Buffer.alloc(size, architecture)]);
  });
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(0xba55ed50, 0);
  header.writeUInt16LE(1, 4);
  header.writeUInt16LE(16, 6);
  header.writeBigUInt64LE(BigInt(body.length), 8);
  return Buffer.concat([header, body]);
}

/** A library of three sections: nothing, device code, names. */
function library(section: string, device: Buffer): Buffer {
  const names = Buffer.from(`\0${section}\0.shstrtab\0`);
  const header = Buffer.alloc(64);
  header.writeUInt32LE(0x464c457f, 0);
  header.set([2, 1], 4);
  const places = [
    [0, 0, 0],
    [1, 64, device.length],
    [2 + section.length, 64 + device.length, names.length],
  ] as const;
  header.writeBigUInt64LE(BigInt(64 + device.length + names.length), 0x28);
  header.writeUInt16LE(64, 0x3a);
  header.writeUInt16LE(places.length, 0x3c);
  header.writeUInt16LE(2, 0x3e);
  const table = places.map(([name, offset, size]) => {
    const entry = Buffer.alloc(64);
    entry.writeUInt32LE(name, 0);
    entry.writeBigUInt64LE(BigInt(offset), 24);
    entry.writeBigUInt64LE(BigInt(size), 32);
    return entry;
  });
  return Buffer.concat([header, device, names, ...table]);
}

const count = (bytes: Buffer, value: number) => bytes.filter((byte) => byte === value).length;
const [A, B, C] = [0xa1, 0xa2, 0xa3]; // architectures that no other byte of the file looks like

test('other architectures are cleared where the wanted one is, and PTX of the same one too', () => {
  const whole = container([
    [MACHINE_CODE, A, 40],
    [MACHINE_CODE, B, 24],
    [PTX, B, 32],
  ]);
  const without = container([
    [MACHINE_CODE, A, 16],
    [PTX, C, 8],
  ]);
  // Containers begin on multiples of 8, with padding between them.
  const elf = library('.nv_fatbin', Buffer.concat([whole, Buffer.alloc(24), without]));
  const before = Buffer.from(elf);
  expect(keepArchitecture(elf, B)).toEqual({ containers: 2, reduced: 1, cleared: 40 + 32 });
  expect(elf.length).toBe(before.length);
  // One byte more is the entry's own architecture in its header.
  expect([count(before, A), count(elf, A)]).toEqual([40 + 1 + 16 + 1, 1 + 16 + 1]);
  expect([count(before, B), count(elf, B)]).toEqual([24 + 1 + 32 + 1, 24 + 1 + 1]);
  expect(count(elf, C)).toBe(count(before, C));
  for (const [at, byte] of elf.entries()) if (byte !== 0) expect(byte).toBe(before[at]);
  expect(keepArchitecture(elf, B).containers).toBe(2); // still whole containers
});

test('a library without the architecture, or without device code, is left as it is', () => {
  const device = container([[MACHINE_CODE, A, 40]]);
  for (const [section, containers] of [
    ['.nv_fatbin', 1],
    ['.text', 0],
  ] as const) {
    const elf = library(section, device);
    const before = Buffer.from(elf);
    expect(keepArchitecture(elf, B)).toEqual({ containers, reduced: 0, cleared: 0 });
    expect(elf.equals(before)).toBe(true);
  }
});

test('what is no library, or a damaged one, is refused', () => {
  expect(() => keepArchitecture(Buffer.from('no library'), B)).toThrow('no ELF file');
  const device = container([[MACHINE_CODE, A, 40]]);
  device.writeBigUInt64LE(1n << 30n, 16 + 8);
  expect(() => keepArchitecture(library('.nv_fatbin', device), B)).toThrow('an entry of');
  const long = container([[MACHINE_CODE, A, 40]]);
  long.writeBigUInt64LE(1n << 30n, 8);
  expect(() => keepArchitecture(library('.nv_fatbin', long), B)).toThrow('beyond its section');
});

const { provider, missing } = providerFiles(findRuntimeLibrary(ortLib));
const why = missing.length > 0 ? ' (skipped: no CUDA provider of ONNX Runtime)' : '';
describe.skipIf(why !== '')(`the published provider${why}`, () => {
  test('nearly all of its containers have sm_90, and half of the file is cleared', () => {
    const library = readFileSync(provider);
    const { containers, reduced, cleared } = keepArchitecture(library, 90);
    expect(reduced).toBeGreaterThan(0.9 * containers);
    expect(cleared).toBeGreaterThan(0.3 * library.length);
    const again = Buffer.from(library);
    keepArchitecture(again, 90);
    expect(again.equals(library)).toBe(true);
  });
});
