/**
 * The doctor on this machine, on one without a driver, and on one with stand-ins for GPUs.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DoctorReport } from '#bpb/doctor/types';
import { doctorText } from '#bpb/report/doctor-text';
import { bpb, bpbIn } from '../helpers/command.js';
import { fakeGpu, noFakeGpu } from '../helpers/fake-gpu.js';

async function doctor(args: readonly string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await bpbIn(env, ['doctor', '--json', ...args]);
  expect(stderr).toBe('');
  return { code, report: JSON.parse(stdout) as DoctorReport };
}

const finding = (report: DoctorReport, name: string) =>
  report.findings.find((candidate) => candidate.name === name);

const noDriver = { BPB_CUDA_DRIVER: '/nowhere/libcuda.so.1' };

test('without a driver the CPU engines score: exit 0, each missing thing with its remedy', async () => {
  const { code, report } = await doctor([], noDriver);
  expect(code).toBe(0);
  expect(report).toMatchObject({ schema: 'bpb-doctor/1', cpu: true, gpu: false, gpus: [] });
  expect(finding(report, 'onnxruntime-node')).toMatchObject({ found: true });
  expect(finding(report, 'NVIDIA driver')).toMatchObject({
    found: false,
    for: 'gpu',
    mend: expect.stringMatching(/driver/),
  });
  for (const { found, hint, mend } of report.findings) {
    expect(hint === null).toBe(found);
    expect(mend).toBe(hint);
  }
});

test('--require cuda is exit 4 there', async () => {
  expect((await doctor(['--require', 'cuda'], noDriver)).code).toBe(4);
  const { code } = await bpb('doctor', '--require', 'tpu');
  expect(code).toBe(2);
});

test('a runtime that is not there is a finding, not a failure', async () => {
  const { code, report } = await doctor(['--ort-lib', '/nowhere'], noDriver);
  expect(code).toBe(0);
  expect(finding(report, 'libonnxruntime')).toMatchObject({ found: false });
});

test('for people: sections, found and missing, the verdict last', async () => {
  const { stdout } = await bpbIn(noDriver, ['doctor']);
  expect(stdout).toMatch(/Scoring on the CPU\n.*found {4}Node/);
  expect(stdout).toMatch(/missing {2}NVIDIA driver .*\n.*→ Install the NVIDIA driver/);
  expect(stdout.trim()).toMatch(/There is no GPU to use\.$/);
});

describe.skipIf(noFakeGpu !== '')(`with stand-ins${noFakeGpu && ` (${noFakeGpu})`}`, () => {
  test('two GPUs and all they need', async () => {
    const gpu = fakeGpu();
    const env = { ...gpu.env, FAKE_GPU_DEVICES: '2' };
    const args = ['--ort-lib', gpu.runtime, '--require', 'cuda'];
    const { code, report } = await doctor(args, env);
    expect(code).toBe(0);
    expect(report).toMatchObject({ cpu: true, gpu: true });
    expect(report.gpus).toEqual(
      [0, 1].map((index) => ({
        device: `cuda:${index}`,
        name: 'Fake GPU',
        compute_capability: '9.0',
        memory_bytes: 2 ** 34,
      })),
    );
    expect(finding(report, 'NVIDIA driver')?.detail).toMatch(/CUDA up to 13\.0/);
    expect(finding(report, 'provider loads, classic form')).toMatchObject({ found: true });
    expect(finding(report, 'provider loads, plugin form')).toMatchObject({ found: true });
    // Both really scored.
    for (const device of ['cuda:0', 'cuda:1']) {
      expect(finding(report, `a score on ${device}`)).toMatchObject({ found: true });
    }
    const scored = readFileSync(gpu.log, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('score'));
    expect(scored).toEqual(['score 8 on 0', 'score 8 on 1']);
  });

  test.each([
    ['BPB_CUDA_RUN', /not supported in the installed CUDA driver/, /Update the NVIDIA driver/],
    ['BPB_CUDA_DRIVER', /it says: asking the device/, /Update the NVIDIA driver/],
    ['BPB_CUDA_DEVICE', /no kernel image/, /native\/build\.mjs/],
    ['BPB_CUDA_MEMORY', /it says: /, /./],
  ])('a scorer that cannot take a GPU (%s) is missing: exit 4', async (code, detail, mend) => {
    const gpu = fakeGpu();
    const env = { ...gpu.env, FAKE_GPU_SCORER_REFUSES: code };
    const args = ['--ort-lib', gpu.runtime, '--require', 'cuda'];
    const one = await doctor(args, env);
    expect(one.code).toBe(4);
    expect(one.report.gpu).toBe(false);
    const found = finding(one.report, 'scorer library')!;
    expect(found).toMatchObject({ found: false });
    expect(found.detail).toMatch(detail);
    expect(found.mend).toMatch(mend);
    // Nothing was tried that could not work, and the verdict does not promise it.
    expect(finding(one.report, 'a score on cuda:0')).toBeUndefined();
    expect(doctorText(one.report, {}).trim()).toMatch(/something for it is missing\.$/);
  });

  test('where it is the driver that does not work, its finding counts and not the scorer’s', async () => {
    const gpu = fakeGpu();
    const refuses = { ...gpu.env, FAKE_GPU_INIT: '999', FAKE_GPU_DEVICES: '0' };
    const { code, report } = await doctor(['--ort-lib', gpu.runtime, '--require', 'cuda'], refuses);
    expect(code).toBe(4);
    expect(finding(report, 'NVIDIA driver')).toMatchObject({ found: false });
    expect(finding(report, 'scorer library')).toMatchObject({ found: true, mend: null });
  });

  test('a score that fails on one GPU: exit 4, with the reason', async () => {
    const gpu = fakeGpu();
    const env = { ...gpu.env, FAKE_GPU_DEVICES: '2', FAKE_GPU_LOST_AT: '0' };
    const args = ['--ort-lib', gpu.runtime, '--require', 'cuda'];
    const { code, report } = await doctor(args, env);
    expect(code).toBe(4);
    const failed = report.findings.filter(({ name, found }) => /^a score/.test(name) && !found);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed[0]!.detail).toMatch(/unspecified launch failure.*BPB_CUDA_LOST/);
    for (const { found, mend } of report.findings) expect(mend === null).toBe(found);
  });

  test('the plugin form is not missing where the classic one loads', async () => {
    const gpu = fakeGpu();
    const env = { ...gpu.env, FAKE_GPU_PLUGIN_FAILS: '1' };
    const { code, report } = await doctor(['--ort-lib', gpu.runtime, '--require', 'cuda'], env);
    expect(code).toBe(0);
    expect(finding(report, 'provider loads, classic form')).toMatchObject({ found: true });
    expect(finding(report, 'provider loads, plugin form')).toBeUndefined();
  });

  test('without cuDNN it can score, and it says what it cannot', async () => {
    const gpu = fakeGpu();
    const args = ['--ort-lib', gpu.runtime];
    const { report } = await doctor(args, gpu.env);
    const cudnn = finding(report, 'libcudnn.so.9')!;
    expect(report.gpu).toBe(true);
    // As this machine has it or not.
    expect(report.gpu_lacks).toEqual(cudnn.found ? [] : [expect.stringMatching(/ReduceMean/)]);
    if (!cudnn.found) expect(cudnn.detail).toMatch(/needed for ReduceMean and MultiHeadAttention/);
    const last = cudnn.found
      ? /can score here\.$/
      : /can score here\. Not on the GPU: ReduceMean and MultiHeadAttention\.$/;
    expect(doctorText(report, {}).trim()).toMatch(last);
  });

  test('a provider that lacks a library names it; one that crashes is a finding', async () => {
    const gpu = fakeGpu();
    const lacking =
      'with error: libcudnn.so.9: cannot open shared object file: No such file or directory';
    const env = { ...gpu.env, FAKE_GPU_PROVIDER_FAILS: lacking };
    const one = await doctor(['--ort-lib', gpu.runtime], env);
    expect(finding(one.report, 'provider loads, classic form')).toMatchObject({
      found: false,
      detail: 'lacks libcudnn.so.9',
      mend: expect.stringMatching(/cuDNN/),
    });
    const crash = await doctor(['--ort-lib', gpu.runtime], {
      ...gpu.env,
      FAKE_GPU_PROVIDER_FAILS: 'abort',
    });
    expect(finding(crash.report, 'provider loads, classic form')?.detail).toMatch(/SIGABRT/);
  });
});
