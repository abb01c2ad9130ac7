/**
 * The worker thread of an audit: one examiner, the shared stream, and batch after batch.
 */

import { type Answer, answer } from '../workers/ordered-pool.js';
import { announceStarted, threadData } from '../workers/pool.js';
import type { ExaminedDocument, ExamineSetup, ExamineTask } from './examine-types.js';
import { Examiner } from './examiner.js';

let examiner: Promise<Examiner> | undefined;

export default function examine(task: ExamineTask): Promise<Answer<ExaminedDocument[]>> {
  return answer(async () => {
    examiner ??= Examiner.create(threadData<ExamineSetup>());
    return (await examiner).examine(task);
  });
}

announceStarted();
