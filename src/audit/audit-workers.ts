/**
 * The number of threads for the documents of an audit.
 */
import { availableParallelism } from 'node:os';
import type { AuditOptions } from '../evaluation/audit-options.js';

/** Below this many bytes the threads take longer to start than the work does. */
const SMALL_INPUT = 2 << 20;
const MAX_WORKERS = 8;

export function auditWorkers(options: AuditOptions, inputBytes: number): number {
  if (options.workers !== undefined) return options.workers;
  return inputBytes < SMALL_INPUT ? 0 : Math.min(MAX_WORKERS, availableParallelism());
}
