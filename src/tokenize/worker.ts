/**
 * The worker thread of `tokenize`: one handler, made once, and batch after batch.
 */

import { type Answer, answer } from '../tokenizer/ordered-pool.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { announceStarted, threadData } from '../worker-pool.js';
import { type ShardEntries, type ShardTask, shardHandler } from './batch.js';

let handler: ReturnType<typeof shardHandler> | undefined;

export default function shard(task: ShardTask): Promise<Answer<ShardEntries>> {
  return answer(async () => {
    handler ??= shardHandler(threadData<Tokenizer>());
    return (await handler)(task);
  });
}

announceStarted();
