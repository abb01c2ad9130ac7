/**
 * Error reports: three lines for the terminal, the document `bpb-error/1` for programs.
 */
import { type BpbError, errorDocument } from '../errors.js';
import { colors, printable } from './format.js';
import type { Medium } from './reporter.js';

/** What is wrong and where; expected and found; the way out. */
export function errorLines(error: BpbError, medium: Medium = process.stderr): string {
  const paint = colors(medium);
  const where = error.path === undefined ? '' : `${printable(error.path)}: `;
  const lines = [`${paint.red('error')} ${where}${printable(error.message)}`];
  const facts = [
    error.expected === undefined ? null : `expected ${printable(error.expected)}`,
    error.actual === undefined ? null : `found ${printable(error.actual)}`,
  ].filter((fact) => fact !== null);
  if (facts.length > 0) lines.push(`      ${facts.join('; ')}`);
  if (error.hint !== undefined) lines.push(`      ${paint.dim('→')} ${printable(error.hint)}`);
  lines.push(`      ${paint.dim(`${error.code}, exit ${error.exitCode}`)}`);
  if (process.env['BPB_DEBUG'] && error.cause instanceof Error)
    lines.push(String(error.cause.stack));
  return lines.join('\n');
}

export function errorJson(error: BpbError): string {
  return JSON.stringify(errorDocument(error));
}
