import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { spanTotals } from '#bpb/engine/q30';
import { checkLedger } from '#bpb/ledger/check';
import { temporaryFolder } from '../helpers/folder.js';
import { pythonWith } from '../helpers/python.js';
import { streamOf } from '../helpers/stream.js';

const python = pythonWith('hashlib');
const WRITER = fileURLToPath(new URL('ledger_writer.py', import.meta.url));
const why = python === undefined ? ' (no Python)' : '';

test.skipIf(python === undefined)(
  `a ledger that Python writes from the docs alone is accepted${why}`,
  async () => {
    const path = join(temporaryFolder(), 'ledger.jsonl');
    execFileSync(python!, [WRITER, path]);
    const ids = [
      1, 7, 8, 9, 10, 1, 20, 21, 22, 23, 24, 25, 26, 27, 1, 30, 31, 32, 33, 34, 35, 36, 37,
    ];
    const checked = await checkLedger(path, { stream: streamOf(ids, [0, 5, 14]) });
    expect(checked.violations.list()).toEqual([]);
    const nats = Float32Array.from({ length: 22 }, (_, i) => 0.1 * (i + 1));
    expect(checked.q30).toBe(spanTotals(nats, Uint32Array.of(22)).q30[0]);
    expect(checked).toMatchObject({
      scored: 22,
      updates: 8,
      header: { evaluator: 'évaluateur 2.0' },
    });
  },
);
