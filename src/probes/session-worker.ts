/**
 * A worker thread with one session for probes.
 */
import { announceStarted, threadData } from '../workers/pool.js';
import { replyOf, type SessionReply, type SessionSetup, type SessionTask } from './messages.js';
import { Session } from './session.js';

const session = new Session(threadData<SessionSetup>());

export default function run(task: SessionTask): Promise<SessionReply> {
  return replyOf(() => session.answer(task));
}

announceStarted();
