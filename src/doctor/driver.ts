/**
 * Findings on the NVIDIA driver and its GPUs.
 */

import { readFileSync } from 'node:fs';
import type { NativeAddon } from '../engine/addon.js';
import { driverLibrary } from '../engine/cuda/devices.js';
import type { Finding, Gpu } from './types.js';

const INSTALL = 'Install the NVIDIA driver (nvidia-smi must work).';

/** `13.0` for the driver's 13000. */
function cudaVersion(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}

export function examineDriver(addon: NativeAddon): { findings: Finding[]; gpus: Gpu[] } {
  const driver = addon.driver(driverLibrary());
  if ('reason' in driver) {
    const none = driver.code === 'BPB_CUDA_LIBRARY';
    const detail = none ? 'none (libcuda.so.1)' : driver.reason;
    const hint = none
      ? INSTALL
      : 'See that nvidia-smi works; a driver that was updated needs a restart.';
    return {
      findings: [{ name: 'NVIDIA driver', for: 'gpu', found: false, detail, hint }],
      gpus: [],
    };
  }
  const gpus = driver.devices.map((device, index) => ({
    device: `cuda:${index}`,
    name: device.name,
    compute_capability: device.computeCapability,
    memory_bytes: device.memoryBytes,
  }));
  const detail = `${kernelModule()}CUDA up to ${cudaVersion(driver.version)}`;
  const found: Finding = { name: 'NVIDIA driver', for: 'gpu', found: true, detail, hint: null };
  return { findings: [found, ...gpuFindings(gpus)], gpus };
}

function gpuFindings(gpus: readonly Gpu[]): Finding[] {
  if (gpus.length === 0) {
    const hint = 'See nvidia-smi -L and CUDA_VISIBLE_DEVICES.';
    return [{ name: 'GPU', for: 'gpu', found: false, detail: 'the driver sees none', hint }];
  }
  return gpus.map((gpu) => ({
    name: `GPU ${gpu.device}`,
    for: 'gpu',
    found: true,
    detail: `${gpu.name}, ${(gpu.memory_bytes / 2 ** 30).toFixed(1)} GiB, compute capability ${gpu.compute_capability}`,
    hint: null,
  }));
}

/** `580.65.06, ` by the kernel module's own account, or nothing. */
function kernelModule(): string {
  try {
    const text = readFileSync('/proc/driver/nvidia/version', 'utf8');
    const version = /Kernel Module\D*?([\d.]+)/.exec(text)?.[1];
    return version === undefined ? '' : `${version}, `;
  } catch {
    return '';
  }
}
