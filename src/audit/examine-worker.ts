/**
 * The worker thread of an audit: one examiner, the shared stream, and batch after batch.
 */
import { workerData } from 'node:worker_threads';
import { type Answer, answer } from '../tokenizer/ordered-pool.js';
import type { ExaminedDocument, ExamineSetup, ExamineTask } from './examine-types.js';
import { Examiner } from './examiner.js';

let examiner: Promise<Examiner> | undefined;

export default function examine(task: ExamineTask): Promise<Answer<ExaminedDocument[]>> {
  return answer(async () => {
    examiner ??= Examiner.create(workerData as ExamineSetup);
    return (await examiner).examine(task);
  });
}
