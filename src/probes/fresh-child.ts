/**
 * Child process that opens a session, answers one task and ends.
 */
import { replyOf } from '../workers/protocol.js';
import type { SessionSetup, SessionTask } from './messages.js';
import { Session } from './session.js';

process.once('message', (message) => {
  const { setup, task } = message as { setup: SessionSetup; task: SessionTask };
  const session = new Session(setup);
  void replyOf(() => session.answer(task))
    .then(async (reply) => {
      await session.close();
      process.send!(reply, () => process.disconnect());
    })
    .catch((error: unknown) => {
      console.error(error);
      process.exitCode = 70;
      process.disconnect();
    });
});
