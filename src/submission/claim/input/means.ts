/**
 * Means over the logs of a folder, as over seeds.
 */
import { dirname } from 'node:path';
import type { FinalClaim, LogClaim } from '../log-types.js';
import { distinctScores } from '../runs.js';
import { meanOf } from '../summary/mean.js';
import type { LogMean } from './types.js';

/** Of each evaluation with two scores or more. @param logs without copies */
export function logMeans(logs: readonly LogClaim[]): LogMean[] {
  const groups = new Map<string, { log: LogClaim; final: FinalClaim }[]>();
  for (const log of logs) {
    for (const final of log.finals.filter(({ counted }) => counted)) {
      const key = JSON.stringify([dirname(log.path), log.family, final.line.label]);
      groups.set(key, [...(groups.get(key) ?? []), { log, final }]);
    }
  }
  return [...groups.values()]
    .filter((members) => members.length > 1)
    .map((members) => {
      const each = distinctScores(members, ({ final }) => final.line);
      return {
        folder: dirname(members[0]!.log.path),
        label: members[0]!.final.line.label,
        logs: [...new Set(each.map(({ log }) => log.path))],
        scores: each.length,
        repeated: members.length - each.length,
        valLoss: meanOf(each.map(({ final }) => Number(final.line.valLoss))),
        valBpb: meanOf(each.map(({ final }) => Number(final.line.valBpb))),
      };
    });
}
