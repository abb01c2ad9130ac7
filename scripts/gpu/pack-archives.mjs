/** Archives of folders, in files of a limited size, with a list of their sums. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** The better packer that is installed here: `xz`, or gzip, whose archives are about a fifth larger. */
export function packer() {
  return spawnSync('xz', ['--version']).status === 0 ? 'xz' : 'gz';
}

/** One archive of what is in `folder`; `level` as the packer has them. */
export async function pack(folder, file, kind, level) {
  const tar = spawn('tar', ['-c', '--sort=name', '--owner=0', '--group=0', '-C', folder, '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = [tar];
  let stream = tar.stdout;
  if (kind === 'xz') {
    const xz = spawn('xz', [`-${level}`, `-T${availableParallelism()}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    tar.stdout.pipe(xz.stdin);
    ended.push(xz);
    stream = xz.stdout;
  } else {
    stream = tar.stdout.pipe(createGzip({ level: Number(level) }));
  }
  const codes = ended.map((child) => new Promise((resolve) => child.on('close', resolve)));
  await pipeline(stream, createWriteStream(file));
  for (const code of await Promise.all(codes)) {
    if (code !== 0) throw new Error(`packing ${file}: exit ${code}`);
  }
}

/** Copies `file` into pieces of at most `bytes`, named by `name(0)`, `name(1)` …; returns the names. */
export async function cut(file, bytes, folder, name) {
  const source = await open(file);
  const { size } = await source.stat();
  const names = [];
  for (let start = 0; start < size; start += bytes) {
    names.push(name(names.length));
    const end = Math.min(start + bytes, size) - 1;
    const part = source.createReadStream({ start, end, autoClose: false });
    await pipeline(part, createWriteStream(join(folder, names.at(-1))));
  }
  await source.close();
  return names;
}

/** A line of the list that `sha256sum` reads. */
export async function sumLine(folder, name) {
  const sum = createHash('sha256');
  await pipeline(createReadStream(join(folder, name)), sum);
  return `${sum.digest('hex')}  ${name}\n`;
}
