/** References of initializers to files that are not the artifact's own: refused. */
import { spawnSync } from 'node:child_process';
import { linkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { temporaryFolder } from '../helpers/folder.js';
import { refusalOf } from '../helpers/refusal.js';

import {
  apart,
  at,
  DATA,
  folderOf,
  inside,
  load,
  manifestFolder,
  range,
  refersTo,
  refused,
  SIZE,
} from './apart.js';

describe('a location that is no path below the model', () => {
  test.each<[string, string, RegExp]>([
    ['upwards', '../model.onnx.data', /leads upwards/],
    ['upwards and down again', 'sub/../../artifact/model.onnx.data', /leads upwards/],
    ['upwards in the middle, and back', `sub/../${DATA}`, /leads upwards/],
    ['only upwards', '..', /leads upwards/],
    ['upwards with backslashes', '..\\secret', /backslash/],
    ['with a backslash', 'sub\\data', /backslash/],
    ['absolute', '/etc/passwd', /absolute/],
    ['absolute, of the kernel', '/proc/self/mem', /absolute/],
    ['absolute, endless', '/dev/zero', /absolute/],
    ['absolute, with two slashes', '//etc/passwd', /absolute/],
    ['a drive', 'C:\\secret', /backslash/],
    ['a drive with slashes', 'C:/secret', /drive/],
    ['a drive without a slash', 'c:secret', /drive/],
    ['a network path', '\\\\server\\share', /backslash/],
    ['empty', '', /empty/],
    ['a NUL at its end', `${DATA}\0`, /NUL/],
    ['a NUL within', `a\0/../../${DATA}`, /NUL/],
    ['the directory itself', '.', /directory/],
    ['a directory', 'sub/', /directory/],
    ['an existing directory', 'sub', /directory/],
    ['a file as a directory', `${DATA}/x`, /no directory/],
    ['nothing there', 'elsewhere.data', /no such file/],
    ['a URL', 'file:///etc/passwd', /a URL/],
    ['a URL of the network', 'HTTPS://example.com/data', /a URL/],
    ['an address in memory', '*/_ORT_MEM_ADDR_/*', /an address in memory/],
    ['an address in memory, of a folder', 'sub/_ORT_MEM_ADDR_/x', /an address in memory/],
    ['longer than a name can be', 'x'.repeat(300), /ENAMETOOLONG/],
  ])('%s', async (_, location, actual) => {
    const files = { [DATA]: apart.data, 'sub/x': apart.data };
    await refused(folderOf(refersTo(at(location)), files), actual);
  });

  test('an escape in the name does not reach the terminal', async () => {
    const error = await refusalOf(() => load(folderOf(refersTo(at('\u001b[2J\nx')))));
    expect(`${error.message}${error.actual}`).toContain('\\u001b[2J\\nx');
  });
});

describe('a file that is not the artifact’s own', () => {
  const outside = () => {
    const path = join(temporaryFolder(), 'secret');
    writeFileSync(path, apart.data);
    return path;
  };

  test('a link to a file outside', async () => {
    const folder = folderOf(apart.model);
    symlinkSync(outside(), join(folder, DATA));
    await refused(folder, /a link/);
  });

  test('a link to a file inside', async () => {
    const folder = folderOf(apart.model, { real: apart.data });
    symlinkSync('real', join(folder, DATA));
    await refused(folder, /a link/);
  });

  test('a link that leads nowhere', async () => {
    const folder = folderOf(apart.model);
    symlinkSync('nowhere', join(folder, DATA));
    await refused(folder, /a link/);
  });

  test('a directory that is a link', async () => {
    const folder = folderOf(refersTo(at('sub/data')), { 'real/data': apart.data });
    symlinkSync('real', join(folder, 'sub'));
    await refused(folder, /through the link sub/);
  });

  test('a second name of a file outside', async () => {
    const folder = folderOf(apart.model);
    linkSync(outside(), join(folder, DATA));
    await refused(folder, /2 hard links/);
  });

  test('a FIFO, which nobody writes to', async () => {
    const folder = folderOf(apart.model);
    if (spawnSync('mkfifo', [join(folder, DATA)]).status !== 0) return;
    await refused(folder, /FIFO/);
  });

  test.runIf(process.getuid?.() === 0)('a device', async () => {
    const folder = folderOf(apart.model);
    if (spawnSync('mknod', [join(folder, DATA), 'c', '1', '5']).status !== 0) return;
    await refused(folder, /device/);
  });

  test('a link to a compressed file', async () => {
    const folder = folderOf(apart.model, { real: gzipSync(apart.data) });
    symlinkSync('real', join(folder, `${DATA}.gz`));
    await refused(folder, /a link/);
  });

  test('a manifest whose model is behind a link that leads out and back', async () => {
    const folder = manifestFolder({ 'model.onnx': inside }, ['model.onnx'], 'way/model.onnx');
    const away = temporaryFolder();
    writeFileSync(join(folder, 'within.onnx'), apart.model);
    symlinkSync(join(folder, 'within.onnx'), join(away, 'model.onnx'));
    writeFileSync(join(away, DATA), apart.data);
    symlinkSync(away, join(folder, 'way'));
    const error = await refusalOf(() => loadArtifact(folder));
    expect(error.code).toBe('BPB_MODEL_EXTERNAL_DATA');
    expect(error.message).toMatch(/outside the artifact/);
  });
});

test('the model itself', async () => {
  await refused(folderOf(refersTo(range('model.onnx', 0, SIZE))), /the model itself/);
});
