/**
 * Checks of the flags that name a control set.
 */
import { usageError } from '../../errors.js';
import type { ScoreOptions } from '../options.js';

/** @throws BPB_USAGE_CONTROL */
export function checkControl({ controlDocs, controlData, part }: ScoreOptions): void {
  const flags = [
    ...(controlDocs === undefined ? [] : ['--control-docs']),
    ...(controlData === undefined ? [] : ['--control-data']),
  ];
  const [flag] = flags;
  if (flag === undefined) return;
  if (flags.length > 1) {
    throw usageError('BPB_USAGE_CONTROL', {
      message: 'a control set is documents or shards',
      path: flags.join(', '),
      expected: 'one of --control-docs FILE and --control-data DIR',
      actual: 'both',
    });
  }
  for (const value of [controlDocs, controlData]) {
    if (value !== '') continue;
    throw usageError('BPB_USAGE_CONTROL', {
      message: `${flag} names nothing`,
      path: flag,
      expected: flag === '--control-docs' ? 'a file of documents' : 'a directory of shards',
      actual: 'an empty name',
    });
  }
  if (part === undefined) return;
  throw usageError('BPB_USAGE_CONTROL', {
    message: `${flag} compares whole documents, and a part of the plan cuts them`,
    path: flag,
    expected: `${flag} without --part`,
    actual: `--part ${part.join('/')}`,
    hint: `score the whole plan with ${flag}, or the first documents: --limit-docs N`,
  });
}
