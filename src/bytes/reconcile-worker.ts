/**
 * The worker thread of the reconciliation: one encoder, the shared stream, and batch after batch.
 */

import type { TokenIds } from '../data/types.js';
import { createEncoder } from '../tokenizer/encoder.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { type Answer, answer } from '../workers/ordered-pool.js';
import { announceStarted, threadData } from '../workers/pool.js';
import { type ReconciledBatch, Reconciler, type ReconcileTask } from './reconcile-batch.js';

export interface ReconcileWorkerData {
  readonly tokenizer: Tokenizer;
  readonly ids: TokenIds;
}

let reconciler: Promise<Reconciler> | undefined;

export default function reconcile(task: ReconcileTask): Promise<Answer<ReconciledBatch>> {
  return answer(async () => {
    const { tokenizer, ids } = threadData<ReconcileWorkerData>();
    reconciler ??= createEncoder(tokenizer).then((e) => new Reconciler(tokenizer, e, ids));
    return (await reconciler).check(task);
  });
}

announceStarted();
