/**
 * The worker thread of `tokenize`: one handler, made once, and batch after batch.
 */

import type { Tokenizer } from '../tokenizer/types.js';
import { type Answer, answer } from '../workers/ordered-pool.js';
import { announceStarted, threadData } from '../workers/pool.js';
import { type ShardEntries, type ShardTask, shardHandler } from './batch.js';

let handler: ReturnType<typeof shardHandler> | undefined;

export default function shard(task: ShardTask): Promise<Answer<ShardEntries>> {
  return answer(async () => {
    handler ??= shardHandler(threadData<Tokenizer>());
    return (await handler)(task);
  });
}

announceStarted();
