/**
 * `bpb doctor`: what scoring needs, what of it this machine has, and what provides the rest.
 */
import { loadAddon } from '../engine/addon.js';
import { findRuntimeLibrary } from '../engine/library.js';
import { checkOptionTypes, type OptionChecks, option } from '../option-check.js';
import { harnessVersion } from '../version.js';
import { examineCpu } from './cpu.js';
import { examineDriver } from './driver.js';
import { examineCompiler, examineProvider, examineScorer } from './libraries.js';
import { examineScore } from './trial.js';
import type { DoctorReport, Finding, Gpu } from './types.js';

export interface DoctorOptions {
  /** Folder of another libonnxruntime (`--ort-lib`). */
  ortLib?: string | undefined;
}

const DOCTOR_CHECKS: OptionChecks<DoctorOptions> = { ortLib: option.text };

/**
 * Says what scoring needs and what of it this machine has. Changes nothing; what cannot be examined is
 * a finding, never an exception. Where a GPU has all that it needs, a batch of a tiny model is scored
 * on it.
 *
 * @example
 * ```ts
 * import { doctor } from 'bpb-harness';
 *
 * const report = doctor();
 * console.log(report.cpu, report.gpu, report.findings.filter(({ found }) => !found));
 * ```
 */
export function doctor(options: DoctorOptions = {}): DoctorReport {
  checkOptionTypes('doctor', DOCTOR_CHECKS, options);
  const cpu = examineCpu(options.ortLib);
  const { findings, gpus } = examineGpu(options.ortLib);
  const all = [...cpu, ...findings];
  const has = (name: string) => all.some((finding) => finding.name === name && finding.found);
  const provider = ['classic', 'plugin'].some((form) => has(`provider loads, ${form} form`));
  const ready = gpus.length > 0 && has('native addon') && has('scorer library') && provider;
  const scores = ready ? examineScore(gpus, options.ortLib) : [];
  all.push(...scores);
  const gpu = ready && scores.every(({ found }) => found);
  const lacks = all.flatMap((finding) => finding.lacks ?? []);
  return {
    schema: 'bpb-doctor/1',
    harness: harnessVersion(),
    // The onnx-js engine needs no more than this.
    cpu: has('Node') && has('onnxruntime-node'),
    gpu,
    gpu_lacks: gpu ? lacks : [],
    gpus,
    findings: all.map((finding) => ({ ...finding, mend: finding.hint })),
  };
}

function examineGpu(ortLib: string | undefined): { findings: Finding[]; gpus: Gpu[] } {
  const native = loadAddon();
  // The addon's own finding says so already.
  if ('reason' in native) return { findings: [examineCompiler()], gpus: [] };
  const { addon } = native;
  const { findings, gpus } = examineDriver(addon);
  const provider = runtimeOf(ortLib);
  return {
    findings: [
      ...findings,
      examineScorer(addon, gpus.length > 0),
      examineCompiler(),
      ...(provider === null ? [] : examineProvider(addon, provider)),
    ],
    gpus,
  };
}

function runtimeOf(ortLib: string | undefined): string | null {
  try {
    return findRuntimeLibrary(ortLib);
  } catch {
    return null; // a finding of its own
  }
}
