/**
 * What a device can move and compute, by its maker's data sheet, or as measured.
 *
 * Bytes a second count what is read and what is written. Operations are multiplications and
 * additions one by one, dense (no sparsity): NVIDIA's H100 and H200 Tensor Core GPU data sheets list
 * 1,979 teraFLOPS of FP16 and 989 of TF32 with sparsity, which is half of that without.
 */

const HOPPER = {
  half: 989.4e12,
  /** Products inside attention: the same units. */
  attention: 989.4e12,
  tf32: 494.7e12,
  fp32: 67e12,
  fp64: 34e12,
  /** PCIe 5.0, 16 lanes, one direction. */
  host: 64e9,
};

export const DEVICES = {
  h100: { name: 'H100 SXM', memory: 3.35e12, ...HOPPER },
  h200: { name: 'H200 SXM', memory: 4.8e12, ...HOPPER },
};

/**
 * Rates of a device, with the copy that the kernel laboratory measured in place of the data sheet's
 * memory where there is one (`{kind: "ceilings", copy_gbs}` in its lines).
 *
 * @throws Error naming the devices there are.
 */
export function ratesOf(device, ceilings = null) {
  const rates = DEVICES[device];
  if (rates === undefined) {
    throw new Error(`no rates of ${device}: there are ${Object.keys(DEVICES).join(', ')}`);
  }
  if (ceilings === null) return { ...rates, memorySource: 'data sheet' };
  return { ...rates, memory: ceilings.copy_gbs * 1e9, memorySource: 'measured copy' };
}

/**
 * What kernels are taken to reach, as a model: memory by 85 % of a copy, products in 16 bits by 575 TFLOP/s,
 * flash attention by 280 TFLOP/s. Not measured by this project.
 */
export function modelledRates(device) {
  const copy = { h100: 3.0e12, h200: 4.3e12 }[device];
  return { ...DEVICES[device], memory: 0.85 * copy, half: 575e12, attention: 280e12 };
}

/** The key of DEVICES for a name as the driver gives it, or null. */
export function deviceKey(name) {
  if (/H200/.test(name)) return 'h200';
  return /H100/.test(name) && !/PCIe|NVL/.test(name) ? 'h100' : null;
}

/**
 * Least microseconds for a cost, and what sets them. Memory and arithmetic work side by side, so the
 * slower of the two counts; starting a kernel is not in it.
 */
export function floorOf({ bytes, operations, unit, over }, rates) {
  const moving = bytes / (over === 'host' ? rates.host : rates.memory);
  const computing = operations / rates[unit];
  return {
    microseconds: Math.max(moving, computing) * 1e6,
    bound: over === 'host' ? 'bus' : moving >= computing ? 'memory' : 'compute',
  };
}
