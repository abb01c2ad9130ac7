/**
 * GPUs of this machine, and the choice of `--device` among them.
 */

import { BpbError, usageError } from '../../errors.js';
import type { DriverDevice, NativeAddon } from '../addon.js';
import { requireAddon } from '../native-session.js';
import { deviceRangeError, driverError, noDeviceError, noDriverError } from './errors.js';

/** The driver's library, by the name that it has on every Linux; tests name another one. */
export function driverLibrary(): string {
  return process.env['BPB_CUDA_DRIVER'] || 'libcuda.so.1';
}

/** The GPUs in the driver's order. @throws BpbError (environment) where there is none to use. */
function listGpus(addon: NativeAddon): DriverDevice[] {
  const driver = addon.driver(driverLibrary());
  if ('reason' in driver) {
    throw driver.code === 'BPB_CUDA_LIBRARY'
      ? noDriverError(driver.reason)
      : driverError(driver.reason);
  }
  if (driver.devices.length === 0) throw noDeviceError();
  return driver.devices;
}

/** `cpu`, or indexes of GPUs in the order given. */
type DeviceList = 'cpu' | readonly number[];

/** Reads `cpu` or `cuda:0,cuda:1`. @throws BpbError (usage) */
export function parseDevices(text: string): DeviceList {
  if (text === 'cpu') return 'cpu';
  const indexes = text.split(',').map((part) => /^cuda:(\d{1,4})$/.exec(part)?.[1]);
  const known = indexes.filter((index) => index !== undefined).map(Number);
  if (known.length === indexes.length && new Set(known).size === known.length) return known;
  throw usageError('BPB_DEVICE', {
    message: '--device names no devices.',
    path: '--device',
    expected: 'cpu, or GPUs such as cuda:0 or cuda:0,cuda:1, each once',
    actual: text,
  });
}

/** GPUs to use, by index, and the name that they share. */
export interface ChosenGpus {
  readonly indexes: readonly number[];
  readonly name: string;
}

/**
 * The GPUs of `--device`, or the first one.
 *
 * @throws BpbError (usage) for a device that is not there or devices of different models, as
 * their bits differ and a result names one device; (environment) where none can be used.
 */
export function chooseGpus(indexes: readonly number[]): ChosenGpus {
  const gpus = listGpus(requireAddon('onnx-cuda'));
  for (const index of indexes) {
    if (index >= gpus.length) throw deviceRangeError(index, gpus.length);
  }
  const names = new Set(indexes.map((index) => gpus[index]!.name));
  if (names.size > 1) {
    throw usageError('BPB_DEVICE', {
      message: '--device names GPUs of different models.',
      path: '--device',
      expected: 'GPUs of one model: their bits differ, and batches go to whichever is free',
      actual: [...names].join(', '),
    });
  }
  return { indexes, name: gpus[indexes[0]!]!.name };
}

/** As `chooseGpus`, or null where this machine has no usable GPU. */
export function findGpus(indexes: readonly number[]): ChosenGpus | null {
  try {
    return chooseGpus(indexes);
  } catch (error) {
    if (error instanceof BpbError && error.kind === 'environment') return null;
    throw error;
  }
}
