/**
 * Getting the provider out of a wheel: a made-up one, and all that is refused.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cudaMajor, readElf } from '#bpb/doctor/elf';
import { installWheel } from '#bpb/doctor/wheel';
import { providerVersion } from '#bpb/engine/cuda/provider-files';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';
import { writeZip, type ZipFile } from '../helpers/zip.js';

/** A real shared library, for want of a provider of this size. */
const LIBRARY = fileURLToPath(new URL('../../native/build/Release/bpb.node', import.meta.url));
const noElf = process.platform === 'linux' && existsSync(LIBRARY) ? '' : ' (no ELF library here)';

const VERSION = '1.30.0';
const CUDA = 'onnxruntime/capi/libonnxruntime_providers_cuda.so';
const SHARED = 'onnxruntime/capi/libonnxruntime_providers_shared.so';

const metadata = (name = 'onnxruntime-gpu', version = VERSION): ZipFile => ({
  name: 'onnxruntime_gpu-1.30.0.dist-info/METADATA',
  data: `Metadata-Version: 2.4\nName: ${name}\nVersion: ${version}\n\nVersion: 9.9.9 is text\n`,
});

function wheelOf(files: readonly ZipFile[], comment = '') {
  const folder = temporaryFolder();
  const path = join(folder, 'made-up.whl');
  writeZip(path, files, comment);
  const place = join(folder, 'lib');
  mkdirSync(place);
  const runtime = join(place, 'libonnxruntime.so.1');
  writeFileSync(runtime, '');
  return { path, runtime, place };
}

describe.skipIf(noElf !== '')(`a library${noElf}`, () => {
  const library = noElf === '' ? readFileSync(LIBRARY) : Buffer.alloc(0);
  const files = [metadata(), { name: CUDA, data: library }, { name: SHARED, data: 'shared' }];

  test('says what it needs, of which machine it is, and which names it has', () => {
    const elf = readElf(LIBRARY);
    expect(elf.needed).toContain('libc.so.6');
    expect(elf.machine).toBe({ x64: 62, arm64: 183 }[process.arch as string]);
    expect(elf.names('dlopen')).toBe(true);
    expect(elf.names('CreateEpFactories')).toBe(false);
  });

  test.each([
    ['text', Buffer.from('x'.repeat(200))],
    ['nothing', Buffer.alloc(0)],
    ['a header and no more', library.subarray(0, 64)],
    ['half of it', library.subarray(0, 4096)],
    ['32 bits', Buffer.concat([library.subarray(0, 4), Buffer.of(1), library.subarray(5)])],
  ])('that is %s is refused', async (_, bytes) => {
    const path = join(temporaryFolder(), 'x.so');
    writeFileSync(path, bytes);
    expect(await refusalOf(() => readElf(path))).toMatchObject({
      code: 'BPB_NOT_A_LIBRARY',
      path,
      exitCode: 3,
    });
  });

  test('from a wheel is put beside the runtime, with a receipt', async () => {
    const { path, runtime, place } = wheelOf(files, 'a comment at the end');
    const installed = await installWheel(path, runtime, VERSION);
    expect(installed).toMatchObject({ folder: place, version: VERSION, cuda: null });
    const provider = join(place, 'libonnxruntime_providers_cuda.so');
    expect(readFileSync(provider).equals(library)).toBe(true);
    expect(readFileSync(join(place, 'libonnxruntime_providers_shared.so'), 'utf8')).toBe('shared');
    expect(JSON.parse(readFileSync(join(place, 'bpb-provider.json'), 'utf8'))).toEqual({
      version: VERSION,
      source: 'made-up.whl',
      bytes: library.length,
      sha256: createHash('sha256').update(library).digest('hex'),
    });
    expect(providerVersion(provider, '1.31.0')).toBe(VERSION);
    // A file that is not the receipt's is not believed.
    writeFileSync(provider, 'something else');
    expect(providerVersion(provider, '1.31.0')).toBeNull();
  });

  const other = Buffer.from(library);
  if (noElf === '') other.writeUInt16LE(8, 18); // MIPS
  test.each<[string, ZipFile[], RegExp]>([
    ['another version', [metadata('onnxruntime-gpu', '1.29.1'), ...files.slice(1)], /1\.29\.1/],
    ['another package', [metadata('onnxruntime'), ...files.slice(1)], /onnxruntime 1\.30\.0/],
    ['no metadata', files.slice(1), /none/],
    ['no provider', [files[0]!, files[2]!], /none/],
    ['no shared library', files.slice(0, 2), /none/],
    ['a provider for another machine', [files[0]!, { name: CUDA, data: other }, files[2]!], /8/],
    ['a provider that is text', [files[0]!, { name: CUDA, data: 'x' }, files[2]!], /1 bytes/],
    ['a wrong sum', [files[0]!, { ...files[1]!, crc: 1 }, files[2]!], /damaged/],
    ['a wrong length', [files[0]!, { ...files[1]!, bytes: 7 }, files[2]!], /longer/],
    ['another compression', [files[0]!, { ...files[1]!, method: 12 }, files[2]!], /method 12/],
    [
      'stored as deflated',
      [files[0]!, { ...files[2]!, name: CUDA, stored: true, method: 8 }, files[2]!],
      /cuda/,
    ],
  ])('from a wheel with %s is refused, and nothing is left behind', async (_, list, actual) => {
    const { path, runtime, place } = wheelOf(list);
    const refusal = await refusalOf(() => installWheel(path, runtime, VERSION));
    expect(refusal).toMatchObject({ kind: 'input' });
    expect(refusal.actual).toMatch(actual);
    expect(readdirSync(place)).toEqual(['libonnxruntime.so.1']);
  });

  test('a wheel cut short or no archive at all is refused', async () => {
    const { path, runtime } = wheelOf(files);
    const whole = readFileSync(path);
    for (const bytes of [whole.subarray(0, whole.length / 2), Buffer.alloc(0), Buffer.alloc(99)]) {
      writeFileSync(path, bytes);
      const refusal = await refusalOf(() => installWheel(path, runtime, VERSION));
      expect(refusal).toMatchObject({ code: 'BPB_ZIP', path });
    }
  });

  test('what was there stays where the new one is refused', async () => {
    const { path, runtime, place } = wheelOf([files[0]!, { ...files[1]!, crc: 1 }, files[2]!]);
    const provider = join(place, 'libonnxruntime_providers_cuda.so');
    writeFileSync(provider, 'before');
    await refusalOf(() => installWheel(path, runtime, VERSION));
    expect(readFileSync(provider, 'utf8')).toBe('before');
  });
});

test.each([
  [['libcublasLt.so.13', 'libcudart.so.13'], 13],
  [['libcudart.so.12', 'libc.so.6'], 12],
  [['libcuda.so.1', 'libcurand.so.10'], null],
] as const)('the CUDA version of %j', (needed, major) => expect(cudaMajor(needed)).toBe(major));
