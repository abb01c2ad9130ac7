/**
 * Findings on the CPU: what any score needs.
 */

import { arch, cpus, platform } from 'node:os';
import { loadAddon } from '../engine/addon.js';
import { findRuntimeLibrary, runtimePackageVersion } from '../engine/library.js';
import { BpbError } from '../errors.js';
import { BUILD_NATIVE, INSTALL_PACKAGES } from '../package-scripts.js';
import type { Finding } from './types.js';

const BUILD = `${BUILD_NATIVE} (CMake and a C++ compiler)`;

export function examineCpu(ortLib: string | undefined): Finding[] {
  return [node(), cpu(), packageFinding(), addon(), runtime(ortLib)];
}

function node(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const found = major! > 20 || (major === 20 && minor! >= 19);
  const detail = `${process.versions.node} on ${platform()}-${arch()}`;
  return {
    name: 'Node',
    for: 'cpu',
    found,
    detail,
    hint: found ? null : 'Install Node 20.19, 22.12 or 24.',
  };
}

function cpu(): Finding {
  const native = loadAddon();
  const sets = 'addon' in native ? native.addon.instructionSets().join(', ') : 'not known';
  const detail = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} threads; scorer: ${sets}`;
  return { name: 'CPU', for: 'cpu', found: true, detail, hint: null };
}

function packageFinding(): Finding {
  try {
    const detail = runtimePackageVersion();
    return { name: 'onnxruntime-node', for: 'cpu', found: true, detail, hint: null };
  } catch {
    const detail = 'not installed';
    return { name: 'onnxruntime-node', for: 'cpu', found: false, detail, hint: INSTALL_PACKAGES };
  }
}

function addon(): Finding {
  const native = loadAddon();
  const found = 'addon' in native;
  const detail = found ? 'native/build/Release/bpb.node' : native.reason;
  return { name: 'native addon', for: 'cpu', found, detail, hint: found ? null : BUILD };
}

function runtime(directory: string | undefined): Finding {
  const name = 'libonnxruntime';
  try {
    const path = findRuntimeLibrary(directory);
    const native = loadAddon();
    const version = 'addon' in native ? `${native.addon.runtimeVersion(path)} at ` : '';
    return { name, for: 'cpu', found: true, detail: `${version}${path}`, hint: null };
  } catch (error) {
    const known = error instanceof BpbError;
    const detail = known ? (error.actual ?? error.message) : (error as Error).message;
    return {
      name,
      for: 'cpu',
      found: false,
      detail,
      hint: known ? (error.hint ?? null) : INSTALL_PACKAGES,
    };
  }
}
