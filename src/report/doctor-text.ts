/**
 * Terminal report of `bpb doctor`: what was found, what is missing, and what to do about it.
 */
import type { DoctorReport, Finding } from '../doctor/types.js';
import { colors, printable } from './format.js';
import type { Medium } from './reporter.js';
import { HANG } from './wrap.js';

const SECTIONS = [
  ['cpu', 'Scoring on the CPU'],
  ['gpu', 'Scoring on a GPU'],
  ['build', 'Building the parts for a GPU'],
] as const;

export function doctorText(report: DoctorReport, medium: Medium): string {
  const paint = colors(medium);
  const width = Math.max(...report.findings.map(({ name }) => name.length));
  const line = ({ name, found, detail, hint }: Finding): string[] => {
    const mark = found ? paint.green('found  ') : paint.yellow('missing');
    const first = `  ${mark}  ${name.padEnd(width)}  ${HANG}${printable(detail)}`;
    return hint === null ? [first] : [first, `  ${''.padEnd(7)}  ${''.padEnd(width)}  → ${hint}`];
  };
  const body = SECTIONS.flatMap(([key, title]) => {
    const own = report.findings.filter((finding) => finding.for === key);
    return own.length === 0 ? [] : ['', paint.bold(title), ...own.flatMap(line)];
  });
  return [...body, '', doctorVerdict(report), ''].join('\n');
}

/** One sentence: which engines can score on this machine. */
export function doctorVerdict({ cpu, gpu, gpu_lacks, gpus }: DoctorReport): string {
  if (!cpu) return 'No engine can score here.';
  const missing = gpu_lacks.map((what) => ` Not on the GPU: ${what}.`).join('');
  if (gpu) return `The CPU and the GPU engines can score here.${missing}`;
  if (gpus.length === 0) return 'The CPU engines can score here. There is no GPU to use.';
  return 'The CPU engines can score here. There is a GPU, but something for it is missing.';
}
