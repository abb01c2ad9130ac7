/**
 * Error reports: three lines for the terminal, the document `bpb-error/1` for programs.
 */
import { BpbError } from '../errors.js';
import { colors, printable } from './format.js';
import type { Medium } from './reporter.js';

/** Anything thrown as a BpbError: anything else is a bug of the harness (exit 70). */
export function asBpbError(error: unknown): BpbError {
  if (error instanceof BpbError) return error;
  return new BpbError({
    kind: 'internal',
    code: 'BPB_BUG',
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    hint: 'this is a bug of bpb-harness; run again with BPB_DEBUG=1 and report what it prints',
    cause: error,
  });
}

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
  return JSON.stringify({
    schema: 'bpb-error/1',
    error: { ...error.toJSON(), exit: error.exitCode },
  });
}
