/** Writes small zip archives, whole or with one thing wrong. */
import { writeFileSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipFile {
  readonly name: string;
  readonly data: Uint8Array | string;
  readonly stored?: boolean;
  /** Overrides, to lie in the directory. */
  readonly crc?: number;
  readonly bytes?: number;
  readonly method?: number;
}

export function writeZip(path: string, files: readonly ZipFile[], comment = ''): void {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, stored = false, ...lies } of files) {
    const content = Buffer.from(data as string);
    const packed = stored ? content : deflateRawSync(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(4, 28); // an extra field, as real archives have
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(lies.method ?? (stored ? 0 : 8), 10);
    central.writeUInt32LE(lies.crc ?? crc32(content), 16);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(lies.bytes ?? content.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    const body = [local, Buffer.from(name), Buffer.alloc(4), packed];
    parts.push(...body);
    directory.push(central, Buffer.from(name));
    offset += body.reduce((sum, part) => sum + part.length, 0);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, part) => sum + part.length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  writeFileSync(path, Buffer.concat([...parts, ...directory, end, Buffer.from(comment)]));
}
